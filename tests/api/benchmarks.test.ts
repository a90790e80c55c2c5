import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadGrams } from '../../server/releases/hygiene/benchmarks.ts';
import { contaminated } from '../../server/releases/hygiene/contamination.ts';
import { readAudit } from '../../shared/accounts.ts';
import { deleteBenchmark, listBenchmarks, uploadBenchmark } from '../../shared/releases.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';

const questionsFile = path.resolve(
  fileURLToPath(new URL('../..', import.meta.url)),
  '../shared/data/mt_bench_question.jsonl',
);

let t: TestApp;
let admin: Caller;

beforeAll(async () => {
  t = await startApp();
  admin = await t.person('admin');
});
afterAll(() => t.close());

const uploaded = async (body: string | Buffer, name = 'A list') =>
  (await t.call(uploadBenchmark, { query: { name }, body }, admin)).benchmark;
const refused = (body: string | Buffer) =>
  t.refused('invalid', uploadBenchmark, { query: { name: 'A list' }, body }, admin);
const held = async (benchmarkId: string, ...texts: string[]): Promise<boolean[]> => {
  const grams = await loadGrams(t.database.db, [benchmarkId]);
  return texts.map((text) => grams !== null && contaminated(grams, [text]));
};
const listed = async () => (await t.call(listBenchmarks, {}, admin)).benchmarks;

const question = 'Which of the nine planets that people once counted is now called a dwarf planet by astronomers?';

describe('a list of benchmark prompts', () => {
  it('is taken as lines of text', async () => {
    const list = await uploaded(
      `${question}\r\n\n"To be or not to be" is from which play of which author?\nWhy?`,
      'Lines',
    );
    expect(list).toMatchObject({ name: 'Lines', prompts: 3 });
    expect(
      await held(list.id, `Q: ${question.toLowerCase()}`, 'which play of which author? said nobody', 'WHY', 'why not'),
    ).toEqual([...[true, false, true, false]]);
    expect(await held(list.id, 'They asked: to be or not to be is from which play of which author?')).toEqual([true]);
  });

  it('is taken as JSON Lines or as an array, of texts and of objects', async () => {
    const records = [
      question,
      { prompt: 'How many legs does a spider have?', id: 1 },
      { question: 'How many legs does an insect have?', choices: ['6', '8'] },
      { turns: ['Name a colour, please.', 'And now another one, please.'] },
      { instruction: 'Name a fruit that is yellow.', input: '' },
      { text: 'Name a fruit that is red.' },
      { prompt: [{ role: 'user', content: 'Name a fruit that is green.' }] },
    ];
    const lines = await uploaded(records.map((record) => JSON.stringify(record)).join('\n'));
    const array = await uploaded(JSON.stringify(records, null, 2));
    const texts = [
      'how many legs does a spider have',
      'how many legs does an insect have',
      'name a colour please',
      'and now another one please',
    ];
    const fruits = ['yellow', 'red', 'green', 'blue'].map((colour) => `Name a fruit that is ${colour}`);
    for (const { id, prompts } of [lines, array]) {
      expect(prompts).toBe(7);
      expect(await held(id, question, ...texts, ...fruits)).toEqual([...Array<boolean>(8).fill(true), false]);
    }
  });

  it('is refused whole where a line has a fault, and says which', async () => {
    const before = await listed();
    const told = await refused('{"prompt": "Why?"}\n{"prompt": 7}\n{broken\n{"answer": "So."}\n...\n');
    expect(told.errors?.map(({ line, message }) => [line, message.slice(0, 22)])).toEqual([
      [2, 'prompt: must be a text'],
      [3, expect.stringMatching(/^is not JSON/)],
      [4, 'has no prompt, questio'],
      [5, 'holds no words'],
    ]);
    expect(told.detail).toMatch(/^Line 2: prompt: must be a text.* 3 more lines/);
    expect((await refused('["Why?", {"prompt": "How?"')).errors?.[0]?.line).toBe(2);
    expect((await refused('')).detail).toBe('The list holds no prompt.');
    expect((await refused('\n\n')).detail).toBe('The list holds no prompt.');
    await refused(Buffer.from([0, 1, 2, 3]));
    expect((await refused(Buffer.from('Why?\n\xff\xfe', 'latin1'))).errors).toEqual([
      { path: 'line 2', message: 'is not UTF-8 text', line: 2 },
    ]);
    expect((await refused(`Why?\n${'x '.repeat(100_001)}`)).errors?.[0]).toMatchObject({ line: 2 });
    expect((await refused('{}\n'.repeat(50))).errors).toHaveLength(20);
    await t.refused('invalid', uploadBenchmark, { query: { name: ' ' }, body: 'Why?' }, admin);
    await t.refused('invalid', uploadBenchmark, { query: { name: 'a\0b' }, body: 'Why?' }, admin);
    expect(await listed()).toEqual(before);
  });

  it('is listed, and can be removed, with what it holds', async () => {
    const list = await uploaded(question, 'To be removed');
    expect(await listed()).toContainEqual(list);
    await t.call(deleteBenchmark, { params: { benchmarkId: list.id } }, admin);
    expect(await listed()).not.toContainEqual(list);
    await t.refused('not_found', deleteBenchmark, { params: { benchmarkId: list.id } }, admin);
    const grams = await t.database.db._.session.all(sql`select from benchmark_grams where benchmark_id = ${list.id}`);
    expect(grams).toEqual([]);
    await expect(loadGrams(t.database.db, [list.id])).rejects.toThrow('was removed');
    const { entries } = await t.call(readAudit, { query: {} }, admin);
    expect(
      entries.filter(({ subject }) => subject === list.id).map(({ action, details }) => [action, details.name]),
    ).toEqual([
      ['benchmark.delete', 'To be removed'],
      ['benchmark.upload', 'To be removed'],
    ]);
  });

  it('is for admins', async () => {
    const trainer = await t.person('trainer');
    await t.refused('forbidden', uploadBenchmark, { query: { name: 'A list' }, body: 'Why?' }, trainer);
    await t.refused('forbidden', listBenchmarks, {}, trainer);
    await t.refused('not_signed_in', listBenchmarks, {});
  });

  it('of 40,000 runs of words comes back whole', async () => {
    const many = Array.from({ length: 400 }, (_, n) => Array.from({ length: 112 }, (_, at) => `p${n}w${at}`).join(' '));
    const list = await uploaded(many.join('\n'));
    expect(list.prompts).toBe(400);
    const grams = await loadGrams(t.database.db, [list.id, list.id]);
    expect(grams?.size).toBe(40_000);
    expect(grams && many.every((prompt) => contaminated(grams, [prompt.split(' ').slice(90, 103).join(' ')]))).toBe(
      true,
    );
    expect(await loadGrams(t.database.db, [])).toBeNull();
  });
});

describe.skipIf(!existsSync(questionsFile))(
  `a real list (${path.relative(process.cwd(), questionsFile)}; skipped where it is absent)`,
  () => {
    it('finds its own prompts, and nothing in other texts', async () => {
      const body = readFileSync(questionsFile, 'utf8');
      const list = await uploaded(body, 'MT-Bench');
      expect(list.prompts).toBe(80);
      const turns = body
        .trim()
        .split('\n')
        .flatMap((line) => z.object({ turns: z.array(z.string()) }).parse(JSON.parse(line)).turns);
      expect(await held(list.id, ...turns)).toEqual(turns.map(() => true));
      expect(
        await held(list.id, 'Compose a poem about autumn.', 'Why is the sky blue by day and red in the evening?'),
      ).toEqual([false, false]);
    });
  },
);
