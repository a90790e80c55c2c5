import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../server/db/open.ts';
import { groups, provideRoots } from '../../server/releases/roots/roots.ts';
import { importLines, type ImportFormat } from '../../shared/imports.ts';
import type { Project } from '../../shared/projects.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { projectWith } from '../support/work.ts';

let t: TestApp;
let admin: Caller;

beforeAll(async () => {
  t = await startApp();
  admin = await t.person('admin');
});
afterAll(() => t.close());

// Roots are over all projects: each test begins with none.
beforeEach(async () => {
  for (const table of ['conversation_roots', 'root_bands', 'roots', 'root_merges'])
    await t.database.db.execute(sql.raw(`delete from ${table}`));
});

const project = (): Promise<Project> => projectWith(t, admin, []);
const bring = ({ id }: Project, format: ImportFormat, ...records: unknown[]) =>
  t.call(
    importLines,
    { params: { projectId: id }, query: { format }, body: records.map((record) => JSON.stringify(record)).join('\n') },
    admin,
  );
const ask = (p: Project, ...prompts: string[]) => bring(p, 'prompts', ...prompts.map((prompt) => ({ prompt })));
/** A moment behind all that was made. */
const later = (): Date => new Date(Date.now() + 60_000);
const provide = (...projects: Project[]) =>
  provideRoots(
    t.database.db,
    projects.map(({ id }) => id),
    later(),
  );

interface Rooted {
  said: string;
  root_id: string;
  group_id: string;
  language: string | null;
}
/** Roots by what the user says first. */
async function rooted({ id }: Project): Promise<Map<string, Rooted>> {
  const rows = await t.database.db._.session.all<Rooted>(sql`
    select m.content as said, cr.root_id, r.group_id, cr.language
    from conversations c join conversation_roots cr on cr.conversation_id = c.id join roots r on r.id = cr.root_id
    join messages m on m.conversation_id = c.id and m.role = 'user'
    where c.project_id = ${id} order by m.id desc`);
  return new Map(rows.map((row) => [row.said, row]));
}
const count = async (table: string): Promise<number> => {
  const [row] = await t.database.db._.session.all<{ n: string }>(sql.raw(`select count(*)::text as n from ${table}`));
  return Number(row?.n);
};
/** Which texts are in one group, in the order of the texts. */
async function together(p: Project, upTo: number | null = null): Promise<string[][]> {
  const { groupOf } = await groups(t.database.db, upTo);
  const found = new Map<string, string[]>();
  for (const { said, group_id } of (await rooted(p)).values()) {
    const group = groupOf(group_id);
    found.set(group, [...(found.get(group) ?? []), said].sort());
  }
  return [...found.values()].sort();
}

/** Sixty words, and the same with some of them changed; each change takes three of 58 runs of three words. */
const words = Array.from({ length: 60 }, (_, n) => `word${n * 7}`);
const text = (...changes: number[]): string =>
  words.map((word, at) => (changes.includes(at) ? `${word}x` : word)).join(' ');

describe('the roots of conversations', () => {
  it('are one for the same beginning, in a group with those that are nearly the same', async () => {
    const [p, q] = [await project(), await project()];
    await ask(p, text(), 'Something else entirely?');
    await ask(q, text().toUpperCase(), text(30), 'And a third thing.');
    expect(await provide(p, q, p)).toBe(5);
    const [ofP, ofQ] = [await rooted(p), await rooted(q)];
    const first = ofP.get(text());
    expect(ofQ.get(text().toUpperCase())).toMatchObject({ root_id: first?.root_id, group_id: first?.root_id });
    expect(ofQ.get(text(30))?.root_id).not.toBe(first?.root_id);
    expect(ofQ.get(text(30))?.group_id).toBe(first?.root_id);
    expect(new Set([...ofP.values(), ...ofQ.values()].map(({ group_id }) => group_id)).size).toBe(3);
    expect(await count('root_merges')).toBe(0);
  });

  it('are of the system message and what the user says first; alike by the latter', async () => {
    const p = await project();
    const system = { role: 'system', content: 'You answer in verse.' };
    const turns = (content: string) => [
      { role: 'user', content },
      { role: 'assistant', content: 'Yes.' },
      { role: 'user', content: 'Go on.' },
    ];
    const replies = ['Yes.', 'No.'].map((reply) => ({ text: reply, role: 'assistant', replies: [] }));
    await bring(p, 'conversations', { messages: turns('Is it so?') }, { messages: [system, ...turns('Is it so?!')] });
    await bring(p, 'comparisons', { prompt: 'Is it so ...?', completions: ['Yes', 'No'] });
    await bring(p, 'oasst', { prompt: { text: 'IS IT SO?', role: 'prompter', replies } });
    expect(await provide(p)).toBe(4);
    const of = await rooted(p);
    const plain = of.get('Is it so?');
    expect(of.get('Is it so ...?')?.root_id).toBe(plain?.root_id);
    expect(of.get('IS IT SO?')?.root_id).toBe(plain?.root_id);
    expect(of.get('Is it so?!')?.root_id).not.toBe(plain?.root_id);
    expect(of.get('Is it so?!')?.group_id).toBe(plain?.group_id);
  });

  it('are given once, and only to what was made up to the moment', async () => {
    const p = await project();
    await ask(p, 'One?', 'Two?');
    const moment = new Date(Date.now() + 30_000);
    expect(await provideRoots(t.database.db, [p.id], new Date(Date.now() - 60_000))).toBe(0);
    expect(await provideRoots(t.database.db, [p.id], moment)).toBe(2);
    const before = await rooted(p);
    expect(await provideRoots(t.database.db, [p.id], moment)).toBe(0);
    await ask(p, 'Three?');
    expect(await provide(p)).toBe(1);
    expect(await rooted(p)).toEqual(new Map([...before, ...(await rooted(p))]));
    expect(await count('roots')).toBe(3);
  });

  it('of many are found page by page, and stop where they are told to', async () => {
    const p = await project();
    await ask(p, ...Array.from({ length: 700 }, (_, n) => `${text(n % 60)} ${n * n} ${n} ${n * 31} number ${n}`));
    const told: number[] = [];
    const stop = new AbortController();
    const onProgress = (done: number): void => {
      told.push(done);
      if (told.length === 2) stop.abort(new Error('enough'));
    };
    await expect(provideRoots(t.database.db, [p.id], later(), { signal: stop.signal, onProgress })).rejects.toThrow(
      'enough',
    );
    expect(told).toEqual([250, 500]);
    expect(await count('conversation_roots')).toBe(500);
    expect(await provide(p)).toBe(200);
    expect(await count('conversation_roots')).toBe(700);
  });
});

describe('groups of roots', () => {
  /** Two texts that are not alike, and one that is like both. */
  const [left, right, bridge] = [text(4, 14, 24), text(7, 17, 27), text()];

  it('become one where a text is like some of each, and are as they were to whoever looked before', async () => {
    const p = await project();
    await ask(p, left, right, 'Something else entirely?');
    await provide(p);
    const apart = [['Something else entirely?'], [left], [right]].sort();
    expect(await together(p)).toEqual(apart);
    const { merges } = await groups(t.database.db, null);
    expect(merges).toBe(0);

    await ask(p, bridge);
    await provide(p);
    const now = await groups(t.database.db, null);
    expect(now.merges).toBeGreaterThan(merges);
    expect(await together(p)).toEqual([['Something else entirely?'], [bridge, left, right].sort()].sort());

    // What was written of a root stays; only the merges tell.
    const before = await together(p, merges);
    expect(before.find((group) => group.includes(left))).not.toContain(right);
    expect(await together(p, now.merges)).toEqual(await together(p));
    const ids = [...(await rooted(p)).values()].map(({ group_id }) => now.groupOf(group_id));
    expect(ids).toContain([...ids].sort().find((id) => ids.filter((other) => other === id).length === 3));
  });

  it('are read in the order of their merges, also beyond the ninth', async () => {
    const ids = Array.from({ length: 12 }, (_, n) => `00000000-0000-8000-8000-0000000000${90 - n}`);
    const { db } = t.database;
    for (const [n, id] of ids.slice(1).entries())
      await db.execute(sql`insert into root_merges (from_group, into_group) values (${ids[n]}, ${id})`);
    const [row] = await db._.session.all<{ first: string; last: string }>(
      sql`select min(id)::text as first, max(id)::text as last from root_merges`,
    );
    const [first, last] = [Number(row?.first), Number(row?.last)];
    const now = await groups(db, null);
    expect([now.merges, now.groupOf(ids[0] ?? '')]).toEqual([last, ids[11]]);
    const then = await groups(db, first + 1);
    expect([then.merges, then.groupOf(ids[0] ?? ''), then.groupOf(ids[3] ?? '')]).toEqual([first + 1, ids[2], ids[3]]);
  });

  it('are right where two processes give roots at once', async () => {
    const p = await project();
    const many = Array.from({ length: 600 }, (_, n) => {
      // Forty families of fifteen.
      const family = Array.from({ length: 40 }, (_, at) => `f${n % 40}w${at}`);
      return family.with(n % 37, `other${n}`).join(' ');
    });
    await ask(p, ...many, left, right, bridge);
    const second = t.database.url === null ? t.database : await openDatabase({ url: t.database.url, dataDir: '' });
    try {
      const done = await Promise.all(
        [t.database.db, second.db, t.database.db].map((db) => provideRoots(db, [p.id], later())),
      );
      expect(Math.max(...done)).toBe(603);
    } finally {
      if (second !== t.database) await second.close();
    }
    expect(await count('conversation_roots')).toBe(603);
    expect(await count('roots')).toBe(603);
    const alone = await together(p);
    expect(alone.find((group) => group.includes(bridge))).toEqual([bridge, left, right].sort());
    // No root is in a group that shares none of its bands, and each band is owned by a root that has it.
    expect(alone.length).toBeLessThanOrEqual(45);
    for (const group of alone)
      expect(new Set(group.map((said) => said.slice(0, said.indexOf('w')))).size).toBeLessThan(3);
  });
});

describe('the language', () => {
  it('is told from what the user says, unless the import names it', async () => {
    const p = await project();
    const system = { role: 'system', content: 'You are a helpful assistant who answers all questions at length.' };
    const german = 'Warum ist der Himmel am Tag blau und am Abend rot?';
    await bring(p, 'conversations', {
      messages: [system, { role: 'user', content: german }, { role: 'assistant', content: 'Darum.' }],
    });
    await ask(p, 'Why is the sky blue by day and red in the evening?', '2 + 2 = ?', 'Pourquoi le ciel est-il bleu ?');
    await t.database.db.execute(sql`update messages set extra = '{"lang":"pt-BR"}' where content = '2 + 2 = ?'`);
    await t.database.db.execute(
      sql`update conversations set extra = '{"lang":"xx?"}' where id = (select conversation_id from messages where content like 'Pourquoi%')`,
    );
    await provide(p);
    const languages = [...(await rooted(p)).values()].map(({ said, language }) => [said.slice(0, 9), language]);
    expect(Object.fromEntries(languages)).toEqual({
      'Warum ist': 'de',
      'Why is th': 'en',
      '2 + 2 = ?': 'pt',
      'Pourquoi ': 'fr',
    });
  });
});
