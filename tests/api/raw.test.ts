import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selectBlocked } from '../../server/chats/queries.ts';
import { rawLines } from '../../server/releases/raw.ts';
import { openChats, readChat } from '../../shared/chats.ts';
import type { Input } from '../../shared/endpoint.ts';
import { giveFeedback } from '../../shared/feedback.ts';
import { importLines, type ImportFormat, type ImportResult } from '../../shared/imports.ts';
import { changeProject, type Project, readProgress, readProject } from '../../shared/projects.ts';
import { type RawLine, rawLine } from '../../shared/raw.ts';
import * as tasks from '../../shared/tasks.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { breaches } from '../support/invariants.ts';
import { seedChat } from '../support/seed.ts';
import { projectWith } from '../support/work.ts';

/** Two servers, each with a database of its own. */
let from: TestApp;
let to: TestApp;
let admin: Caller;
let otherAdmin: Caller;
let ann: Caller;
let ben: Caller;

beforeAll(async () => {
  [from, to] = await Promise.all([startApp(), startApp()]);
  [admin, ann, ben, otherAdmin] = await Promise.all([
    from.person('admin'),
    from.person('trainer', 'Ann'),
    from.person('trainer', 'Ben'),
    to.person('admin'),
  ]);
});
afterAll(() => Promise.all([from.close(), to.close()]));

const send = (t: TestApp, { id }: Project, format: ImportFormat, body: string): Promise<ImportResult> =>
  t.call(importLines, { params: { projectId: id }, query: { format }, body }, t === from ? admin : otherAdmin);
const jsonLines = (...records: unknown[]): string => records.map((record) => JSON.stringify(record)).join('\n');

async function now({ database }: TestApp): Promise<string> {
  const [row] = await database.db._.session.all<{ at: string }>(
    sql`select to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`,
  );
  return row?.at ?? '';
}

async function raw(
  t: TestApp,
  { id }: Project,
  moment?: string,
  names: Record<string, string> | null = null,
): Promise<string> {
  const lines: string[] = [];
  for await (const some of rawLines(t.database.db, id, moment ?? (await now(t)), { names })) lines.push(some);
  return lines.join('');
}

const linesOf = (text: string): RawLine[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => rawLine.parse(JSON.parse(line)));
/** All but what tells one project from another. */
const content = (text: string): string[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const value = rawLine.parse(JSON.parse(line));
      return value.type === 'duologue'
        ? JSON.stringify({ ...value, moment: '', project: { ...value.project, id: '', name: '' } })
        : line;
    });

async function submitOne(p: Project, kind: 'comparison' | 'demonstration', body: object, as: Caller) {
  const answer = await from.call(tasks.claim, { params: { projectId: p.id }, body: { kinds: [kind] } }, as);
  if (answer === null) throw new Error('nothing was handed out');
  const of = { params: { assignmentId: answer.assignment.id } };
  await from.call(tasks.submit, { ...of, body: body as never }, as);
  return of;
}

/** A question of Ann's in her chat and a model's answer to it; the answer's id. */
async function sayIn(chatId: string, parentId: string | null, answer: string): Promise<string> {
  const [question, id] = [randomUUID(), randomUUID()];
  const { db } = from.database;
  await db.execute(sql`insert into messages (id, conversation_id, parent_id, role, content, author_kind, author_id)
    values (${question}, ${chatId}, ${parentId}, 'user', 'Well?', 'trainer', ${ann.id})`);
  await db.execute(sql`insert into messages (id, conversation_id, parent_id, role, content, author_kind, model)
    values (${id}, ${chatId}, ${question}, 'assistant', ${answer}, 'model', 'm1')`);
  return id;
}

/** A project in which a little of everything was collected. */
async function collected(): Promise<Project> {
  const p = await projectWith(from, admin, [ann, ben], {
    name: 'The first',
    guidelines: 'Be kind.',
    rubric: 'instructgpt',
    overlap: { comparison: 2 },
    leaseMinutes: 17,
  });
  const { db } = from.database;
  const [modelId, roundId, samplingId] = ['0', '1', '2'].map((n) => `01890000-0000-7000-8000-00000000000${n}`);
  await db.execute(sql`insert into models (id, name, provider, base_url, model, parameters, concurrency, api_key)
    values (${modelId}, 'Model A', 'openai', 'http://localhost:1', 'a', '{"temperature":0.7}', 1, 'sealed')`);
  await db.execute(sql`insert into rounds (id, project_id, number, name, policy_model_id, mix, kinds, started_at)
    values (${roundId}, ${p.id}, 1, 'First', ${modelId}, ${JSON.stringify([{ modelId, count: 2 }])}, '{comparison,demonstration,chat}', now())`);
  await db.execute(sql`update projects set round_id = ${roundId} where id = ${p.id}`);

  await send(from, p, 'prompts', jsonLines({ id: 'a', prompt: 'Why?', source: 'a book' }, { prompt: 'How?' }));
  await send(
    from,
    p,
    'comparisons',
    jsonLines(
      {
        prompt: 'Which?',
        completions: [{ content: 'This.', model: 'm1' }, 'That.', 'None.'],
        rankings: [{ trainer: 'Past person', ranking: [[1], [0, 2]] }, { ranking: [[0], [1], [2]] }],
      },
      { prompt: 'Where?', completions: ['Here.', 'There.'] },
    ),
  );
  const node = (text: string, role: string, replies: unknown[], more = {}) => ({
    ...{ message_id: text, text, role, replies },
    ...more,
  });
  const replies = [
    node('So.', 'assistant', [node('Hm?', 'prompter', [])], { rank: 0, emojis: { '+1': 1 } }),
    node('No.', 'assistant', [], { rank: 1, synthetic: true, model_name: 'm2' }),
  ];
  await send(
    from,
    p,
    'oasst',
    jsonLines({ message_tree_id: 't', tree_state: 'x', prompt: node('Eh?', 'prompter', replies) }),
  );

  const dialogue = (prompt: string) => ({
    messages: ['user', 'assistant'].map((role) => ({ role, content: role === 'user' ? prompt : 'Because “so”.\n' })),
    comment: 'Fine.',
    activeMs: 1_000,
  });
  // Whichever of the prompts comes first: what is said is the trainer's own.
  const taken = await from.call(tasks.claim, { params: { projectId: p.id }, body: { kinds: ['demonstration'] } }, ann);
  if (taken?.assignment.kind !== 'demonstration') throw new Error('no demonstration');
  const of = { params: { assignmentId: taken.assignment.id } };
  const prompt = taken.assignment.task.conversation.at(-1)?.content ?? '';
  await from.call(tasks.submit, { ...of, body: dialogue(prompt) as never }, ann);
  await from.call(tasks.reopen, of, ann);
  await from.call(tasks.submit, { ...of, body: { ...dialogue(prompt), comment: 'Better.' } as never }, ann);

  const ranking = {
    ranking: [['B'], ['A']],
    ratings: { A: { overall: 2, flags: ['violent'] } },
    comment: 'Hm.',
    activeMs: 500,
  };
  for (const as of [ann, ben]) {
    for (;;) {
      const answer = await from.call(tasks.claim, { params: { projectId: p.id }, body: { kinds: ['comparison'] } }, as);
      if (answer?.assignment.kind !== 'comparison') break;
      const { id, task } = answer.assignment;
      const rest =
        task.completions.length > 2 ? { ranking: [['B', 'C'], ['A']], allBad: true, rewrite: 'Neither.' } : {};
      await from.call(tasks.submit, { params: { assignmentId: id }, body: { ...ranking, ...rest } }, as);
      if (as === ann) continue;
      // Taken back, and not submitted again.
      await from.call(tasks.reopen, { params: { assignmentId: id } }, as);
      break;
    }
  }

  const { assignmentId, questionId, answerIds } = await seedChat(db, p.id, ann.id, {
    answers: ['One.', 'Two.'],
    roundId: roundId ?? null,
  });
  const [first = '', second = ''] = answerIds;
  await db.execute(sql`insert into generations (id, purpose, project_id, model_id, trainer_id, assignment_id, prompt, parameters, seed, state, text, usage, ended_at)
    values (${first}, 'chat', ${p.id}, ${modelId}, ${ann.id}, ${assignmentId}, '[]', '{"temperature":0.7}', 42, 'done', 'One.', '{"input":3,"output":2}', now())`);
  await db.execute(sql`update messages set generation_id = id where id = ${first}`);
  await db.execute(sql`insert into verdicts (id, project_id, message_id, source, categories, action)
    values ('01890000-0000-7000-8000-000000000008', ${p.id}, ${second}, 'rules', '{hate,violence}', 'block')`);
  const comparisonId = '01890000-0000-7000-8000-000000000009';
  await db.execute(sql`insert into samplings (id, project_id, round_id, origin, conversation_id, prompt_message_id, original_id, pick_seed, picked_from, authors, mix, wanted, seed, state, comparison_id)
    values (${samplingId}, ${p.id}, ${roundId}, 'chat', ${assignmentId}, ${questionId}, ${first}, 7, 1, ${`{${ann.id}}`}::uuid[], ${JSON.stringify([{ modelId, count: 1 }])}, 1, 5, 'done', ${comparisonId})`);
  await db.execute(sql`insert into comparisons (id, project_id, conversation_id, prompt_message_id, completion_ids, round_id, sampling_id)
    values (${comparisonId}, ${p.id}, ${assignmentId}, ${questionId}, ${`{${answerIds.join(',')}}`}::uuid[], ${roundId}, ${samplingId})`);
  for (const body of [
    { thumb: 'up' as const, text: '', report: null },
    { thumb: 'down' as const, text: 'Wrong.', report: { reason: 'false' as const, text: 'See above.' } },
  ])
    await from.call(giveFeedback, { params: { messageId: second }, body }, ann);
  return p;
}

describe('raw data', () => {
  it('moves a project to another Duologue without loss', async () => {
    const p = await collected();
    const first = await raw(from, p);
    const lines = linesOf(first);
    const count = (type: string): number => lines.filter((line) => line.type === type).length;
    expect(['person', 'round', 'conversation', 'comparison', 'ranking', 'feedback'].map(count)).toEqual([
      3, 1, 8, 4, 7, 2,
    ]);
    expect(lines.filter((line) => line.type === 'ranking' && line.withdrawnAt !== null)).toHaveLength(1);
    // Nobody is named, and no secret moves.
    expect(first).not.toMatch(/Ann|Ben|sealed|localhost/);
    expect(first).not.toContain(ann.id);

    const q = await projectWith(to, otherAdmin, [], { name: 'The second' });
    const result = await send(to, q, 'raw', first);
    expect(result).toMatchObject({ read: lines.length, created: lines.length, duplicates: 0, rejected: [] });
    expect(result).toMatchObject({ comparisons: 4, rankings: 7 });
    const second = await raw(to, q);
    expect(content(second)).toEqual(content(first));
    expect(await breaches(to.database.db)).toEqual([]);
    // What moderation hides stays hidden.
    const hidden = lines
      .flatMap((line) => (line.type === 'conversation' ? line.messages : []))
      .filter((m) => m.verdict);
    expect(hidden.map(({ content, verdict }) => [content, verdict?.action, verdict?.categories])).toEqual([
      ['Two.', 'block', ['hate', 'violence']],
    ]);
    expect(
      await selectBlocked(
        to.database.db,
        hidden.map(({ id }) => id),
      ),
    ).toEqual(new Set(hidden.map(({ id }) => id)));

    // The settings came along, and so did what is done and what is left to do.
    const settings = async (t: TestApp, project: Project, as: Caller) => {
      const {
        id: _,
        name: __,
        createdAt: ___,
        ...rest
      } = (await t.call(readProject, { params: { projectId: project.id } }, as)).project;
      return rest;
    };
    expect(await settings(to, q, otherAdmin)).toEqual(await settings(from, p, admin));
    const progress = async (t: TestApp, project: Project, as: Caller) =>
      (await t.call(readProgress, { params: { projectId: project.id } }, as)).progress
        .map(({ kind, tasks, submitted }) => ({ kind, tasks, submitted }))
        .filter(({ kind }) => kind === 'demonstration');
    expect(await progress(to, q, otherAdmin)).toEqual([{ kind: 'demonstration', tasks: 2, submitted: 1 }]);

    // The same once more is nothing new.
    expect(await send(to, q, 'raw', first)).toMatchObject({ created: 0, duplicates: lines.length, rejected: [] });
    expect(content(await raw(to, q))).toEqual(content(first));
    // Nor can another project here have it.
    const r = await projectWith(to, otherAdmin, [], { name: 'The third' });
    const refused = await send(to, r, 'raw', first);
    expect(refused).toMatchObject({ comparisons: 0, rankings: 0, messages: 0 });
    expect(refused.rejected[0]?.reason).toMatch(/taken by something else|no line before/);
    expect(await breaches(to.database.db)).toEqual([]);
    // Where it came from, it is there already.
    expect(await send(from, p, 'raw', first)).toMatchObject({
      ...{ messages: 0, comparisons: 0, rankings: 0, tasks: 0, rejected: [] },
    });
  });

  it('is as of its moment', async () => {
    const p = await projectWith(from, admin, [ann], { name: 'As of then' });
    await send(from, p, 'comparisons', jsonLines({ prompt: 'Which?', completions: ['This.', 'That.'] }));
    const of = await submitOne(p, 'comparison', { ranking: [['A'], ['B']] }, ann);
    const moment = await now(from);
    const before = await raw(from, p, moment);
    await from.call(tasks.reopen, of, ann);
    await from.call(tasks.submit, { ...of, body: { ranking: [['B'], ['A']] } }, ann);
    await send(from, p, 'prompts', jsonLines({ prompt: 'More?' }));
    expect(await raw(from, p, moment)).toBe(before);
    expect(linesOf(await raw(from, p)).filter(({ type }) => type === 'ranking')).toHaveLength(2);
  });

  it('is as of its moment in what is taken back and submitted anew: time, comment, and where a chat ended', async () => {
    const p = await projectWith(from, admin, [ann], { name: 'Taken back' });
    const params = { projectId: p.id };
    await send(from, p, 'comparisons', jsonLines({ prompt: 'Which?', completions: ['This.', 'That.'] }));
    await send(from, p, 'prompts', jsonLines({ prompt: 'Why?' }));
    await from.call(openChats, { params, body: { opening: 'none', count: 1 } }, admin);
    // Begun a while ago, so that the time that is told can be believed.
    from.ahead = -600_000;
    const held: string[] = [];
    for (const kind of ['comparison', 'demonstration', 'chat'] as const)
      held.push((await from.call(tasks.claim, { params, body: { kinds: [kind] } }, ann))?.assignment.id ?? '');
    from.ahead = 0;
    const [comparison = '', demonstration = '', chat = ''] = held;
    await from.call(readChat, { params: { assignmentId: chat } }, ann);
    const said = await sayIn(chat, null, 'First.');
    const goneOn = await sayIn(chat, said, 'Second.');

    const begun = linesOf(await raw(from, p)).find((line) => line.type === 'conversation' && line.kind === 'chat');
    expect(begun).toMatchObject({ endings: [], withdrawnAt: null });
    const submitAll = async (n: number): Promise<void> => {
      const messages = [
        { role: 'user' as const, content: 'Why?' },
        { role: 'assistant' as const, content: `Because, ${n}.` },
      ];
      const activeMs = n * 1_000;
      const bodies: [string, Input<typeof tasks.submit>['body']][] = [
        [comparison, { ranking: [['A'], ['B']], comment: `Ranked ${n}`, activeMs }],
        [demonstration, { messages, comment: `Written ${n}`, activeMs }],
        [chat, { leafId: n === 1 ? said : goneOn, comment: `Talked ${n}`, activeMs }],
      ];
      for (const [assignmentId, body] of bodies) await from.call(tasks.submit, { params: { assignmentId }, body }, ann);
    };
    const takeBackAll = async (): Promise<void> => {
      for (const assignmentId of held) await from.call(tasks.reopen, { params: { assignmentId } }, ann);
    };
    const moments: { at: string; text: string }[] = [];
    const look = async (): Promise<void> => {
      const at = await now(from);
      moments.push({ at, text: await raw(from, p, at) });
    };
    await look();
    await submitAll(1);
    await look();
    await takeBackAll();
    await look();
    await submitAll(2);
    await look();
    for (const { at, text } of moments) expect(await raw(from, p, at)).toBe(text);

    // All of what was submitted is told, once as taken back and once as it stands.
    const told = linesOf(moments.at(-1)?.text ?? '').flatMap((line) => {
      if (line.type !== 'conversation' && line.type !== 'ranking') return [];
      const works = line.type === 'conversation' ? line.endings : null;
      if (works !== null) return works.map((work) => [work.comment, work.activeMs, work.withdrawnAt !== null]);
      return line.assignment === null ? [] : [[line.comment, line.assignment.activeMs, line.withdrawnAt !== null]];
    });
    const all = ['Ranked', 'Written', 'Talked'].flatMap((what) => [
      [`${what} 1`, 1_000, true],
      [`${what} 2`, 2_000, false],
    ]);
    expect(told.toSorted()).toEqual(all.toSorted());

    // Another Duologue has the same, and the last of it stands there.
    const q = await projectWith(to, otherAdmin, []);
    const { text } = moments.at(-1) ?? { text: '' };
    expect((await send(to, q, 'raw', text)).rejected).toEqual([]);
    expect(content(await raw(to, q))).toEqual(content(text));
    expect(await breaches(to.database.db)).toEqual([]);
  });

  it('names people where an admin wants it, two of one name apart', async () => {
    const twin = await from.person('trainer', 'Ann');
    const p = await projectWith(from, admin, [ann, twin], { overlap: { comparison: 2 } });
    await send(from, p, 'comparisons', jsonLines({ prompt: 'Which?', completions: ['This.', 'That.'] }));
    for (const as of [ann, twin]) await submitOne(p, 'comparison', { ranking: [['A'], ['B']] }, as);
    const text = await raw(from, p, undefined, { [ann.id]: 'Ann', [twin.id]: 'Ann' });
    const names = linesOf(text).flatMap((line) => (line.type === 'person' ? line.name : []));
    expect(names).toEqual(['Ann', expect.stringMatching(/^Ann \(trainer-[0-9a-f]{10}\)$/)]);
    const q = await projectWith(to, otherAdmin, []);
    expect(await send(to, q, 'raw', text)).toMatchObject({ rejected: [], rankings: 2 });
  });

  it('refuses what is none, and a project that a release has looked at', async () => {
    const p = await projectWith(from, admin, []);
    const header = (await raw(from, p)).trimEnd();
    const input = (body: string) => ({ params: { projectId: q.id }, query: { format: 'raw' as const }, body });
    const q = await projectWith(to, otherAdmin, []);
    for (const body of ['nonsense', '{"type":"person","name":"Ann"}', header.replace('"version":2', '"version":1')])
      expect((await to.refused('invalid', importLines, input(body), otherAdmin)).detail).toMatch(
        /^This is no raw data/,
      );
    await to.call(changeProject, { params: { projectId: q.id }, body: { guidelines: 'Ours.' } }, otherAdmin);
    const id = '01890000-0000-7000-8000-0000000000aa';
    const line = {
      type: 'conversation',
      id,
      kind: 'prompt',
      source: null,
      importKey: null,
      contentHash: null,
      author: null,
    };
    const more = {
      prompt: null,
      endings: null,
      round: null,
      dialogue: false,
      comment: null,
      surplus: false,
      extra: null,
    };
    const whole = {
      ...line,
      ...more,
      assignment: null,
      createdAt: '2026-01-01T00:00:00Z',
      withdrawnAt: null,
      messages: [],
    };
    let deep: unknown = 1;
    for (let depth = 0; depth < 50_000; depth += 1) deep = [deep];
    const answer = await send(
      to,
      q,
      'raw',
      [
        header,
        header,
        JSON.stringify({ ...whole, author: 'Nobody' }),
        JSON.stringify({ ...whole, round: 3 }),
        JSON.stringify({ ...whole, extra: { a: '\0' } }),
        `${JSON.stringify(whole).slice(0, -1)},"extra":${'['.repeat(50_000)}1${']'.repeat(50_000)}}`,
        JSON.stringify({ ...whole, kind: 'talk' }),
        JSON.stringify({
          type: 'feedback',
          id,
          message: id,
          person: 'Nobody',
          thumb: 'up',
          text: '',
          report: null,
          at: whole.createdAt,
          replacedAt: null,
        }),
        JSON.stringify(whole),
      ].join('\n'),
    );
    expect(answer).toMatchObject({ read: 9, created: 2, rejectedCount: 7 });
    expect(answer.rejected.map(({ reason }) => reason)).toEqual([
      'type: is that of the first line',
      'author: no line before tells of Nobody',
      'round: no line before tells of round 3',
      expect.stringMatching(/NUL/),
      'is nested more than 32 deep',
      expect.stringMatching(/^kind: /),
      `message ${id} is not in this project`,
    ]);
    await to.database.db.execute(sql`
      insert into releases (id, project_id, number, name, notes, definition, moment, state, destination, basis)
      values (${id}, ${q.id}, 1, '', '', '{}', now(), 'ready', 'disk', '{}')`);
    await to.refused('conflict', importLines, input(header), otherAdmin);
  });
});
