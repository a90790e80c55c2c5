import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { v7 as newId } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertModel } from '../../server/models/queries.ts';
import type { Message } from '../../shared/conversations.ts';
import { editDistance } from '../../shared/edit-distance.ts';
import { createModel, type Parameters, type Provider } from '../../shared/models.ts';
import { changeProject, type Project } from '../../shared/projects.ts';
import { startRound } from '../../shared/rounds.ts';
import { readStream, stopStream, type Stream } from '../../shared/streams.ts';
import { suggest } from '../../shared/suggestions.ts';
import * as tasks from '../../shared/tasks.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { rowsNow } from '../support/release.ts';
import { type ModelServer, startModelServer } from '../support/model-server.ts';
import { seedComparisons, seedPrompts } from '../support/seed.ts';
import { claimed, projectWith } from '../support/work.ts';

let t: TestApp;
let server: ModelServer;
let admin: Caller;
let ann: Caller;
let bob: Caller;

beforeAll(async () => {
  server = await startModelServer({ betweenMs: 1, slowMs: 300 });
  t = await startApp({ modelTiming: { silenceMs: 2_000, retryMs: 20, replayWordsPerSecond: Infinity } });
  admin = await t.person('admin');
  ann = await t.person('trainer');
  bob = await t.person('trainer');
});
afterAll(async () => {
  await t.close();
  await server.close();
});

const of = ({ id }: { id: string }) => ({ params: { assignmentId: id } });
const user = (content: string): Message => ({ role: 'user', content });
const assistant = (content: string): Message => ({ role: 'assistant', content });

let made = 0;
/** Begins a round whose policy model acts out a scenario. */
async function begin(project: Project, scenario: string, parameters: Parameters = {}): Promise<void> {
  made += 1;
  const provider: Provider = scenario === 'replay' ? 'replay' : 'openai';
  const model = await insertModel(t.context.db, {
    ...{ id: newId(), name: `Model ${made}`, provider, model: scenario, parameters, concurrency: 8 },
    baseUrl: provider === 'replay' ? null : server.url,
  });
  const mix = [{ modelId: model?.id ?? '', count: 1 }];
  const body = { policyModelId: model?.id ?? '', mix, kinds: ['demonstration' as const, 'comparison' as const] };
  await t.call(startRound, { params: { projectId: project.id }, body }, admin);
}

/** A demonstration in Ann's hands, with a model behind it. */
async function writing(scenario: string | null, settings: Parameters0 = {}) {
  const project = await projectWith(t, admin, [ann, bob], settings);
  await seedPrompts(t.database.db, project.id, 1);
  if (scenario !== null) await begin(project, scenario);
  const assignment = await claimed(t, project, ann);
  if (assignment.kind !== 'demonstration') throw new Error('no demonstration');
  return { project, assignment, prompt: assignment.task.conversation };
}
type Parameters0 = NonNullable<globalThis.Parameters<typeof projectWith>[3]>;
type Writing = Awaited<ReturnType<typeof writing>>;

async function ask({ assignment, prompt }: Writing, count = 2): Promise<Stream[]> {
  const body = { messages: prompt, role: 'assistant' as const, count };
  return (await t.call(suggest, { ...of(assignment), body }, ann)).suggestions;
}

async function ended({ id }: { id: string }): Promise<Stream> {
  for (;;) {
    const { stream } = await t.call(readStream, { params: { streamId: id } }, ann);
    if (stream.state !== 'waiting' && stream.state !== 'streaming') return stream;
    await sleep(20);
  }
}

const askedAndEnded = async (what: Writing, count = 2) => Promise.all((await ask(what, count)).map(ended));

const generationsOf = async ({ assignment }: Writing) =>
  t.database.db._.session.all<Record<string, unknown>>(sql`
    select id, purpose, state, role, fate, edit_distance, round_id is not null as of_round from generations
    where assignment_id = ${assignment.id} order by created_at, id`);

describe('moderation', () => {
  it('withholds a suggestion that it blocks, and says so', async () => {
    const model = { name: 'Judge', provider: 'moderations' as const, baseUrl: server.url, model: 'moderation' };
    const { model: judging } = await t.call(createModel, { body: model }, admin);
    const moderation = { modelId: judging.id, actions: { violence: 'block' as const } };
    const [suggestion] = await ask(await writing('harmful', { moderation }), 1);
    if (suggestion === undefined) throw new Error('no suggestion');
    const stored = await ended(suggestion);
    expect(stored).toMatchObject({ state: 'failed', text: '' });
    expect(stored.detail).toMatch(/withheld/);
  });
});

describe('suggestions', () => {
  it('are written side by side, each another, for the turn of the assistant and for that of the user', async () => {
    const demonstration = await writing('steady');
    const { assignment, prompt } = demonstration;
    const { suggestions, demo } = await t.call(
      suggest,
      { ...of(assignment), body: { messages: prompt, role: 'assistant' } },
      ann,
    );
    expect(demo).toBe(false);
    expect(suggestions).toHaveLength(4);
    const texts = (await Promise.all(suggestions.map(ended))).map(({ state, text }) => {
      expect(state).toBe('done');
      return text;
    });
    expect(new Set(texts).size).toBe(4);

    const messages = [...prompt, assistant('Because.')];
    const turn = await t.call(suggest, { ...of(assignment), body: { messages, role: 'user', count: 1 } }, ann);
    expect((await ended(turn.suggestions[0] ?? { id: '' })).state).toBe('done');
    expect(
      (await generationsOf(demonstration)).map(({ role, purpose, of_round }) => [role, purpose, of_round]),
    ).toEqual([...Array.from({ length: 4 }, () => ['assistant', 'suggestion', true]), ['user', 'suggestion', true]]);
  });

  it('are asked of the running round, with the parameters of its model', async () => {
    const demonstration = await writing('steady:before');
    await begin(demonstration.project, 'steady:now', { temperature: 0.3, maxTokens: 5 });
    const [stream] = await askedAndEnded(demonstration, 1);
    expect(stream?.text.split(' ')).toHaveLength(5);
    expect(server.requests('steady:before')).toBe(0);
    expect(server.last('steady:now')?.body).toMatchObject({ temperature: 0.3, max_tokens: 5 });
  });

  it('tell that they are recorded ones, in the demo', async () => {
    const { assignment, prompt } = await writing('replay');
    const body = { messages: prompt, role: 'assistant' as const, count: 1 };
    const { suggestions, demo } = await t.call(suggest, { ...of(assignment), body }, ann);
    expect(demo).toBe(true);
    await t.call(stopStream, { params: { streamId: suggestions[0]?.id ?? '' } }, ann);
  });

  it("are one's own: nobody else reads or stops them, or asks for them", async () => {
    const demonstration = await writing('endless');
    const [stream] = await ask(demonstration, 1);
    const { id } = stream ?? { id: '' };
    await t.refused('not_found', readStream, { params: { streamId: id } }, bob);
    await t.refused('not_found', stopStream, { params: { streamId: id } }, bob);
    await t.refused(
      'not_found',
      suggest,
      { ...of(demonstration.assignment), body: { messages: [], role: 'user' } },
      bob,
    );
    await t.call(stopStream, { params: { streamId: id } }, ann);
    expect((await ended({ id })).state).toBe('stopped');
  });

  it('are at most eight at a time for one piece of work, however fast one asks', async () => {
    const demonstration = await writing('slow-first-token');
    const { assignment, prompt } = demonstration;
    const body = { messages: prompt, role: 'assistant' as const, count: 3 };
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => t.send(suggest, { ...of(assignment), body }, ann)),
    );
    expect(answers.map(({ statusCode }) => statusCode).toSorted()).toEqual([200, 200, 429, 429, 429, 429]);
    const refused = await t.refused('too_many_requests', suggest, { ...of(assignment), body }, ann);
    expect(refused.detail).toMatch(/^At most 8 suggestions are written at a time\./);
    const rows = await generationsOf(demonstration);
    expect(rows).toHaveLength(6);
    await Promise.all(rows.map(({ id }) => ended({ id: String(id) })));
    await askedAndEnded(demonstration, 4);
  });

  it('need a model, and say so', async () => {
    const { assignment, prompt } = await writing(null);
    const body = { messages: prompt, role: 'assistant' as const };
    const { detail } = await t.refused('conflict', suggest, { ...of(assignment), body }, ann);
    expect(detail).toMatch(/^No model is set up for this project yet/);
  });

  it('are for a dialogue that can go on like this, by name of the field', async () => {
    const { assignment, prompt } = await writing('steady', { limits: { maxTurns: 4, maxCharacters: 20 } });
    const fault = async (messages: Message[], role: 'user' | 'assistant') => {
      const { errors } = await t.refused('invalid', suggest, { ...of(assignment), body: { messages, role } }, ann);
      return errors?.map(({ path, message }) => `${path}: ${message}`);
    };
    expect(await fault(prompt, 'user')).toEqual(['role: it is the turn of the assistant here, not of the user']);
    expect(await fault([], 'assistant')).toEqual(['role: it is the turn of the user here, not of the assistant']);
    expect(await fault([...prompt, user('So?')], 'assistant')).toEqual([
      'messages.1.role: expected the assistant to speak here, not the user',
    ]);
    expect(await fault([...prompt, assistant('x'.repeat(21))], 'user')).toEqual([
      'messages.1.content: must have at most 20 characters',
    ]);
    const four = [...prompt, assistant('a'), user('b'), assistant('c')];
    expect(await fault(four, 'user')).toEqual(['messages: must be at most 3']);
    expect(await fault([...prompt, assistant(' ')], 'user')).toEqual(['messages.1.content: must not be empty']);
    expect(await fault([...prompt, assistant('\0')], 'user')).toEqual([
      'messages.1.content: holds a NUL character, which cannot be stored',
    ]);
    expect(await fault([...prompt, assistant('\ud800')], 'user')).toEqual([
      'messages.1.content: holds half of a surrogate pair, which is no character',
    ]);
  });

  it("are for demonstrations in one's hands, or that ran out", async () => {
    const demonstration = await writing('steady');
    const { project, assignment, prompt } = demonstration;
    const asking = { ...of(assignment), body: { messages: prompt, role: 'assistant' as const, count: 1 } };
    t.ahead += 31 * 60_000;
    await t.call(tasks.claim, { params: { projectId: project.id }, body: {} }, bob);
    expect((await t.call(tasks.readAssignment, of(assignment), ann)).assignment.state).toBe('expired');
    // What is submitted from here on is of now, as releases see it.
    t.ahead = 0;
    await askedAndEnded(demonstration, 1);
    await t.call(tasks.release, of(assignment), ann);
    await t.refused('conflict', suggest, asking, ann);

    await seedComparisons(t.database.db, project.id, 1);
    const comparison = await claimed(t, project, ann);
    const { detail } = await t.refused('conflict', suggest, { ...asking, ...of(comparison) }, ann);
    expect(detail).toBe('Suggestions are for demonstrations; this is a comparison.');
    await t.call(changeProject, { params: { projectId: project.id }, body: { archived: true } }, admin);
  });

  it('are no more for an archived project', async () => {
    const { project, assignment, prompt } = await writing('steady');
    await t.call(changeProject, { params: { projectId: project.id }, body: { archived: true } }, admin);
    await t.refused('archived', suggest, { ...of(assignment), body: { messages: prompt, role: 'assistant' } }, ann);
  });
});

describe('a model server that is', () => {
  it.each([
    'steady',
    'instant',
    'slow-first-token',
    'rate-limited',
    'error-then-fine',
    'no-n',
    'no-seed',
    'no-system',
    'plain',
  ])('%s gives suggestions', async (scenario) => {
    for (const { state, text, detail } of await askedAndEnded(await writing(`${scenario}:suggest`))) {
      expect([state, detail]).toEqual(['done', null]);
      expect(text).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('asked for the turn of a user while it takes no system message still gives one', async () => {
    const { assignment } = await writing('no-system:user');
    const body = { messages: [], role: 'user' as const, count: 1 };
    const { suggestions } = await t.call(suggest, { ...of(assignment), body }, ann);
    expect((await ended(suggestions[0] ?? { id: '' })).state).toBe('done');
  });

  it.each(['cut', 'ends-early', 'malformed', 'stall'])(
    '%s in mid-stream leaves what it wrote, and says why',
    async (scenario) => {
      for (const { state, text, detail } of await askedAndEnded(await writing(`${scenario}:suggest`))) {
        expect(state).toBe('failed');
        expect(text.split(' ')).toHaveLength(3);
        expect(detail).toMatch(/\w+ \w+/);
      }
    },
  );

  it.each(['empty', 'html', 'unknown-model', 'wrong-key', 'too-long'])('%s fails in words', async (scenario) => {
    const [stream] = await askedAndEnded(await writing(`${scenario}:suggest`), 1);
    expect(stream).toMatchObject({ state: 'failed', text: '' });
    expect(stream?.detail).toMatch(/\w+ \w+/);
  });

  it('identical gives the same text again, and nothing is lost', async () => {
    const [one, other] = await askedAndEnded(await writing('identical'));
    expect(one?.text).toBe(other?.text);
    expect(one?.id).not.toBe(other?.id);
  });

  it('endless is cut at the longest that a message may be', async () => {
    const [stream] = await askedAndEnded(await writing('endless:whole'), 1);
    expect(stream).toMatchObject({ state: 'done' });
    expect(stream?.text).toHaveLength(200_000);
  });

  it('long gives all of its 32 kB', async () => {
    const [stream] = await askedAndEnded(await writing('long'), 1);
    expect(stream?.text).toHaveLength(32 * 1024);
  });

  it('splitting characters over chunks gives them whole', async () => {
    const [stream] = await askedAndEnded(await writing('split-bytes'), 1);
    expect(stream?.text).toMatch(
      / Grüße, 你好世界, привет, مرحبا, ελληνικά, 👩‍👩‍👧 und 😀 – fünf Zeichen à drei Bytes: €{5}\.$/u,
    );
  });
});

describe('a demonstration with suggestions', () => {
  it('says what became of each, and which message began as which', async () => {
    const demonstration = await writing('steady');
    const { project, assignment, prompt } = demonstration;
    const [whole, edited, removed, ignored] = await askedAndEnded(demonstration, 4);
    if (!whole || !edited || !removed || !ignored) throw new Error('too few suggestions');
    const changed = edited.text.replace('.', ', and so on.');
    const messages = [...prompt, assistant(whole.text), user(changed), assistant('My own.')];
    const suggestions = [
      { index: 1, suggestionId: whole.id, inserted: whole.text },
      { index: null, suggestionId: removed.id, inserted: removed.text.slice(0, 10) },
      { index: 2, suggestionId: edited.id, inserted: edited.text },
    ];
    const submission = { ...of(assignment), body: { messages, suggestions } };
    const first = await t.call(tasks.submit, submission, ann);
    expect(await t.call(tasks.submit, submission, ann)).toEqual(first);

    const distance = editDistance(edited.text, changed);
    const rows = new Map((await generationsOf(demonstration)).map(({ id, ...row }) => [id, row]));
    expect(rows.get(whole.id)).toMatchObject({ fate: 'inserted', edit_distance: 0 });
    expect(rows.get(edited.id)).toMatchObject({ fate: 'edited', edit_distance: expect.closeTo(distance, 5) as number });
    expect(rows.get(removed.id)).toMatchObject({ fate: 'removed', edit_distance: null });
    expect(rows.get(ignored.id)).toMatchObject({ fate: 'ignored', edit_distance: null });
    const written = await t.database.db._.session.all(sql`
      select m.author_kind, m.generation_id, m.edit_distance, c.round_id = p.round_id as of_round
      from messages m join conversations c on c.id = m.conversation_id join projects p on p.id = c.project_id
      where c.assignment_id = ${assignment.id} order by m.id`);
    expect(written).toEqual([
      { author_kind: 'import', generation_id: null, edit_distance: null, of_round: true },
      { author_kind: 'trainer', generation_id: whole.id, edit_distance: 0, of_round: true },
      {
        author_kind: 'trainer',
        generation_id: edited.id,
        edit_distance: expect.closeTo(distance, 5) as number,
        of_round: true,
      },
      { author_kind: 'trainer', generation_id: null, edit_distance: null, of_round: true },
    ]);
    expect(await rowsNow(t, admin, project.id, 'sft')).toMatchObject([{ origin: 'human_edited', messages }]);

    const { assignment: again } = await t.call(tasks.reopen, of(assignment), ann);
    expect(again.draft).toEqual({ messages, suggestions });
    const own = [...prompt, assistant('All my own.')];
    await t.call(tasks.submit, { ...of(assignment), body: { messages: own } }, ann);
    expect((await generationsOf(demonstration)).map(({ fate }) => fate)).toEqual(Array<string>(4).fill('ignored'));
    expect((await t.call(tasks.readAssignment, of(assignment), ann)).assignment.draft).toEqual({ messages: own });
    expect(await rowsNow(t, admin, project.id, 'sft')).toMatchObject([{ origin: 'human' }]);
  });

  it("keeps a turn of the prompt as the prompt's, whatever was put in meanwhile", async () => {
    const demonstration = await writing('steady');
    const { assignment, prompt } = demonstration;
    const [taken] = await askedAndEnded(demonstration, 1);
    const suggestions = [{ index: 0, suggestionId: taken?.id ?? '', inserted: taken?.text ?? '' }];
    await t.call(
      tasks.submit,
      { ...of(assignment), body: { messages: [...prompt, assistant('Own.')], suggestions } },
      ann,
    );
    expect((await generationsOf(demonstration)).map(({ fate }) => fate)).toEqual(['removed']);
  });

  it('cannot name suggestions or messages that it does not have', async () => {
    const [mine, other] = [await writing('steady'), await writing('steady')];
    const [[taken], [foreign]] = [await askedAndEnded(mine, 1), await askedAndEnded(other, 1)];
    const messages = [...mine.prompt, assistant('So.')];
    const fault = async (...suggestions: { index: number | null; suggestionId: string; inserted: string }[]) => {
      const submission = { ...of(mine.assignment), body: { messages, suggestions } };
      const { errors } = await t.refused('invalid', tasks.submit, submission, ann);
      return errors?.map(({ path, message }) => `${path}: ${message}`);
    };
    const one = { index: 1, suggestionId: taken?.id ?? '', inserted: 'So' };
    expect(await fault(one, { ...one, suggestionId: foreign?.id ?? '' })).toEqual([
      'suggestions.1.suggestionId: is no suggestion of this assignment',
    ]);
    expect(await fault({ ...one, index: 2 })).toEqual(['suggestions.0.index: there is no such message']);
    await t.call(tasks.submit, { ...of(mine.assignment), body: { messages, suggestions: [one] } }, ann);
  });

  it('needs the share of own words that its project asks for', async () => {
    const demonstration = await writing('steady', { ownWords: 60 });
    const { assignment, prompt } = demonstration;
    const [taken] = await askedAndEnded(demonstration, 1);
    const { id: suggestionId, text } = taken ?? { id: '', text: '' };
    const suggestions = [{ index: 1, suggestionId, inserted: text }];
    const submission = (content: string) => ({
      ...of(assignment),
      body: { messages: [...prompt, assistant(content)], suggestions },
    });
    const { errors } = await t.refused('invalid', tasks.submit, submission(`${text} Twelve more words.`), ann);
    expect(errors).toEqual([
      {
        path: 'messages',
        message: 'only 11 % of the words are your own; this project asks for at least 60 %',
      },
    ]);
    const own = Array.from({ length: 40 }, (_, n) => `word${n}`).join(' ');
    await t.call(tasks.submit, submission(`${text} ${own}`), ann);
  });
});
