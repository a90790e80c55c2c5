import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { importLines } from '../../server/imports/imports.ts';
import { importLines as importEndpoint, type ImportFormat, type ImportResult } from '../../shared/imports.ts';
import { changeProject, type Project, readProgress } from '../../shared/projects.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { breaches } from '../support/invariants.ts';
import { claimed, projectWith, workOff } from '../support/work.ts';

/** Public data that is no part of this checkout; what it is known to hold is tested where it is there. */
const real = (name: string): string =>
  path.resolve(fileURLToPath(new URL('../..', import.meta.url)), '../shared/data', name);

let t: TestApp;
let admin: Caller;
let ann: Caller;

beforeAll(async () => {
  t = await startApp();
  [admin, ann] = await Promise.all([t.person('admin'), t.person('trainer')]);
});
afterAll(() => t.close());

const project = (overlap = 1): Promise<Project> => projectWith(t, admin, [ann], { overlap: { comparison: overlap } });
const jsonLines = (...records: unknown[]): string => records.map((record) => JSON.stringify(record)).join('\n');
const send = ({ id }: Project, format: ImportFormat, body: string | Buffer): Promise<ImportResult> =>
  t.call(importEndpoint, { params: { projectId: id }, query: { format }, body }, admin);
const progress = async ({ id }: Project) => (await t.call(readProgress, { params: { projectId: id } }, admin)).progress;
const rows = <Row>(query: ReturnType<typeof sql>) => t.database.db._.session.all<Row>(query);

const comparison = (n: number | string, more: object = {}) => ({
  prompt: `Question ${n}?`,
  completions: [`Yes, ${n}.`, { content: `No, ${n}.`, model: 'm1' }, `Perhaps, ${n}.`],
  ...more,
});

describe('importing', () => {
  it('makes work of prompts and comparisons, and none of dialogues', async () => {
    const p = await project(2);
    expect(
      await send(p, 'prompts', jsonLines({ prompt: 'Why?' }, { messages: [{ role: 'user', content: 'How?' }] })),
    ).toEqual({
      read: 2,
      created: 2,
      duplicates: 0,
      rejectedCount: 0,
      rejected: [],
      messages: 2,
      comparisons: 0,
      rankings: 0,
      tasks: 2,
    });
    const dialogue = { messages: ['Why?', 'So.'].map((content, i) => ({ role: i ? 'assistant' : 'user', content })) };
    expect(await send(p, 'conversations', JSON.stringify([dialogue]))).toMatchObject({
      created: 1,
      messages: 2,
      tasks: 0,
    });
    expect(await send(p, 'comparisons', jsonLines(comparison(1), comparison(2)))).toMatchObject({
      created: 2,
      messages: 8,
      comparisons: 2,
      tasks: 2,
    });
    expect(await progress(p)).toEqual(
      expect.arrayContaining([
        { kind: 'demonstration', tasks: 2, wanted: 2, submitted: 0, inHand: 0 },
        { kind: 'comparison', tasks: 2, wanted: 4, submitted: 0, inHand: 0 },
      ]),
    );
    const assignment = await claimed(t, p, ann);
    expect(assignment.task.conversation).toHaveLength(1);
    expect(await workOff(t, p, ann)).toHaveLength(2);
  });

  it('creates nothing from the same file again, nor from the same line twice', async () => {
    const p = await project();
    const file = jsonLines(comparison(1, { id: 'a' }), comparison(2), comparison(2), comparison(1, { id: 'a' }));
    expect(await send(p, 'comparisons', file)).toMatchObject({ read: 4, created: 2, duplicates: 2, tasks: 2 });
    expect(await send(p, 'comparisons', file)).toMatchObject({
      read: 4,
      created: 0,
      duplicates: 4,
      tasks: 0,
      messages: 0,
    });
    expect(await progress(p)).toMatchObject([{ tasks: 2 }]);
    // Another format has ids of its own, and another project has all of its own.
    expect(await send(p, 'prompts', jsonLines({ id: 'a', prompt: 'Why?' }))).toMatchObject({ created: 1 });
    expect(await send(await project(), 'comparisons', file)).toMatchObject({ created: 2 });
  });

  it('keeps the first of two lines of one id, also where both are being written at once', async () => {
    const p = await project();
    // The batch of the second line is small, and would be in the database long before that of the first.
    const many = Array.from({ length: 249 }, (_, n) => comparison(n, { id: `a${n}`, source: 'x'.repeat(200) }));
    const file = jsonLines(...many, comparison(1000, { id: 'z' }), comparison(2000, { id: 'z' }));
    const result = await send(p, 'comparisons', file);
    expect(result).toMatchObject({ read: 251, created: 250, rejectedCount: 1 });
    expect(result.rejected).toEqual([{ line: 251, reason: 'id z was imported before with other content' }]);
  });

  it('rejects an id that comes again with other content', async () => {
    const p = await project();
    await send(p, 'prompts', jsonLines({ id: 'a', prompt: 'Why?' }));
    const result = await send(
      p,
      'prompts',
      jsonLines({ id: 'a', prompt: 'How?' }, { id: 'a', prompt: 'Why?', source: 'elsewhere' }),
    );
    expect(result).toMatchObject({ read: 2, created: 0, duplicates: 1, rejectedCount: 1 });
    expect(result.rejected).toEqual([{ line: 1, reason: 'id a was imported before with other content' }]);
  });

  it('tells of bad lines by number and takes the others', async () => {
    const p = await project();
    const lines = [
      '{"prompt":"One?"}',
      '',
      '{"prompt":',
      '{"prompt":"Two?"}\r',
      '{"prompt":"a\\u0000b"}',
      '[1]',
      '{"prompt":"cut o',
    ];
    const { rejected, ...figures } = await send(p, 'prompts', lines.join('\n'));
    expect(figures).toMatchObject({ read: 6, created: 2, rejectedCount: 4 });
    expect(rejected.map(({ line }) => line)).toEqual([3, 5, 6, 7]);
    expect(rejected[0]?.reason).toMatch(/^is not JSON: /);
    expect(rejected[1]?.reason).toMatch(/NUL/);
  });

  it('tells of the first thousand bad lines and counts the rest', async () => {
    const p = await project();
    const result = await send(p, 'prompts', `${'nonsense\n'.repeat(2500)}{"prompt":"Why?"}`);
    expect(result).toMatchObject({ read: 2501, created: 1, rejectedCount: 2500 });
    expect(result.rejected).toHaveLength(1000);
  });

  it('writes more than one batch, in the order of the lines', async () => {
    const p = await project();
    const file = jsonLines(...Array.from({ length: 1201 }, (_, n) => comparison(n, { id: n })));
    expect(await send(p, 'comparisons', file)).toMatchObject({ created: 1201, messages: 4804, tasks: 1201 });
    const keys = await rows<{ import_key: string }>(
      sql`select import_key from conversations where project_id = ${p.id} order by id`,
    );
    expect(keys.map(({ import_key }) => import_key)).toEqual(
      Array.from({ length: 1201 }, (_, n) => `comparison:id:${n}`),
    );
    expect(await breaches(t.database.db)).toEqual([]);
  });

  it('takes one file that is sent twice at the same time as one', async () => {
    const p = await project();
    const lines = Array.from({ length: 1500 }, (_, n) =>
      JSON.stringify(comparison(n, { id: n, rankings: [{ trainer: `T${n % 7}`, ranking: [[0], [1], [2]] }] })),
    );
    const [one, other] = await Promise.all([
      send(p, 'comparisons', lines.join('\n')),
      send(p, 'comparisons', lines.toReversed().join('\n')),
    ]);
    expect(one.created + other.created).toBe(1500);
    expect(one.duplicates + other.duplicates).toBe(1500);
    expect(await progress(p)).toMatchObject([{ tasks: 1500, submitted: 1500 }]);
    expect(await breaches(t.database.db)).toEqual([]);
  });

  it('takes a packed body, and refuses a form, an unknown packing and what is no text', async () => {
    const p = await project();
    const url = `/api/projects/${p.id}/imports?format=prompts`;
    const post = (headers: Record<string, string>, payload: Buffer | string) =>
      t.app.inject({ method: 'POST', url, headers: { ...admin.headers, ...headers }, payload });
    const packed = await post({ 'content-encoding': 'gzip' }, gzipSync('{"prompt":"Why?"}'));
    expect(packed.json()).toMatchObject({ read: 1, created: 1 });
    expect((await post({ 'content-type': 'application/json' }, '{"prompt":"How?"}')).json()).toMatchObject({
      created: 1,
    });
    expect(
      (await post({ 'content-type': 'application/x-www-form-urlencoded' }, '{"prompt":"Who?"}')).json(),
    ).toMatchObject({ created: 1 });
    expect((await post({}, '')).json()).toMatchObject({ read: 0, created: 0 });
    expect((await post({ 'content-type': 'multipart/form-data; boundary=x' }, '--x--')).json()).toMatchObject({
      code: 'unsupported_type',
    });
    expect((await post({ 'content-encoding': 'rot13' }, 'x')).json()).toMatchObject({ code: 'malformed' });
    expect((await post({}, Buffer.from([0, 1, 2, 3]))).json()).toMatchObject({ code: 'invalid', status: 422 });
    const damaged = await post({ 'content-encoding': 'gzip' }, 'this is not packed');
    expect(damaged.json()).toMatchObject({ code: 'malformed' });
  });

  it('is for admins, and for projects that are there and open', async () => {
    const p = await project();
    const input = { params: { projectId: p.id }, query: { format: 'prompts' as const }, body: '{"prompt":"Why?"}' };
    await t.refused('forbidden', importEndpoint, input, ann);
    await t.refused('not_found', importEndpoint, { ...input, params: { projectId: admin.id } }, admin);
    await t.call(changeProject, { params: { projectId: p.id }, body: { archived: true } }, admin);
    await t.refused('archived', importEndpoint, input, admin);
    await t.refused('invalid', importEndpoint, { ...input, query: { format: 'nonsense' as never } }, admin);
  });

  it('leaves a note in the audit log', async () => {
    const p = await project();
    await send(p, 'prompts', '{"prompt":"Why?"}\nnonsense');
    expect(
      await rows(sql`select action, actor_id, details from audit where subject = ${p.id} and action = 'import'`),
    ).toMatchObject([{ actor_id: admin.id, details: { format: 'prompts', read: 2, created: 1, rejectedCount: 1 } }]);
  });
});

describe('past rankings', () => {
  it('take places by person: an account by its email, everyone else by name', async () => {
    const p = await project(2);
    const ranking = [[0], [1, 2]];
    const people = ['Past person', ann.email.toUpperCase()].map((trainer) => ({ trainer, ranking }));
    const file = jsonLines(
      comparison(1, { rankings: people }),
      comparison(2, { rankings: [people[0], { trainer: null, ranking }] }),
      comparison(3, { rankings: [people[0]] }),
    );
    expect(await send(p, 'comparisons', file)).toMatchObject({ created: 3, rankings: 5 });
    expect(await progress(p)).toMatchObject([{ tasks: 3, wanted: 6, submitted: 4 }]);
    // One place each on the second and third is left, and on the first none.
    expect(await workOff(t, p, ann)).toHaveLength(2);
    const users = await rows<{ id: string }>(
      sql`select id from users where name = 'Past person' and email is null and role = 'trainer'`,
    );
    expect(users).toHaveLength(1);
    const done = await rows<{ trainer_id: string | null }>(
      sql`select trainer_id from rankings r where project_id = ${p.id} and r.shown is null order by id`,
    );
    expect(done.map(({ trainer_id }) => trainer_id)).toEqual([users[0]?.id, ann.id, users[0]?.id, null, users[0]?.id]);
    expect(await breaches(t.database.db)).toEqual([]);
  });

  it('knows the same person in another project', async () => {
    const ranked = (n: number) =>
      jsonLines(comparison(n, { rankings: [{ trainer: 'Once', ranking: [[0], [1], [2]] }] }));
    await send(await project(), 'comparisons', ranked(1));
    await send(await project(), 'comparisons', ranked(2));
    expect(await rows(sql`select id from users where name = 'Once'`)).toHaveLength(1);
  });
});

/** A message with the replies to it. */
interface Node {
  message_id: string;
  replies: Node[];
  [member: string]: unknown;
}

const node: z.ZodType<Node> = z.looseObject({
  message_id: z.string(),
  get replies() {
    return z.array(node);
  },
});
const treeLine = z.looseObject({ message_tree_id: z.string(), prompt: node });

/** A tree with the replies to each message in the order of their ids. */
const ordered = (node: Node): Node => ({
  ...node,
  replies: node.replies.map(ordered).sort((a, b) => (a.message_id < b.message_id ? -1 : 1)),
});

/** The trees of a project, put together from what is held of them. */
async function treesOf({ id }: Project): Promise<{ message_tree_id: string; prompt: Node }[]> {
  const messages = await rows<{
    id: string;
    conversation_id: string;
    parent_id: string | null;
    role: string;
    content: string;
    model: string | null;
    external_id: string;
    extra: object | null;
    import_key: string;
    of_tree: object | null;
  }>(sql`select m.*, c.import_key, c.extra as of_tree from messages m join conversations c on c.id = m.conversation_id
    where c.project_id = ${id} order by m.id`);
  const nodes = new Map<string, Node>();
  const trees: { message_tree_id: string; prompt: Node }[] = [];
  for (const message of messages) {
    const above = message.parent_id === null ? undefined : nodes.get(message.parent_id);
    const node: Node = {
      ...message.extra,
      message_id: message.external_id,
      text: message.content,
      role: message.role === 'user' ? 'prompter' : 'assistant',
      ...(message.model !== null && { model_name: message.model }),
      ...(above && { parent_id: above.message_id }),
      replies: [],
    };
    nodes.set(message.id, node);
    if (above) above.replies.push(node);
    else
      trees.push({ ...message.of_tree, message_tree_id: message.import_key.replace(/^oasst:id:/, ''), prompt: node });
  }
  return trees;
}

describe('real files', () => {
  const whereThere = (name: string, says: string, test: (file: Buffer) => Promise<void>): void => {
    const missing = !existsSync(real(name));
    it.skipIf(missing)(missing ? `SKIPPED, the real data is not there: ${path.relative('.', real(name))}` : says, () =>
      test(readFileSync(real(name))),
    );
  };

  whereThere('oasst_en_100_tree.jsonl', 'Open-Assistant trees come in as they are known to be', async (file) => {
    const p = await project();
    const result = await send(p, 'oasst', file);
    expect(result).toMatchObject({ read: 100, created: 100, rejectedCount: 0, messages: 1167 });
    expect(result.tasks).toBe(result.comparisons);
    expect(await send(p, 'oasst', file)).toMatchObject({ created: 0, duplicates: 100 });
    expect(await progress(p)).toMatchObject([{ tasks: result.comparisons, submitted: 0 }]);
    // None of these is deleted, and nothing of them is lost.
    const trees = file
      .toString()
      .split('\n')
      .filter(Boolean)
      .map((line) => treeLine.parse(JSON.parse(line)));
    expect((await treesOf(p)).map((tree) => ({ ...tree, prompt: ordered(tree.prompt) }))).toEqual(
      trees.map((tree) => ({ ...tree, prompt: ordered(tree.prompt) })),
    );
  });

  whereThere('fastchat_dummy_conversation.json', 'ShareGPT dialogues come in whole', async (file) => {
    const p = await project();
    const whole = { read: 500, created: 500, rejectedCount: 0, messages: 2000, tasks: 0 };
    expect(await send(p, 'sharegpt', file)).toMatchObject(whole);
    expect(await send(p, 'sharegpt', file)).toMatchObject({ created: 0, duplicates: 500 });
    expect(
      await rows(sql`select distinct kind, source, dialogue from conversations where project_id = ${p.id}`),
    ).toEqual([{ kind: 'dialogue', source: 'sharegpt', dialogue: true }]);
  });

  whereThere('selfinstruct_user_oriented_instructions.jsonl', 'Self-Instruct comes in as Alpaca', async (file) => {
    const p = await project();
    expect(await send(p, 'alpaca', file)).toMatchObject({ read: 252, created: 252, rejectedCount: 0, messages: 504 });
  });
});

describe('formats of others', () => {
  it('come in beside each other, with what came of each line', async () => {
    const p = await project();
    const hh = (answer: string) => `\n\nHuman: Hi\n\nAssistant: ${answer}`;
    expect(await send(p, 'hh', jsonLines({ chosen: hh('Hello.'), rejected: hh('What?') }))).toMatchObject({
      created: 1,
      messages: 3,
      comparisons: 1,
      rankings: 1,
      tasks: 1,
    });
    expect(
      await send(p, 'dolly', jsonLines({ id: 1, instruction: 'When?', response: 'Now.', category: 'open' }, { id: 2 })),
    ).toMatchObject({ created: 1, rejected: [{ line: 2, reason: 'instruction: is missing' }] });
    const messages = [
      { role: 'user', content: 'Why?' },
      { role: 'assistant', content: 'So.', weight: 0 },
    ];
    expect(
      await send(
        p,
        'conversations',
        jsonLines({ messages }, { messages: [messages[0], { role: 'tool', content: '1' }] }),
      ),
    ).toMatchObject({ created: 1, rejected: [{ line: 2, reason: expect.stringContaining('tools') as string }] });
    expect(
      await rows(sql`select c.extra as whole, m.extra as message from conversations c join messages m on m.conversation_id = c.id
        where c.project_id = ${p.id} and (c.extra is not null or m.extra is not null) order by m.id`),
    ).toEqual([
      { whole: { category: 'open' }, message: null },
      { whole: { category: 'open' }, message: null },
      { whole: null, message: { weight: 0 } },
    ]);
    const unstorable = { prompt: { text: 'Why?', role: 'prompter', labels: { a: '\0' } } };
    expect(await send(p, 'oasst', jsonLines(unstorable))).toMatchObject({ created: 0, rejectedCount: 1 });
    expect(await breaches(t.database.db)).toEqual([]);
  });
});

describe('an import that ends early', () => {
  let port: number;
  beforeAll(async () => {
    port = Number(new URL(await t.app.listen({ port: 0, host: '127.0.0.1' })).port);
  });

  it('answers a client that sends all before it listens', async () => {
    const { id } = await project();
    const response = await fetch(`http://127.0.0.1:${port}/api/projects/${id}/imports?format=prompts`, {
      method: 'POST',
      headers: admin.headers,
      body: new Uint8Array(20_000_000),
    });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ code: 'invalid' });
  });

  it.each([
    ['a project that is not there', { projectId: '00000000-0000-7000-8000-000000000000', cookie: true }, 404],
    ['nobody signed in', { projectId: '00000000-0000-7000-8000-000000000000', cookie: false }, 401],
  ])('answers such a client also before it reads the body: %s', async (_, { projectId, cookie }, status) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/projects/${projectId}/imports?format=prompts`, {
      method: 'POST',
      headers: cookie ? admin.headers : {},
      body: new Uint8Array(50_000_000),
    });
    expect(response.status).toBe(status);
  });

  it('keeps whole what came before the client went away, and serves on', async () => {
    const p = await project();
    const gone = new Promise<void>((resolve) => {
      const upload = request({
        port,
        host: '127.0.0.1',
        method: 'POST',
        path: `/api/projects/${p.id}/imports?format=comparisons`,
        headers: { ...admin.headers, 'content-type': 'application/jsonl' },
      });
      upload.on('error', () => resolve());
      upload.write(`${jsonLines(...Array.from({ length: 700 }, (_, n) => comparison(n)))}\n{"prompt":"cut o`, () =>
        upload.destroy(),
      );
      upload.on('close', () => resolve());
    });
    await gone;
    await expect
      .poll(
        async () =>
          (
            await rows<{ details: { created: number } }>(
              sql`select details from audit where subject = ${p.id} and action = 'import'`,
            )
          )[0]?.details.created ?? 0,
        { timeout: 10_000 },
      )
      .toBeGreaterThan(0);
    const [made] = await rows<{ conversations: string; messages: string; tasks: string }>(sql`
      select (select count(*) from conversations where project_id = ${p.id})::text as conversations,
        (select count(*) from tasks where project_id = ${p.id})::text as tasks,
        (select count(*) from messages m join conversations c on c.id = m.conversation_id where c.project_id = ${p.id})::text as messages`);
    const conversations = Number(made?.conversations);
    expect(conversations).toBeLessThanOrEqual(700);
    expect(made).toMatchObject({ tasks: String(conversations), messages: String(conversations * 4) });
    // The same file once more brings the rest.
    const whole = jsonLines(...Array.from({ length: 701 }, (_, n) => comparison(n)));
    expect(await send(p, 'comparisons', whole)).toMatchObject({
      created: 701 - conversations,
      duplicates: conversations,
    });
    expect(await breaches(t.database.db)).toEqual([]);
  });

  it('says how far it came, and keeps that', async () => {
    const p = await project();
    const options = { clock: () => new Date(), random: Math.random };
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(`{"prompt":"One?"}\nnonsense\n${' '.repeat(70_000)}\n{"prompt":"Two?"}`);
      throw new Error('the cable was pulled');
    }
    await expect(importLines(t.database.db, p, 'prompts', failing(), options)).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringContaining('the cable was pulled') as string,
      members: { result: { read: 2, created: 1, rejectedCount: 1 } },
    });
    const stop = new AbortController();
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let n = 0; ; n += 1) yield Buffer.from(`{"prompt":"Number ${n}?"}\n`);
    }
    const progressed: number[] = [];
    await expect(
      importLines(t.database.db, p, 'prompts', endless(), {
        ...options,
        signal: stop.signal,
        onProgress: ({ created }) => {
          progressed.push(created);
          stop.abort();
        },
      }),
    ).rejects.toMatchObject({ code: 'unavailable', members: { result: { created: expect.any(Number) as number } } });
    expect(progressed.length).toBeGreaterThan(0);
  });

  it('lets an admin change the project in its midst', async () => {
    const p = await project();
    const most = 200_000;
    let changed = false;
    let lines = 0;
    async function* untilChanged(): AsyncGenerator<Uint8Array> {
      while (!changed && lines < most) {
        const next = Array.from({ length: 50 }, () => ({ prompt: `Question ${(lines += 1)}?` }));
        yield Buffer.from(`${jsonLines(...next)}\n`);
      }
    }
    const { promise: begun, resolve: onProgress } = Promise.withResolvers<unknown>();
    const importing = importLines(t.database.db, p, 'prompts', untilChanged(), {
      ...{ clock: () => new Date(), random: Math.random },
      onProgress,
    });
    await begun;
    const body = { overlap: { demonstration: 3 } };
    const { project: after } = await t.call(changeProject, { params: { projectId: p.id }, body }, admin);
    changed = true;
    expect(after.overlap.demonstration).toBe(3);
    await importing;
    expect(lines).toBeLessThan(most);
    // What came before the change and what came after it wants as many.
    const [{ count } = { count: null }] = await rows<{ count: string }>(
      sql`select count(*)::text from tasks where project_id = ${p.id} and overlap <> 3`,
    );
    expect(count).toBe('0');
  });
});
