import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { importLines, type ImportFormat } from '../../shared/imports.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { built, rowsOf } from '../support/release.ts';
import { projectWith } from '../support/work.ts';

/*
 * Nothing leaks: prompts that are the same, or nearly, are in one split, in every kind of dataset the same one; and what PPO
 * is trained with is in no other kind.
 */

let t: TestApp;
let admin: Caller;
beforeAll(async () => {
  t = await startApp();
  admin = await t.person('admin');
});
afterAll(() => t.close());

const words = 'stars trees boats rivers clocks letters bridges music bread winter gardens maps stones birds'.split(' ');
/** A question of so many words that two of them are nearly the same only by intent. */
const question = (seed: number): string =>
  Array.from({ length: 40 }, (_, n) => words[(seed * 7 + n * (seed + 3) + ((seed >> 3) ^ n)) % words.length]).join(' ');

const family = fc.record({
  seed: fc.integer({ min: 1, max: 2_000 }),
  /** How often it comes, each time written a little differently, and as what. */
  uses: fc.array(
    fc.record({ as: fc.constantFrom('sft', 'comparisons', 'prompts'), tail: fc.constantFrom('', '!', ' please') }),
    {
      minLength: 1,
      maxLength: 5,
    },
  ),
});

it('keeps near-duplicates of a prompt together over all kinds', { timeout: 240_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(family, { minLength: 4, maxLength: 14, selector: ({ seed }) => seed }),
      fc.integer({ min: 0, max: 1_000 }),
      async (families, seed) => {
        const project = await projectWith(t, admin, []);
        const lines: Record<string, unknown[]> = { conversations: [], comparisons: [], prompts: [] };
        const familyOf = new Map<string, number>();
        for (const [index, { seed: own, uses }] of families.entries())
          for (const { as, tail } of uses) {
            const prompt = `${question(own)}${tail}`;
            familyOf.set(prompt, index);
            const messages = [{ role: 'user', content: prompt }];
            if (as === 'sft')
              lines['conversations']?.push({ messages: [...messages, { role: 'assistant', content: 'So.' }] });
            if (as === 'comparisons')
              lines['comparisons']?.push({ prompt, completions: ['A', 'B'], rankings: [{ ranking: [[0], [1]] }] });
            if (as === 'prompts') lines['prompts']?.push({ prompt });
          }
        for (const [format, records] of Object.entries(lines)) {
          if (records.length === 0) continue;
          const body = records.map((record) => JSON.stringify(record)).join('\n');
          await t.call(
            importLines,
            { params: { projectId: project.id }, query: { format: format as ImportFormat }, body },
            admin,
          );
        }
        const splitOf = new Map<number, Set<string>>();
        const kindsOf = new Map<number, Set<string>>();
        for (const [kind, records] of [
          ['sft', lines['conversations']],
          ['comparisons', lines['comparisons']],
          ['prompts', lines['prompts']],
        ] as const) {
          if (records?.length === 0) continue;
          const split = { train: 50, validation: 25, test: 25 };
          const hygiene = { exactDuplicates: 'keep' as const };
          const definition = { kind, format: 'trl' as const, split, hygiene, seed };
          const made = await built(t, admin, project.id, definition).catch((error: unknown) => {
            if (kind === 'prompts') return null;
            throw error;
          });
          if (made === null) continue;
          for (const { split: into, row } of await rowsOf(t, admin, made)) {
            const [first] = (row['messages'] ?? row['prompt']) as { content: string }[];
            const of = familyOf.get(first?.content ?? '');
            if (of === undefined) throw new Error('a row is of no family');
            splitOf.set(of, (splitOf.get(of) ?? new Set()).add(into));
            kindsOf.set(of, (kindsOf.get(of) ?? new Set()).add(kind));
          }
        }
        for (const into of splitOf.values()) expect(into.size).toBe(1);
        for (const kinds of kindsOf.values()) if (kinds.has('prompts')) expect([...kinds]).toEqual(['prompts']);
      },
    ),
    { numRuns: 6, seed: 20261120, endOnFailure: true },
  );
});
