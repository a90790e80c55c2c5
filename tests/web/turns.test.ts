import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { orderFault, type Message } from '../../shared/conversations.ts';
import * as turns from '../../web/src/demonstrations/turns.ts';
import { piecesOf } from '../../web/src/ui/markdown-pieces.ts';

const prompt: Message[] = [
  { role: 'system', content: 'Be short.' },
  { role: 'user', content: 'Why is the sky blue?' },
];
const limits = { maxTurns: 6, maxCharacters: 30 };
const roles = (all: turns.Turns): string => all.map(({ role }) => role.charAt(0)).join('');

describe('turns', () => {
  test('a dialogue begins with the prompt and a blank turn for the other side', () => {
    const begun = turns.beginning(prompt);
    expect(roles(begun)).toBe('sua');
    expect(begun.map(({ given }) => given)).toEqual(['Be short.', 'Why is the sky blue?', null]);
    expect(roles(turns.beginning([]))).toBe('u');
  });

  test('inserting in the middle keeps the sides in turn; at the end one turn is enough', () => {
    const begun = turns.beginning(prompt);
    expect(roles(turns.insert(begun, 1, 'before').turns)).toBe('suaua');
    expect(roles(turns.insert(begun, 1, 'after').turns)).toBe('suaua');
    expect(roles(turns.insert(begun, 2, 'after').turns)).toBe('suau');
    expect(roles(turns.insert(begun, 0, 'before').turns)).toBe('suaua');
  });

  test('the turn to write first after an insertion is the new one', () => {
    const made = turns.insert(turns.beginning(prompt), 1, 'after');
    const first = made.turns.findIndex(({ key }) => key === made.key);
    expect(first).toBe(2);
    expect(made.turns[first]?.content).toBe('');
  });

  test('deleting takes the answer along, except at the end', () => {
    const begun = turns.append(turns.edit(turns.beginning(prompt), 2, 'Scattering.'));
    expect(roles(begun)).toBe('suau');
    expect(roles(turns.remove(begun, 1))).toBe('su');
    expect(roles(turns.remove(begun, 3))).toBe('sua');
    expect(roles(turns.remove(begun, 0))).toBe('uau');
    expect(roles(turns.remove(turns.beginning([]), 0))).toBe('u');
  });

  test('whatever is inserted and deleted, the order holds', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('before', 'after', 'remove', 'append'), fc.nat({ max: 12 })), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(steps, fc.boolean(), (all, withPrompt) => {
        let now = turns.beginning(withPrompt ? prompt : []);
        for (const [step, at] of all) {
          const index = at % now.length;
          if (step === 'remove') now = turns.remove(now, index);
          else if (step === 'append') now = turns.append(now);
          else now = turns.insert(now, index, step).turns;
          expect(orderFault(now)).toBeNull();
          expect(new Set(now.map(({ key }) => key)).size).toBe(now.length);
        }
      }),
    );
  });

  test('what keeps a dialogue from being submitted is said in words', () => {
    const begun = turns.beginning(prompt);
    expect(turns.faultOf(begun, limits)?.text).toBe('The assistant has the last word');
    const done = turns.edit(begun, 2, 'Scattering.');
    expect(turns.faultOf(done, limits)).toBeNull();
    expect(turns.faultOf(turns.append(done), limits)).toBeNull();
    expect(turns.messagesOf(turns.append(done))).toHaveLength(3);
    expect(turns.faultOf(turns.edit(done, 1, ' '), limits)).toEqual({ text: 'Turn 2 is empty', key: 1 });
    expect(turns.faultOf(turns.edit(done, 2, 'x'.repeat(31)), limits)?.text).toBe('Turn 3 is too long');
    expect(turns.faultOf(turns.beginning([]), limits)?.text).toBe('Nothing is written yet');
    expect(turns.faultOf(done, { ...limits, maxTurns: 2 })?.text).toBe('At most 2 turns');
  });

  test('a draft keeps what was given through edits and insertions', () => {
    const edited = turns.edit(turns.insert(turns.beginning(prompt), 1, 'before').turns, 1, 'Why is the sea blue?');
    const again = turns.turnsFrom(edited, turns.givenIndexes(edited, prompt), prompt);
    expect(again.map(({ content, given }) => [content, given])).toEqual(
      edited.map(({ content, given }) => [content, given]),
    );
    const reopened = turns.turnsFrom([...prompt, { role: 'assistant', content: 'Scattering.' }], null, prompt);
    expect(reopened.map(({ given }) => given)).toEqual(['Be short.', 'Why is the sky blue?', null]);
  });
});

describe('pieces of a long text', () => {
  test('joined they are the text, and none is far too long', () => {
    const line = fc.constantFrom(
      'A paragraph. '.repeat(40),
      '- item',
      '',
      '',
      '```',
      '    code',
      '# Heading',
      '$$',
      'x'.repeat(3_000),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 120 }), (lines) => {
        const text = lines.join('\n');
        const pieces = piecesOf(text);
        expect(pieces.join('')).toBe(text);
        for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(25_000);
      }),
      { numRuns: 50 },
    );
    expect(piecesOf('x'.repeat(100_000)).every(({ length }) => length <= 20_000)).toBe(true);
  });

  test('code is not cut', () => {
    const code = ['```js', ...Array.from({ length: 300 }, (_, index) => `\nline(${index});\n`), '```'].join('\n');
    const pieces = piecesOf(`${'Words.\n\n'.repeat(800)}${code}\n\n${'Words.\n\n'.repeat(800)}`);
    expect(pieces.length).toBeGreaterThan(1);
    for (const piece of pieces) expect((piece.match(/```/g)?.length ?? 0) % 2).toBe(0);
  });
});
