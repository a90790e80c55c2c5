import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { importLines } from '../../shared/imports.ts';
import type { Project } from '../../shared/projects.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { built, rowsOf } from '../support/release.ts';
import { projectWith } from '../support/work.ts';

/** Real trees of Open-Assistant, which lie beside the checkout where there are any, and never in it. */
const file = new URL('../../../shared/data/oasst_en_100_tree.jsonl', import.meta.url).pathname;
const missing = !existsSync(file);
const says = (what: string): string =>
  missing ? `SKIPPED, the real data is not there: ${path.relative('.', file)}` : what;

let t: TestApp;
let admin: Caller;
let project: Project;
let trees: z.output<typeof treeLine>[];

const treeLine = z.looseObject({ message_tree_id: z.string() });

beforeAll(async () => {
  t = await startApp();
  admin = await t.person('admin');
  if (missing) return;
  const body = await readFile(file, 'utf8');
  trees = body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => treeLine.parse(JSON.parse(line)));
  project = await projectWith(t, admin, []);
  await t.call(importLines, { params: { projectId: project.id }, query: { format: 'oasst' }, body }, admin);
}, 120_000);
afterAll(() => t.close());

const all = { train: 100, validation: 0, test: 0 };

it.skipIf(missing)(says('100 trees of Open-Assistant come out as they went in, up to order'), async () => {
  const definition = { kind: 'sft' as const, format: 'oasst' as const, parts: ['dialogues' as const], split: all };
  const rows = (await rowsOf(t, admin, await built(t, admin, project.id, definition))).map(({ row }) => row);
  expect(rows).toHaveLength(100);
  const byId = new Map(rows.map((row) => [row['message_tree_id'], row]));
  for (const tree of trees) expect(inOrder(byId.get(tree.message_tree_id))).toEqual(inOrder(tree));
});

it.skipIf(missing)(says('754 ordered pairs come out of their ranks'), async () => {
  const made = await built(t, admin, project.id, { kind: 'comparisons', format: 'trl', split: all });
  expect(made.release.rows).toBe(754);
  // What HH's transcripts cannot hold is counted, and not lost in silence.
  const { release } = await built(t, admin, project.id, { kind: 'comparisons', format: 'hh', split: all });
  expect(release.rows + release.remarks.reduce((sum, { count }) => sum + count, 0)).toBe(754);
});

/** The same with replies in the order of their ids, and what says nothing left out. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map(inOrder).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined);
  return Object.fromEntries(kept.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, inOrder(inner)]));
}
