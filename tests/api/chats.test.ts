import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, statement } from '../../server/db/database.ts';
import { answerAgain, openChats, readChat, say } from '../../shared/chats.ts';
import { comparisonTask } from '../../shared/comparisons.ts';
import { importLines } from '../../shared/imports.ts';
import type { LiveMessage } from '../../shared/live.ts';
import { createModel } from '../../shared/models.ts';
import { addMember, changeProject, removeMember } from '../../shared/projects.ts';
import { startRound } from '../../shared/rounds.ts';
import { readStream, stopStream } from '../../shared/streams.ts';
import { type Assignment, claim, reopen, submit } from '../../shared/tasks.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { chatNow, chatProject, claimedChat, ended, modelOf, said } from '../support/chat.ts';
import { listen, type Listener } from '../support/listener.ts';
import { type ModelServer, startModelServer } from '../support/model-server.ts';
import { projectWith } from '../support/work.ts';

let t: TestApp;
let server: ModelServer;
/** An answer of its own takes half a minute. */
let slow: ModelServer;
let admin: Caller;
let ann: Caller;
let ben: Caller;

beforeAll(async () => {
  t = await startApp({ modelTiming: { firstMs: 6_000, silenceMs: 3_000, retryMs: 50 } });
  server = await startModelServer({ betweenMs: 2 });
  slow = await startModelServer({ betweenMs: 150, words: 200 });
  admin = await t.person('admin');
  ann = await t.person('trainer');
  ben = await t.person('trainer');
});
afterAll(async () => {
  await t.close();
  await server.close();
  await slow.close();
});

const begun = async (scenario: string, settings = {}, at = server) => {
  const model = await modelOf(t, admin, at, scenario);
  const project = await chatProject(t, admin, [ann, ben], model, settings);
  return { model, project, assignment: await claimedChat(t, project, ann) };
};

const countSamplings = statement<{ n: number }>(
  'count_samplings',
  'select count(*)::int as n from samplings where conversation_id = $1::uuid',
);
const countComparisons = statement<{ n: number }>(
  'count_comparisons',
  "select count(*)::int as n from tasks where kind = 'comparison' and project_id = $1::uuid",
);
const samplingsOf = async (chatId: string): Promise<number> =>
  (await run(t.database.db, countSamplings, [chatId]))[0]?.n ?? 0;

/** Follows a stream until it has ended; the text as a page would have it. */
async function followed(
  { socket, next }: Listener,
  streamId: string,
  from = '',
  coming = false,
): Promise<{ text: string; states: string[] }> {
  socket.send(JSON.stringify({ type: 'follow', streamId, from: from.length, coming }));
  let text = from;
  const states: string[] = [];
  for (;;) {
    const message = await next((one: LiveMessage) => 'streamId' in one && one.streamId === streamId);
    if (message.type === 'piece') {
      expect(message.at).toBeLessThanOrEqual(text.length);
      text = text.slice(0, message.at) + message.text;
    } else if (message.type === 'stream') {
      states.push(message.state);
      if (message.state !== 'waiting' && message.state !== 'streaming') {
        expect(text.length).toBe(message.length);
        return { text, states };
      }
    }
  }
}

describe('a chat', () => {
  it('streams the answer, and has it in the tree once it has ended', async () => {
    const { assignment } = await begun('steady');
    const tab = await listen(t.app, ann);
    const { message, answer } = await said(t, assignment.id, 'Why is the sky blue?', null, ann);
    expect(message).toMatchObject({ role: 'user', parentId: null, stream: null });
    expect(answer).toMatchObject({ role: 'assistant', parentId: message.id, stream: { id: answer.id } });
    const { text, states } = await followed(tab, answer.id);
    expect(states).toContain('streaming');
    expect(states.at(-1)).toBe('done');
    expect(text.length).toBeGreaterThan(20);
    const { messages, demo, unavailable } = await chatNow(t, assignment.id, ann);
    expect({ demo, unavailable }).toEqual({ demo: false, unavailable: null });
    expect(messages.map(({ role, content }) => [role, content])).toEqual([
      ['user', 'Why is the sky blue?'],
      ['assistant', text],
    ]);
    tab.socket.terminate();
  });

  it('streams to a page that follows the answer before it is asked for, and to nobody else', async () => {
    const { assignment } = await begun('steady');
    const [tab, others] = [await listen(t.app, ann), await listen(t.app, ben)];
    const answerId = randomUUID();
    others.socket.send(JSON.stringify({ type: 'follow', streamId: answerId, from: 0, coming: true }));
    const following = followed(tab, answerId, '', true);
    const body = { id: randomUUID(), answerId, parentId: null, content: 'Why is the sky blue?' };
    const { answer } = await t.call(say, { params: { assignmentId: assignment.id }, body }, ann);
    expect(answer.id).toBe(answerId);
    expect(await others.next()).toMatchObject({ type: 'refused' });
    const { text, states } = await following;
    expect(states.at(-1)).toBe('done');
    expect((await chatNow(t, assignment.id, ann)).messages.at(-1)?.content).toBe(text);
    // The same again is once, and an id that is taken is refused.
    expect((await t.call(say, { params: { assignmentId: assignment.id }, body }, ann)).answer.id).toBe(answerId);
    const taken = { ...body, id: randomUUID(), content: 'And red?' };
    await t.refused('invalid', say, { params: { assignmentId: assignment.id }, body: taken }, ann);
    tab.socket.terminate();
    others.socket.terminate();
  });

  it('tells a page that followed what never came', async () => {
    const tab = await listen(t.app, ann);
    tab.socket.send(JSON.stringify({ type: 'follow', streamId: randomUUID(), from: 0, coming: true }));
    expect(await tab.next()).toMatchObject({ type: 'refused' });
    tab.socket.terminate();
  });

  it('asks the model over a connection that is kept', async () => {
    const { assignment, model } = await begun('steady:kept');
    for (const content of ['One?', 'Two?', 'Three?']) {
      const { answer } = await said(t, assignment.id, content, null, ann);
      await ended(t, assignment.id, answer.id, ann);
    }
    expect(server.requests(model.model)).toBe(3);
    expect(server.connections(model.model)).toBe(1);
  });

  it('asks the model with the whole path, and with that alone', async () => {
    const { assignment, model } = await begun('steady:path');
    const first = await said(t, assignment.id, 'One?', null, ann);
    const { content } = await ended(t, assignment.id, first.answer.id, ann);
    const second = await said(t, assignment.id, 'Two?', first.answer.id, ann);
    await ended(t, assignment.id, second.answer.id, ann);
    expect(server.last(model.model)?.body.messages).toEqual([
      { role: 'user', content: 'One?' },
      { role: 'assistant', content },
      { role: 'user', content: 'Two?' },
    ]);
    // What was said is edited: a branch beside it, which the model does not see.
    const edited = await said(t, assignment.id, 'Two, rather?', first.answer.id, ann);
    await ended(t, assignment.id, edited.answer.id, ann);
    expect(server.last(model.model)?.body.messages.map((one) => one.content)).toEqual([
      'One?',
      content,
      'Two, rather?',
    ]);
  });

  it('answers once more beside what it said, with another seed', async () => {
    const { assignment } = await begun('steady');
    const { message, answer } = await said(t, assignment.id, 'Hello?', null, ann);
    const first = await ended(t, assignment.id, answer.id, ann);
    const id = randomUUID();
    const params = { assignmentId: assignment.id };
    await t.call(answerAgain, { params, body: { id, parentId: message.id } }, ann);
    // The same again is once.
    await t.call(answerAgain, { params, body: { id, parentId: message.id } }, ann);
    const second = await ended(t, assignment.id, id, ann);
    expect(second.parentId).toBe(message.id);
    expect(second.content).not.toBe(first.content);
    expect((await chatNow(t, assignment.id, ann)).messages).toHaveLength(3);
  });

  it('takes the same message twice as one', async () => {
    const { assignment } = await begun('steady');
    const body = { id: randomUUID(), parentId: null, content: 'Once' };
    const params = { assignmentId: assignment.id };
    const answers = await Promise.all([1, 2, 3].map(() => t.call(say, { params, body }, ann)));
    expect(new Set(answers.map(({ answer }) => answer.id)).size).toBe(1);
    await ended(t, assignment.id, answers[0]?.answer.id ?? '', ann);
    expect((await chatNow(t, assignment.id, ann)).messages).toHaveLength(2);
  });

  it('begins with an imported prompt, which the model answers first', async () => {
    const model = await modelOf(t, admin, server, 'steady');
    const project = await projectWith(t, admin, [ann]);
    const params = { projectId: project.id };
    const lines = [{ prompt: 'A first prompt' }, { prompt: 'A second one' }].map((line) => JSON.stringify(line));
    await t.call(importLines, { params, query: { format: 'prompts' }, body: lines.join('\n') }, admin);
    const round = { policyModelId: model.id, mix: [{ modelId: model.id, count: 3 }], kinds: ['chat' as const] };
    await t.call(startRound, { params, body: round }, admin);
    const open = { params, body: { opening: 'prompts' as const } };
    expect(await t.call(openChats, open, admin)).toEqual({ tasks: 2 });
    expect(await t.call(openChats, open, admin)).toEqual({ tasks: 0 });
    const assignment = await claimedChat(t, project, ann);
    const [opening] = (await chatNow(t, assignment.id, ann)).messages;
    expect(opening?.role).toBe('user');
    expect(assignment.task).toMatchObject({ conversation: [{ content: opening?.content }] });
    const body = { id: randomUUID(), parentId: opening?.id ?? '' };
    await t.call(answerAgain, { params: { assignmentId: assignment.id }, body }, ann);
    expect(await ended(t, assignment.id, body.id, ann)).toMatchObject({ stream: { state: 'done' } });
  });

  it('is made once for a prompt, also by two who ask for it at once', async () => {
    const project = await projectWith(t, admin, [ann]);
    const params = { projectId: project.id };
    const lines = Array.from({ length: 500 }, (_, n) => JSON.stringify({ prompt: `Prompt ${n}` })).join('\n');
    await t.call(importLines, { params, query: { format: 'prompts' }, body: lines }, admin);
    const open = { params, body: { opening: 'prompts' as const } };
    const made = await Promise.all([1, 2, 3].map(() => t.call(openChats, open, admin)));
    expect(made.map(({ tasks }) => tasks).toSorted((a, b) => a - b)).toEqual([0, 0, 500]);
  });

  it('tells nobody which model it is', async () => {
    const { assignment, model } = await begun('steady');
    const { answer } = await said(t, assignment.id, 'Who are you?', null, ann);
    await ended(t, assignment.id, answer.id, ann);
    const response = await t.send(readChat, { params: { assignmentId: assignment.id } }, ann);
    expect(response.body).not.toContain(model.name);
    expect(response.body).not.toContain(model.id);
  });

  it('is its trainer’s alone', async () => {
    const { assignment } = await begun('steady');
    const { answer } = await said(t, assignment.id, 'Mine', null, ann);
    const params = { assignmentId: assignment.id };
    await t.refused('not_found', readChat, { params }, ben);
    await t.refused('not_found', say, { params, body: { id: randomUUID(), parentId: null, content: 'Hi' } }, ben);
    await t.refused('not_found', readStream, { params: { streamId: answer.id } }, ben);
    await t.refused('not_found', stopStream, { params: { streamId: answer.id } }, ben);
    const tab = await listen(t.app, ben);
    tab.socket.send(JSON.stringify({ type: 'follow', streamId: answer.id, from: 0 }));
    expect(await tab.next()).toMatchObject({ type: 'refused' });
    tab.socket.send(JSON.stringify({ type: 'attend', assignmentId: assignment.id }));
    expect(await tab.next()).toMatchObject({ type: 'refused' });
    tab.socket.terminate();
  });
});

describe('what comes of each kind of model server', () => {
  it.each([
    ['steady', 'done', null],
    ['instant', 'done', null],
    ['slow-first-token', 'done', null],
    ['rate-limited', 'done', null],
    ['error-then-fine', 'done', null],
    ['no-n', 'done', null],
    ['identical', 'done', null],
    ['plain', 'done', null],
    ['stall', 'failed', /stood still|no more came|stopped/i],
    ['cut', 'failed', /broke|ended|cut/i],
    ['ends-early', 'failed', /ended|whole/i],
    ['malformed', 'failed', /malformed/i],
    ['html', 'failed', /web page/i],
    ['unknown-model', 'failed', /model/i],
    ['wrong-key', 'failed', /key/i],
  ])('%s', { timeout: 60_000 }, async (scenario, state, detail) => {
    const { assignment } = await begun(scenario);
    const tab = await listen(t.app, ann);
    const { answer } = await said(t, assignment.id, `To a ${scenario} server`, null, ann);
    const { text, states } = await followed(tab, answer.id);
    expect(states.at(-1)).toBe(state);
    const stored = await ended(t, assignment.id, answer.id, ann);
    expect(stored.content).toBe(text);
    if (detail === null) expect(stored.stream?.detail).toBeNull();
    else expect(stored.stream?.detail).toMatch(detail);
    // What it said before it failed is kept.
    if (['stall', 'cut', 'ends-early', 'malformed'].includes(scenario))
      expect(text.split(/\s+/).length).toBeGreaterThan(1);
    tab.socket.terminate();
  });

  it('says that it waits, while the model server asks for time', async () => {
    const { assignment } = await begun('rate-limited:again');
    const { answer } = await said(t, assignment.id, 'Patience', null, ann);
    await expect
      .poll(async () => (await t.call(readStream, { params: { streamId: answer.id } }, ann)).stream.detail)
      .toMatch(/wait|again/i);
    expect((await ended(t, assignment.id, answer.id, ann)).stream).toMatchObject({ state: 'done', detail: null });
  });

  it('an empty answer is a failure in words, and no message', async () => {
    const { assignment } = await begun('empty');
    const { message, answer } = await said(t, assignment.id, 'Say something', null, ann);
    const stored = await ended(t, assignment.id, answer.id, ann);
    expect(stored).toMatchObject({ content: '', parentId: message.id, stream: { state: 'failed' } });
    expect(stored.stream?.detail).toMatch(/without a word|nothing|empty/i);
  }, 60_000);

  it('an endless answer can be stopped, and what it said is kept', async () => {
    const { assignment } = await begun('endless');
    const { answer } = await said(t, assignment.id, 'Go on', null, ann);
    await expect
      .poll(async () => (await t.call(readStream, { params: { streamId: answer.id } }, ann)).stream.text.length)
      .toBeGreaterThan(50);
    await t.call(stopStream, { params: { streamId: answer.id } }, ann);
    await t.call(stopStream, { params: { streamId: answer.id } }, ann);
    const stored = await ended(t, assignment.id, answer.id, ann);
    expect(stored.stream?.state).toBe('stopped');
    expect(stored.content.length).toBeGreaterThan(50);
    await expect.poll(() => server.open('endless')).toBe(0);
  });

  it('32 kB and characters split over packets come whole', async () => {
    for (const scenario of ['long', 'split-bytes']) {
      const { assignment } = await begun(scenario);
      const tab = await listen(t.app, ann);
      const { answer } = await said(t, assignment.id, 'All of it', null, ann);
      const { text } = await followed(tab, answer.id);
      expect(text).not.toContain('\uFFFD');
      expect(text.isWellFormed()).toBe(true);
      if (scenario === 'long') expect(Buffer.byteLength(text)).toBeGreaterThanOrEqual(32_000);
      expect((await ended(t, assignment.id, answer.id, ann)).content).toBe(text);
      tab.socket.terminate();
    }
  });
});

describe('a second tab', () => {
  it('hears of what is said in the first, and goes on with a stream from where it is', async () => {
    const { assignment } = await begun('steady');
    const first = await listen(t.app, ann);
    const second = await listen(t.app, ann);
    second.socket.send(JSON.stringify({ type: 'attend', assignmentId: assignment.id }));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { answer } = await said(t, assignment.id, 'To both', null, ann);
    expect(await second.next()).toEqual({ type: 'changed', assignmentId: assignment.id });
    const whole = followed(first, answer.id);
    const { text: begunText } = await t
      .call(readStream, { params: { streamId: answer.id } }, ann)
      .then(({ stream }) => stream);
    const rest = await followed(second, answer.id, begunText);
    expect(rest.text).toBe((await whole).text);
    // From the end, nothing is sent but the state.
    expect(await followed(second, answer.id, rest.text)).toEqual({ text: rest.text, states: ['done'] });
    for (const { socket } of [first, second]) socket.terminate();
  });
});

describe('ending a chat', () => {
  it('needs an answer, and none that is still being written', async () => {
    const { assignment } = await begun('endless');
    const params = { assignmentId: assignment.id };
    expect(
      (await t.refused('invalid', submit, { params, body: { leafId: randomUUID() } }, ann)).errors?.[0]?.path,
    ).toBe('leafId');
    const { message, answer } = await said(t, assignment.id, 'Begin', null, ann);
    await t.refused('conflict', submit, { params, body: { leafId: message.id } }, ann);
    const stream = { params: { streamId: answer.id } };
    await expect.poll(async () => (await t.call(readStream, stream, ann)).stream.text.length).toBeGreaterThan(10);
    await t.call(stopStream, stream, ann);
    await ended(t, assignment.id, answer.id, ann);
    await t.call(submit, { params, body: { leafId: answer.id } }, ann);
    // What was stopped is not picked, and there is nothing else.
    expect(await samplingsOf(assignment.id)).toBe(0);
  });

  it('makes a comparison of a picked message and its alternatives, which its trainer does not rank', async () => {
    const { assignment, project } = await begun('steady');
    const params = { assignmentId: assignment.id };
    const { answer } = await said(t, assignment.id, 'Compare this', null, ann);
    const { content } = await ended(t, assignment.id, answer.id, ann);
    await t.call(submit, { params, body: { leafId: answer.id } }, ann);
    const wanted = { params: { projectId: project.id }, body: { kinds: ['comparison' as const] } };
    let found: Assignment | null = null;
    await expect
      .poll(async () => (found = (await t.call(claim, wanted, ben))?.assignment ?? null), { timeout: 15_000 })
      .not.toBeNull();
    const task = comparisonTask.parse((found as Assignment | null)?.task);
    expect(task.conversation).toEqual([{ role: 'user', content: 'Compare this' }]);
    expect(task.completions).toHaveLength(4);
    expect(task.completions.map((one) => one.content)).toContain(content);
    expect(await t.call(claim, wanted, ann)).toBeNull();
  });

  it('is not ranked by its trainer either who had an opening answered and wrote nothing', async () => {
    const model = await modelOf(t, admin, server, 'steady');
    const project = await chatProject(t, admin, [ann, ben], model, {}, 1);
    const params = { projectId: project.id };
    const lines = JSON.stringify({ prompt: 'What is a tide?' });
    await t.call(importLines, { params, query: { format: 'prompts' }, body: lines }, admin);
    await t.call(openChats, { params, body: { opening: 'prompts' } }, admin);
    const chats = [await claimedChat(t, project, ann), await claimedChat(t, project, ann)];
    const assignment = chats.find(({ task }) => 'conversation' in task && task.conversation.length > 0);
    const assignmentId = assignment?.id ?? '';
    const [opening] = (await chatNow(t, assignmentId, ann)).messages;
    const id = randomUUID();
    const asked = { params: { assignmentId }, body: { id, parentId: opening?.id ?? '' } };
    await t.call(answerAgain, asked, ann);
    await ended(t, assignmentId, id, ann);
    await t.call(submit, { params: { assignmentId }, body: { leafId: id } }, ann);
    const wanted = { params, body: { kinds: ['comparison' as const] } };
    await expect
      .poll(async () => (await run(t.database.db, countComparisons, [project.id]))[0]?.n, { timeout: 15_000 })
      .toBe(1);
    expect(await t.call(claim, wanted, ann)).toBeNull();
    expect(await t.call(claim, wanted, ben)).not.toBeNull();
  });

  it('can be taken back and gone on with; it is compared once', async () => {
    const { assignment } = await begun('steady');
    const params = { assignmentId: assignment.id };
    const first = await said(t, assignment.id, 'One', null, ann);
    await ended(t, assignment.id, first.answer.id, ann);
    await t.call(submit, { params, body: { leafId: first.answer.id, comment: 'Done' } }, ann);
    await t.refused(
      'already_submitted',
      say,
      { params, body: { id: randomUUID(), parentId: null, content: 'x' } },
      ann,
    );
    const { assignment: again } = await t.call(reopen, { params }, ann);
    expect(again.draft).toEqual({ leafId: first.answer.id, comment: 'Done' });
    const second = await said(t, assignment.id, 'Two', first.answer.id, ann);
    await ended(t, assignment.id, second.answer.id, ann);
    await t.call(submit, { params, body: { leafId: second.answer.id } }, ann);
    expect(await samplingsOf(assignment.id)).toBe(1);
  });
});

describe('moderation of a chat', () => {
  it.each(['warn', 'collapse', 'block'] as const)('%s of what the model says', async (action) => {
    const body = {
      name: `Judge ${action}`,
      provider: 'moderations' as const,
      baseUrl: server.url,
      model: 'moderation',
    };
    const { model: judging } = await t.call(createModel, { body }, admin);
    const moderation = { modelId: judging.id, actions: { violence: action } };
    const { assignment } = await begun('harmful', { moderation });
    const { answer } = await said(t, assignment.id, 'Hello', null, ann);
    const stored = await ended(t, assignment.id, answer.id, ann);
    expect(stored.verdict).toMatchObject({ action, categories: ['violence'], disputed: false });
    if (action === 'block') {
      expect(stored.content).toBe('');
      const further = { id: randomUUID(), parentId: answer.id, content: 'Go on' };
      await t.refused('invalid', say, { params: { assignmentId: assignment.id }, body: further }, ann);
    }
    if (action !== 'block') expect(stored.content).toContain('[violence]');
    await t.call(submit, { params: { assignmentId: assignment.id }, body: { leafId: answer.id } }, ann);
    // What was withheld is not shown to others to compare either.
    expect(await samplingsOf(assignment.id)).toBe(action === 'block' ? 0 : 1);
  });

  it('blocks what the trainer says before it is sent, with the reason', async () => {
    const body = {
      name: 'Judge of trainers',
      provider: 'moderations' as const,
      baseUrl: server.url,
      model: 'moderation',
    };
    const { model: judging } = await t.call(createModel, { body }, admin);
    const { assignment, model } = await begun('steady:blocked', {
      moderation: { modelId: judging.id, actions: { hate: 'block' as const } },
    });
    const asked = { id: randomUUID(), parentId: null, content: 'All of them [hate]' };
    const refusal = await t.refused('invalid', say, { params: { assignmentId: assignment.id }, body: asked }, ann);
    expect(refusal.errors?.[0]).toMatchObject({ path: 'content', message: expect.stringContaining('hate') as unknown });
    expect(server.requests(model.model)).toBe(0);
    expect((await chatNow(t, assignment.id, ann)).messages).toEqual([]);
  });
});

describe('what is withheld', () => {
  it('is taken from those who followed it, and told to nobody who follows it later', async () => {
    const body = {
      name: 'Judge of answers',
      provider: 'moderations' as const,
      baseUrl: server.url,
      model: 'moderation',
    };
    const { model: judging } = await t.call(createModel, { body }, admin);
    const { assignment } = await begun('harmful', {
      moderation: { modelId: judging.id, actions: { violence: 'block' as const } },
    });
    const tab = await listen(t.app, ann);
    const { answer } = await said(t, assignment.id, 'Hello', null, ann);
    expect((await followed(tab, answer.id)).text).toBe('');
    expect((await followed(tab, answer.id)).text).toBe('');
    expect((await t.call(readStream, { params: { streamId: answer.id } }, ann)).stream.text).toBe('');
    tab.socket.terminate();
  });
});

describe('who may have a model answer', () => {
  it('is nobody in an archived project, and nobody whose membership has ended', async () => {
    const { assignment, project } = await begun('steady');
    const params = { assignmentId: assignment.id };
    const { message, answer } = await said(t, assignment.id, 'Hello', null, ann);
    await ended(t, assignment.id, answer.id, ann);
    const asked = [
      [say, { params, body: { id: randomUUID(), parentId: answer.id, content: 'More' } }],
      [answerAgain, { params, body: { id: randomUUID(), parentId: message.id } }],
    ] as const;
    const member = { projectId: project.id, userId: ann.id };
    await t.call(removeMember, { params: member }, admin);
    for (const [endpoint, input] of asked) await t.refused('not_found', endpoint, input, ann);
    await t.call(addMember, { params: member }, admin);
    await t.call(changeProject, { params: { projectId: project.id }, body: { archived: true } }, admin);
    for (const [endpoint, input] of asked) await t.refused('archived', endpoint, input, ann);
    // What was said stays theirs to read.
    expect((await chatNow(t, assignment.id, ann)).messages).toHaveLength(2);
  });

  it('has three answers written at a time, however fast one asks', async () => {
    const { assignment } = await begun('steady', {}, slow);
    const params = { assignmentId: assignment.id };
    const sent = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        t.send(say, { params, body: { id: randomUUID(), parentId: null, content: `Way ${n}` } }, ann),
      ),
    );
    expect(sent.map(({ statusCode }) => statusCode).toSorted()).toEqual([200, 200, 200, 429, 429, 429, 429, 429]);
    const { messages } = await chatNow(t, assignment.id, ann);
    expect(messages).toHaveLength(6);
    const [first, ...others] = messages.filter(({ stream }) => stream !== null);
    for (const { id } of others) await t.call(stopStream, { params: { streamId: id } }, ann);
    for (const { id } of others) await ended(t, assignment.id, id, ann);
    const again = (): Promise<number> =>
      t
        .send(answerAgain, { params, body: { id: randomUUID(), parentId: first?.parentId ?? '' } }, ann)
        .then(({ statusCode }) => statusCode);
    expect((await Promise.all([again(), again(), again(), again()])).toSorted()).toEqual([200, 200, 429, 429]);
    for (const { id } of (await chatNow(t, assignment.id, ann)).messages.filter(({ stream }) => stream !== null))
      await t.call(stopStream, { params: { streamId: id } }, ann);
  });

  it('gives no message the id of another, nor of an answer that is being written', async () => {
    const { assignment } = await begun('steady', {}, slow);
    const params = { assignmentId: assignment.id };
    const { message, answer } = await said(t, assignment.id, 'Begin', null, ann);
    const taken = async (endpoint: typeof say | typeof answerAgain, body: object): Promise<void> => {
      const refusal = await t.refused('invalid', endpoint, { params, body } as never, ann);
      expect(refusal.errors?.[0]?.path).toBe('id');
    };
    await taken(say, { id: answer.id, parentId: null, content: 'In its place' });
    await taken(answerAgain, { id: message.id, parentId: message.id });
    const elsewhere = (await begun('steady')).assignment;
    const other = await said(t, elsewhere.id, 'Elsewhere', null, ann);
    await ended(t, elsewhere.id, other.answer.id, ann);
    await taken(answerAgain, { id: other.message.id, parentId: message.id });
    await t.call(stopStream, { params: { streamId: answer.id } }, ann);
    expect((await ended(t, assignment.id, answer.id, ann)).stream?.state).toBe('stopped');
  });
});

describe('bad input', () => {
  it('is refused with the field and the reason, and the chat stays as it is', async () => {
    const { assignment } = await begun('steady', { limits: { maxCharacters: 100, maxTurns: 4 } });
    const params = { assignmentId: assignment.id };
    const path = async (body: object): Promise<string | undefined> =>
      (
        await t.refused(
          'invalid',
          say,
          { params, body: { id: randomUUID(), parentId: null, content: 'x', ...body } },
          ann,
        )
      ).errors?.[0]?.path;
    expect(await path({ content: 'x'.repeat(101) })).toBe('content');
    expect(await path({ content: '   ' })).toBe('content');
    expect(await path({ parentId: randomUUID() })).toBe('parentId');
    expect(await path({ content: 'a\0b' })).toBe('content');
    expect((await chatNow(t, assignment.id, ann)).messages).toEqual([]);
    const one = await said(t, assignment.id, 'One', null, ann);
    await ended(t, assignment.id, one.answer.id, ann);
    expect(await path({ parentId: one.message.id })).toBe('parentId');
    const two = await said(t, assignment.id, 'Two', one.answer.id, ann);
    await ended(t, assignment.id, two.answer.id, ann);
    expect(await path({ parentId: two.answer.id })).toBe('content');
  });

  it('says that no model is there where no round has begun', async () => {
    const project = await projectWith(t, admin, [ann]);
    await t.call(openChats, { params: { projectId: project.id }, body: { opening: 'none', count: 1 } }, admin);
    const assignment = await claimedChat(t, project, ann);
    const params = { assignmentId: assignment.id };
    expect((await chatNow(t, assignment.id, ann)).unavailable).toMatch(/no model/i);
    await t.refused('conflict', say, { params, body: { id: randomUUID(), parentId: null, content: 'Hi' } }, ann);
  });
});
