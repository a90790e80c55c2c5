import { createHash } from 'node:crypto';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProject } from '../../server/projects/projects.ts';
import { previewRelease as previewWithin } from '../../server/releases/preview.ts';
import { importLines, type ImportFormat } from '../../shared/imports.ts';
import type { Project } from '../../shared/projects.ts';
import {
  compareReleases,
  createRelease,
  previewRelease,
  readRelease,
  rebuildRelease,
  releaseDefinition,
} from '../../shared/releases.ts';
import { claim, reopen, submit } from '../../shared/tasks.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { build, built, ended, fileOf, rowsOf } from '../support/release.ts';
import { projectWith } from '../support/work.ts';

let t: TestApp;
let admin: Caller;
let ann: Caller;

beforeAll(async () => {
  t = await startApp();
  [admin, ann] = await Promise.all([t.person('admin'), t.person('trainer')]);
});
afterAll(() => t.close());

const say = (...contents: string[]) =>
  contents.map((content, i) => ({ role: i % 2 ? ('assistant' as const) : ('user' as const), content }));
const project = (settings = {}): Promise<Project> => projectWith(t, admin, [ann], settings);
const bring = ({ id }: Project, format: ImportFormat, ...records: unknown[]) =>
  t.call(
    importLines,
    { params: { projectId: id }, query: { format }, body: records.map((record) => JSON.stringify(record)).join('\n') },
    admin,
  );
const all = { train: 100, validation: 0, test: 0 };

describe('an SFT release', () => {
  it('holds demonstrations and imported dialogues up to the last answer, with its papers', async () => {
    const p = await project();
    await bring(p, 'conversations', { messages: say('Why?', 'So.', 'Why so?') }, { messages: say('How?') });
    await bring(p, 'prompts', { prompt: 'Write.' });
    const answer = await t.call(claim, { params: { projectId: p.id }, body: { kinds: ['demonstration'] } }, ann);
    const assignmentId = answer?.assignment.id ?? '';
    const messages = say('Write.', 'Written,\n"well" \u2028 \u{1F600}.');
    await t.call(submit, { params: { assignmentId }, body: { messages } }, ann);
    const made = await built(t, admin, p.id, { kind: 'sft', format: 'trl', split: all });
    expect(made.release).toMatchObject({ number: 1, rows: 2, splits: [{ split: 'train', rows: 2 }] });
    expect((await rowsOf(t, admin, made)).map(({ row }) => [row['messages'], row['origin']])).toEqual([
      [messages, 'human'],
      [say('Why?', 'So.'), 'import'],
    ]);
    expect(made.files.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['README.md', 'SHA256SUMS', 'croissant.json', 'data/train-00000-of-00001.jsonl']),
    );
    for (const { name, sha256, bytes } of made.files) {
      const content = await fileOf(t, admin, made, name);
      expect([content.length, createHash('sha256').update(content).digest('hex')]).toEqual([bytes, sha256]);
    }

    // What is taken back later is still what that moment saw; a new release does not see it.
    await t.call(reopen, { params: { assignmentId } }, ann);
    await t.call(rebuildRelease, { params: { releaseId: made.release.id } }, admin);
    const again = await ended(t, admin, made.release.id);
    expect(again.release).toMatchObject({ state: 'ready', rows: 2 });
    expect(again.files).toEqual(made.files);
    const next = await built(t, admin, p.id, { kind: 'sft', format: 'trl', split: all });
    expect(next.release).toMatchObject({ number: 2, rows: 1 });
    expect(
      await t.call(
        compareReleases,
        { params: { releaseId: next.release.id }, query: { from: made.release.id } },
        admin,
      ),
    ).toEqual({ added: 0, removed: 1, changed: 0, same: 1, definition: [] });
  });

  it('of everything, built again, tells nothing of whoever came later', async () => {
    const p = await project();
    await bring(p, 'prompts', { prompt: 'Write.' }, { prompt: 'Write more.' });
    const write = async (as: Caller): Promise<void> => {
      const answer = await t.call(claim, { params: { projectId: p.id }, body: { kinds: ['demonstration'] } }, as);
      const params = { assignmentId: answer?.assignment.id ?? '' };
      await t.call(submit, { params, body: { messages: say('Write.', 'Written.') } }, as);
    };
    await write(ann);
    const made = await built(t, admin, p.id, { kind: 'raw', format: 'duologue' });
    await write(admin);
    await t.call(rebuildRelease, { params: { releaseId: made.release.id } }, admin);
    expect((await ended(t, admin, made.release.id)).files).toEqual(made.files);
    const people = sql`select user_id from release_people where release_id = ${made.release.id}`;
    expect(await t.database.db._.session.all(people)).toEqual([{ user_id: ann.id }]);
  });

  it('that nothing passes into ends in words', async () => {
    const p = await project();
    await bring(p, 'conversations', { messages: say('Why?', 'So.') });
    const definition = { kind: 'sft' as const, format: 'trl' as const, split: all, filter: { minCharacters: 1_000 } };
    const { release } = await build(t, admin, p.id, definition);
    expect(release).toMatchObject({
      state: 'failed',
      detail: 'There is nothing of this kind yet, or nothing of it passes the filter.',
    });
    const preview = await t.call(previewRelease, { params: { projectId: p.id }, body: { definition } }, admin);
    expect(preview).toMatchObject({ fault: release.detail, complete: true, rows: [], splits: [] });
  });

  it('is previewed by what comes first where there is no time', async () => {
    const p = await project();
    await bring(p, 'conversations', ...[1, 2, 3].map((n) => ({ messages: say(`Why ${n}?`, 'So.') })));
    const row = await findProject(t.database.db, p.id);
    if (row === null) throw new Error('no project');
    const definition = releaseDefinition.parse({ kind: 'sft', format: 'trl', split: all });
    const preview = await previewWithin(t.database.db, row, definition, 0);
    expect(preview).toMatchObject({ splits: [{ split: 'train', rows: 3 }], share: 1, fault: null });
    expect(preview.rows).toHaveLength(3);
  });
});

describe('a comparisons release', () => {
  it('has a row for each ordered pair, with what keeps a prompt together', async () => {
    const p = await project();
    await bring(p, 'comparisons', {
      prompt: 'Which?',
      completions: [{ content: 'A', model: 'm' }, { content: 'B' }, { content: 'C' }],
      rankings: [{ trainer: 'kim', ranking: [[1], [0, 2]] }],
    });
    const made = await built(t, admin, p.id, { kind: 'comparisons', format: 'trl', split: all });
    const rows = (await rowsOf(t, admin, made)).map(({ row }) => row);
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatchObject({
      prompt: say('Which?'),
      chosen: [{ role: 'assistant', content: 'B' }],
      rejected: [{ role: 'assistant', content: 'A' }],
      k: 3,
      weight: 1 / 3,
      rejected_model: 'm',
    });
    expect(new Set(rows.map((row) => row['group_id'])).size).toBe(1);
    expect(JSON.stringify(rows)).not.toContain('kim');
    const named = await built(t, admin, p.id, { kind: 'comparisons', format: 'trl', split: all, names: 'names' });
    expect((await rowsOf(t, admin, named))[0]?.row['ranker']).toBe('kim');
  });

  it('puts several rankings together as it is told', async () => {
    const p = await project();
    const ranking = (trainer: string, ...places: number[][]) => ({ trainer, ranking: places });
    await bring(p, 'comparisons', {
      prompt: 'Which?',
      completions: ['A', 'B', 'C'],
      rankings: [ranking('a', [0], [1], [2]), ranking('b', [0], [2], [1]), ranking('c', [1], [0], [2])],
    });
    const pairs = async (rankings: 'each' | 'majority' | 'consensus') => {
      const made = await built(t, admin, p.id, { kind: 'comparisons', format: 'hh', split: all, rankings });
      return (await rowsOf(t, admin, made)).length;
    };
    expect([await pairs('each'), await pairs('majority'), await pairs('consensus')]).toEqual([9, 3, 3]);
    const definition = { kind: 'comparisons' as const, format: 'trl' as const, filter: { minAgreement: 90 } };
    const { fault } = await t.call(previewRelease, { params: { projectId: p.id }, body: { definition } }, admin);
    expect(fault).toBe('There is nothing of this kind yet, or nothing of it passes the filter.');
  });

  it('is the same bytes whatever container order, and every container holds the same rows', async () => {
    const p = await project();
    for (let n = 0; n < 30; n += 1)
      await bring(p, 'comparisons', {
        prompt: `Question ${n} about ${['stars', 'trees', 'boats'][n % 3]} and ${n * n}?`,
        completions: ['A', 'B'].map((letter) => `${letter} of ${n}`),
        rankings: [{ trainer: 'kim', ranking: [[0], [1]] }],
      });
    const splits = async (compression: 'none' | 'gzip' | 'zstd') => {
      const made = await built(t, admin, p.id, {
        ...{ kind: 'comparisons', format: 'trl', compression },
        split: { train: 60, validation: 20, test: 20 },
      });
      return (await rowsOf(t, admin, made)).map(({ split, row }) => [split, row['id']]);
    };
    const plain = await splits('none');
    expect(plain).toHaveLength(30);
    expect(await splits('gzip')).toEqual(plain);
    expect(await splits('zstd')).toEqual(plain);
    const parquet = await built(t, admin, p.id, { kind: 'comparisons', format: 'trl', container: 'parquet' });
    expect(parquet.files.some(({ name }) => name.endsWith('.parquet'))).toBe(true);
  });
});

describe('bad input', () => {
  it('is refused with its field', async () => {
    const p = await project();
    const refused = async (definition: object) =>
      (
        await t.refused(
          'invalid',
          createRelease,
          { params: { projectId: p.id }, body: { definition: definition as never } },
          admin,
        )
      ).errors?.[0]?.path;
    expect(await refused({ kind: 'sft', format: 'hh' })).toBe('definition.format');
    expect(await refused({ kind: 'sft', format: 'trl', container: 'parquet', compression: 'gzip' })).toBe(
      'definition.compression',
    );
    expect(await refused({ kind: 'sft', format: 'trl', split: { train: 90, validation: 10, test: 10 } })).toBe(
      'definition.split',
    );
    const mix = [{ projectId: p.id, amount: { by: 'count', rows: 5 } }];
    expect(await refused({ kind: 'sft', format: 'trl', mix })).toBe('definition.mix.0');
    await t.refused('not_found', readRelease, { params: { releaseId: p.id } }, admin);
  });

  it('a disk that fills up ends the build in words; nothing half-written bears a name, and with room it is built', async () => {
    const p = await project();
    await bring(p, 'conversations', { messages: say('Why?', 'So.') });
    const made = await built(t, admin, p.id, { kind: 'sft', format: 'trl', split: all });
    const { id: releaseId } = made.release;
    const folder = join(t.context.stores.dataDir, 'releases');
    const building = join(folder, `.building-${releaseId}`);
    // What is written to the first shard goes to a disk that is always full.
    await mkdir(join(building, 'data'), { recursive: true });
    await symlink('/dev/full', join(building, 'data/train-00000.part'));
    await t.call(rebuildRelease, { params: { releaseId } }, admin);
    const { release } = await ended(t, admin, releaseId);
    expect(release.state).toBe('failed');
    expect(release.detail).toContain('no room left on the disk');
    expect(await readdir(folder)).not.toContain(`.building-${releaseId}`);
    const names = async (): Promise<string[]> =>
      (await readdir(join(folder, releaseId), { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => relative(join(folder, releaseId), join(parentPath, name)))
        .toSorted();
    const whole = made.files.map(({ name }) => name).toSorted();
    expect(await names()).toEqual(whole);
    await t.call(rebuildRelease, { params: { releaseId } }, admin);
    expect((await ended(t, admin, releaseId)).files).toEqual(made.files);
    expect(await names()).toEqual(whole);
  });

  it('a mix that cannot be met is told, and leaves nothing', async () => {
    const p = await project();
    await bring(p, 'conversations', { messages: say('Why?', 'So.') });
    const mix = [{ projectId: p.id, amount: { by: 'count' as const, rows: 5 } }];
    const parts = ['demonstrations' as const];
    const { release, files } = await build(t, admin, p.id, { kind: 'sft', format: 'trl', split: all, parts, mix });
    expect(release.state).toBe('failed');
    expect(release.detail).toContain('asks for 5 dialogues, and only 1');
    expect(files).toEqual([]);
  });
});
