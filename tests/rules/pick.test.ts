import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChatNode, pick } from '../../server/samplings/pick.ts';

const none: ReadonlySet<string> = new Set();
const nothing = { stopped: none, reported: none, blocked: none };
const seed = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/** A chat of any shape: each message follows one before it; the user speaks at the root and after the model. */
const chat = fc.array(fc.nat(), { minLength: 1, maxLength: 40 }).map((choices) => {
  const messages: ChatNode[] = [{ id: 'm0', parentId: null, role: 'user', authorKind: 'trainer' }];
  for (const [index, choice] of choices.entries()) {
    const parent = messages[choice % messages.length];
    if (!parent) continue;
    const answers = parent.role === 'user';
    messages.push({
      id: `m${index + 1}`,
      parentId: parent.id,
      role: answers ? 'assistant' : 'user',
      authorKind: answers ? 'model' : 'trainer',
    });
  }
  return messages;
});

/** How often the user speaks on the path of a message. */
const depth = (messages: ChatNode[], id: string | null): number => {
  const message = messages.find((one) => one.id === id);
  return message ? (message.role === 'user' ? 1 : 0) + depth(messages, message.parentId) : 0;
};

/** What may be picked, by picking often. */
const reached = (...[messages, settings, not]: [ChatNode[], { minDepth: number }, typeof nothing]) =>
  new Set(Array.from({ length: 600 }, (_, n) => pick(messages, settings, not, n * 7919)?.messageId));

describe('a pick', () => {
  it('is only what a model wrote and ended, deep enough, not reported and not blocked', () => {
    const some = fc.array(fc.nat(40).map((n) => `m${n}`)).map((ids) => new Set(ids));
    fc.assert(
      fc.property(
        chat,
        some,
        some,
        some,
        fc.integer({ min: 1, max: 4 }),
        seed,
        (messages, stopped, reported, blocked, minDepth, seed) => {
          const eligible = messages.filter(
            ({ id, role }) =>
              role === 'assistant' &&
              !stopped.has(id) &&
              !reported.has(id) &&
              !blocked.has(id) &&
              depth(messages, id) >= minDepth,
          );
          const picked = pick(messages, { minDepth }, { stopped, reported, blocked }, seed);
          if (eligible.length === 0) {
            expect(picked).toBeNull();
            return;
          }
          expect(picked?.from).toBe(eligible.length);
          const chosen = eligible.find(({ id }) => id === picked?.messageId);
          expect(chosen?.parentId).toBe(picked?.parentId);
        },
      ),
    );
  });

  it('is of the whole tree, and the same for the same seed in whatever order the messages come', () => {
    fc.assert(
      fc.property(chat, seed, (messages, seed) => {
        const picked = pick(messages, { minDepth: 1 }, nothing, seed);
        expect(pick(messages.toReversed(), { minDepth: 1 }, nothing, seed)).toEqual(picked);
      }),
    );
    const tree: ChatNode[] = [
      { id: 'q1', parentId: null, role: 'user', authorKind: 'trainer' },
      { id: 'a1', parentId: 'q1', role: 'assistant', authorKind: 'model' },
      { id: 'a2', parentId: 'q1', role: 'assistant', authorKind: 'model' },
      { id: 'q2', parentId: 'a1', role: 'user', authorKind: 'trainer' },
      { id: 'a3', parentId: 'q2', role: 'assistant', authorKind: 'model' },
      { id: 'a4', parentId: 'q2', role: 'assistant', authorKind: 'import' },
    ];
    expect(reached(tree, { minDepth: 1 }, nothing)).toEqual(new Set(['a1', 'a2', 'a3']));
    expect(reached(tree, { minDepth: 2 }, nothing)).toEqual(new Set(['a3']));
    expect(reached(tree, { minDepth: 3 }, nothing)).toEqual(new Set([undefined]));
    expect(reached(tree, { minDepth: 1 }, { ...nothing, stopped: new Set(['a1', 'a3']) })).toEqual(new Set(['a2']));
  });

  it('is uniform', () => {
    const answers = 5;
    const tree: ChatNode[] = [
      { id: 'q', parentId: null, role: 'user', authorKind: 'trainer' },
      ...Array.from({ length: answers }, (_, n) => ({
        ...{ id: `a${n}`, parentId: 'q', role: 'assistant' as const, authorKind: 'model' as const },
      })),
    ];
    const draws = 50_000;
    const counts = new Map<string, number>();
    // Seeds as they come: drawn at random, or one after the other.
    for (const step of [1, 104_729])
      for (let n = 0; n < draws; n += 1) {
        const id = pick(tree, { minDepth: 1 }, nothing, (n * step) % 2 ** 31)?.messageId ?? '';
        counts.set(id, (counts.get(id) ?? 0) + 1);
      }
    const expected = (2 * draws) / answers;
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(counts.size).toBe(answers);
    // 4 degrees of freedom: one in 100,000 lies above.
    expect(chiSquare).toBeLessThan(28.5);
  });
});
