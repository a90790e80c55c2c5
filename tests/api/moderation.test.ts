import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { v7 as newId } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { judge, judgeAll, judgeByRules, keepVerdict, verdictsOf } from '../../server/moderation/judge.ts';
import { readAudit } from '../../shared/accounts.ts';
import { giveFeedback, type ReportReason } from '../../shared/feedback.ts';
import { changeModel, createModel } from '../../shared/models.ts';
import type { ModerationAction, ModerationCategory } from '../../shared/moderation-terms.ts';
import {
  disputeVerdict,
  exportDisputes,
  listDisputes,
  resolveDispute,
  tryModeration,
} from '../../shared/moderation.ts';
import { changeProject, createProject, type ModerationSettings, type Project } from '../../shared/projects.ts';
import { myWork, readAssignment, reopen, submit } from '../../shared/tasks.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { type ModelServer, startModelServer } from '../support/model-server.ts';
import { seedChat, seedComparisons, seedPrompts } from '../support/seed.ts';
import { claimed, projectWith, rankedAsShown } from '../support/work.ts';

let t: TestApp;
let server: ModelServer;
let admin: Caller;
let ann: Caller;
let ben: Caller;
let models = 0;

beforeAll(async () => {
  t = await startApp();
  server = await startModelServer();
  admin = await t.person('admin');
  ann = await t.person('trainer', 'Ann');
  ben = await t.person('trainer', 'Ben');
});
afterAll(async () => {
  await t.close();
  await server.close();
});

const byRules = (actions: ModerationSettings['actions']): ModerationSettings => ({ modelId: null, actions });
const make = (moderation: ModerationSettings, settings = {}): Promise<Project> =>
  projectWith(t, admin, [ann, ben], { name: 'Moderated', moderation, ...settings });
async function judgeModel(model: string): Promise<{ id: string; name: string }> {
  models += 1;
  const body = { name: `Judge ${models}`, provider: 'moderations' as const, baseUrl: server.url, model };
  return (await t.call(createModel, { body }, admin)).model;
}
const violence = 'I will kill you.';
const insult = 'You are a worthless piece of garbage.';

describe('a judgement', () => {
  const settings = (moderation: ModerationSettings) => ({ moderation });

  it('is of the built-in rules, and as strict as the strictest category', async () => {
    const project = settings(byRules({ violence: 'collapse', harassment: 'warn', hate: 'block' }));
    expect(await judge(t.context, project, 'A quiet evening.')).toBeNull();
    expect(await judge(t.context, project, violence)).toEqual({
      source: 'rules',
      categories: ['violence'],
      action: 'collapse',
    });
    expect(await judge(t.context, project, `${insult} ${violence}`)).toEqual({
      source: 'rules',
      categories: ['harassment', 'violence'],
      action: 'collapse',
    });
  });

  it('passes over what the project ignores or does not name', async () => {
    const project = settings(byRules({ harassment: 'ignore' }));
    expect(await judge(t.context, project, `${insult} ${violence}`)).toBeNull();
    expect(judgeByRules(project, `${insult} ${violence}`)).toBeNull();
    const some = settings(byRules({ harassment: 'warn', violence: 'ignore' }));
    expect(await judge(t.context, some, `${insult} ${violence}`)).toMatchObject({ categories: ['harassment'] });
  });

  it('does not take the beginning of a word for the word while a text is written', () => {
    const project = settings(byRules({ violence: 'block' }));
    expect(judgeByRules(project, 'Then I will kill him')).toBeNull();
    expect(judgeByRules(project, 'Then I will kill him ')).toMatchObject({ action: 'block' });
    expect(judgeByRules(project, 'Then I will kill him and')).toMatchObject({ action: 'block' });
  });

  it('is a moderation server’s where one is set', async () => {
    const { id: modelId, name } = await judgeModel('moderation');
    const project = settings({ modelId, actions: { hate: 'block', 'sexual/minors': 'block', violence: 'warn' } });
    expect(await judge(t.context, project, 'Fine.')).toBeNull();
    expect(await judge(t.context, project, violence)).toBeNull();
    const found = { source: name, categories: ['hate'], action: 'block' };
    expect(await judge(t.context, project, 'Some [hate/threatening] here, and [sexual].')).toEqual(found);
    expect(await judgeAll(t.context, project, ['[violence]', '', 'no', '[sexual/minors]'])).toMatchObject([
      { action: 'warn' },
      null,
      null,
      { action: 'block' },
    ]);
    const before = server.requests('moderation');
    expect(await judge(t.context, settings({ modelId, actions: {} }), '[hate]')).toBeNull();
    expect(server.requests('moderation')).toBe(before);
  });

  it.each(['broken', 'html', 'wrong-key', 'unknown-model'])(
    'is of the rules where the moderation server is %s',
    async (scenario) => {
      const { id: modelId } = await judgeModel(scenario);
      const project = settings({ modelId, actions: { violence: 'warn' } });
      expect(await judge(t.context, project, violence)).toMatchObject({ source: 'rules', action: 'warn' });
      const none = settings({ modelId: randomUUID(), actions: { violence: 'warn' } });
      expect(await judge(t.context, none, violence)).toMatchObject({ source: 'rules' });
    },
  );

  it('needs a model that judges and is in use', async () => {
    const project = await make(byRules({}));
    const { model: writer } = await t.call(createModel, { body: { name: 'Replay', provider: 'replay' } }, admin);
    const { id: archived } = await judgeModel('moderation');
    await t.call(changeModel, { params: { modelId: archived }, body: { archived: true } }, admin);
    for (const modelId of [writer.id, archived, randomUUID()]) {
      const body = { moderation: { modelId, actions: {} } };
      const told = await t.refused('invalid', changeProject, { params: { projectId: project.id }, body }, admin);
      expect(told).toMatchObject({ errors: [{ path: 'moderation.modelId' }] });
      await t.refused('invalid', createProject, { body: { name: 'Another', ...body } }, admin);
    }
  });

  it('can be tried by an admin', async () => {
    const project = await make(byRules({ violence: 'collapse' }));
    const params = { projectId: project.id };
    const ask = (content: string) => t.call(tryModeration, { params, body: { content } }, admin);
    expect(await ask('A quiet evening.')).toEqual({ source: 'rules', categories: [], action: 'ignore' });
    expect(await ask(insult)).toEqual({ source: 'rules', categories: ['harassment'], action: 'ignore' });
    expect(await ask(`${insult} ${violence}`)).toMatchObject({
      categories: ['harassment', 'violence'],
      action: 'collapse',
    });
    await t.refused('invalid', tryModeration, { params, body: { content: ' ' } }, admin);
    await t.refused('forbidden', tryModeration, { params, body: { content: 'x' } }, ann);
    const gone = { params: { projectId: randomUUID() }, body: { content: 'x' } };
    await t.refused('not_found', tryModeration, gone, admin);
    const { id: modelId, name } = await judgeModel('moderation');
    const moderation = { modelId, actions: { hate: 'block' as const } };
    await t.call(changeProject, { params, body: { moderation } }, admin);
    expect(await ask('[hate]')).toEqual({ source: name, categories: ['hate'], action: 'block' });
  });
});

describe('a demonstration', () => {
  async function written(moderation: ModerationSettings, prompts = 1) {
    const project = await make(moderation);
    await seedPrompts(t.database.db, project.id, prompts);
    const assignment = await claimed(t, project, ann);
    if (assignment.kind !== 'demonstration') throw new Error('no demonstration');
    const given = assignment.task.conversation;
    const send = (...contents: string[]) => {
      const added = contents.map((content, n) => ({
        role: n % 2 === 0 ? ('assistant' as const) : ('user' as const),
        content,
      }));
      return { params: { assignmentId: assignment.id }, body: { messages: [...given, ...added] } };
    };
    return { project, assignment, send };
  }
  const kept = async ({ id }: Project) =>
    z
      .array(z.object({ content: z.string(), categories: z.array(z.string()), action: z.string(), source: z.string() }))
      .parse(
        await t.database.db._.session.all(sql`
          select m.content, v.categories, v.action, v.source from verdicts v join messages m on m.id = v.message_id
          where v.project_id = ${id} order by m.id`),
      );

  it('that is blocked is refused in words and not lost', async () => {
    const { project, send } = await written(byRules({ violence: 'block', harassment: 'warn' }));
    const told = await t.refused('invalid', submit, send('Well.', insult, violence), ann);
    expect(told.errors).toEqual([
      { path: 'messages.3.content', message: expect.stringMatching(/moderation: violence.*kept/) as string },
    ]);
    expect(await kept(project)).toEqual([]);
    expect(await t.call(submit, send('Well.'), ann)).toMatchObject({ assignment: { state: 'submitted' } });
  });

  it('that is warned of is stored with its verdicts, once', async () => {
    const { project, assignment, send } = await written(byRules({ violence: 'warn', harassment: 'collapse' }));
    const input = send('Well.', insult, 'I am sorry.', violence, 'Stop that.');
    await t.call(submit, input, ann);
    await t.call(submit, input, ann);
    const verdicts = [
      { content: insult, categories: ['harassment'], action: 'collapse', source: 'rules' },
      { content: violence, categories: ['violence'], action: 'warn', source: 'rules' },
    ];
    expect(await kept(project)).toEqual(verdicts);
    await t.call(reopen, { params: { assignmentId: assignment.id } }, ann);
    await t.call(submit, send('Well.'), ann);
    expect(await kept(project)).toEqual(verdicts);
  });

  it('is not judged for what the prompt says', async () => {
    const { project, assignment, send } = await written(byRules({ violence: 'block' }));
    await t.database.db.execute(sql`
      update messages set content = ${violence} where conversation_id in (
        select id from conversations where project_id = ${project.id})`);
    const input = send('That is no way to speak.');
    const messages = [{ role: 'user' as const, content: violence }, ...input.body.messages.slice(1)];
    const body = { messages };
    expect(await t.call(submit, { params: { assignmentId: assignment.id }, body }, ann)).toMatchObject({
      assignment: { state: 'submitted' },
    });
  });

  it('is judged by the server of the project', async () => {
    const { id: modelId, name } = await judgeModel('moderation');
    const { project, send } = await written({ modelId, actions: { hate: 'block', sexual: 'warn' } });
    const told = await t.refused('invalid', submit, send('Well. [hate]'), ann);
    expect(told.errors?.[0]).toMatchObject({ path: 'messages.1.content' });
    await t.call(submit, send('Well. [sexual]'), ann);
    expect(await kept(project)).toMatchObject([{ source: name, categories: ['sexual'], action: 'warn' }]);
  });
});

describe('a text that moderation hides', () => {
  const verdict = (action: ModerationAction, ...categories: ModerationCategory[]) => ({
    ...{ source: 'rules', categories, action },
  });
  /** The messages of a project, the prompt before its completions. */
  const messagesOf = async ({ id }: Project) =>
    z.array(z.object({ id: z.string(), content: z.string() })).parse(
      await t.database.db._.session.all(sql`
        select m.id, m.content from messages m join conversations c on c.id = m.conversation_id
        where c.project_id = ${id} order by m.role desc, m.content`),
    );

  it('is named as such in a comparison, and no other is', async () => {
    const { db } = t.database;
    const project = await make(byRules({}));
    await seedComparisons(db, project.id, 1, { k: 4 });
    const [prompt, first, second, third, fourth] = await messagesOf(project);
    if (!prompt || !first || !second || !third || !fourth) throw new Error('messages are missing');
    await keepVerdict(db, project.id, prompt.id, verdict('collapse', 'hate'));
    await keepVerdict(db, project.id, second.id, verdict('collapse', 'harassment', 'violence'));
    await keepVerdict(db, project.id, third.id, verdict('warn', 'violence'));
    const assignment = await claimed(t, project, ann);
    if (assignment.kind !== 'comparison') throw new Error('no comparison');
    const { conversation, completions } = assignment.task;
    expect(conversation).toEqual([{ role: 'user', content: prompt.content, hidden: ['hate'] }]);
    const shown = completions.map(({ label: _, ...completion }) => completion);
    expect(shown.toSorted((a, b) => (a.content < b.content ? -1 : 1))).toEqual([
      { content: first.content },
      { content: second.content, hidden: ['harassment', 'violence'] },
      { content: third.content },
      { content: fourth.content },
    ]);
    const params = { assignmentId: assignment.id };
    expect((await t.call(readAssignment, { params }, ann)).assignment.task).toEqual(assignment.task);
    await t.call(submit, { params, body: rankedAsShown(assignment) }, ann);
    expect((await t.call(readAssignment, { params }, ann)).assignment.task).toEqual(assignment.task);
  });

  it('is named as such in the prompt of a demonstration, until an admin says that moderation was wrong', async () => {
    const { db } = t.database;
    const project = await make(byRules({}));
    await seedPrompts(db, project.id, 1);
    const [prompt] = await messagesOf(project);
    if (!prompt) throw new Error('the prompt is missing');
    await keepVerdict(db, project.id, prompt.id, verdict('collapse', 'sexual'));
    const assignment = await claimed(t, project, ann);
    const given = { role: 'user', content: prompt.content };
    expect(assignment.task).toEqual({ conversation: [{ ...given, hidden: ['sexual'] }] });
    await db.execute(sql`update verdicts set resolution = 'right' where message_id = ${prompt.id}`);
    const params = { assignmentId: assignment.id };
    expect((await t.call(readAssignment, { params }, ann)).assignment.task).toEqual({ conversation: [given] });
  });
});

describe('what a trainer did', () => {
  it('says what moderation made of it, which can be disputed there', async () => {
    const project = await make(byRules({ violence: 'warn', harassment: 'collapse' }));
    await seedPrompts(t.database.db, project.id, 1);
    const { id, task } = await claimed(t, project, ben);
    if (!('conversation' in task)) throw new Error('no conversation');
    const said = (role: 'user' | 'assistant', content: string) => ({ role, content });
    const messages = [
      ...task.conversation,
      ...[said('assistant', 'Well.'), said('user', insult), said('assistant', violence.repeat(20))],
    ];
    const input = { params: { assignmentId: id }, body: { messages } };
    const query = { since: new Date(0).toISOString(), projectId: project.id };
    const done = async (as: Caller) => (await t.call(myWork, { query }, as)).items;
    await t.call(submit, input, ben);
    const [first] = (await done(ben)).map(({ verdicts }) => verdicts);
    expect(first).toMatchObject([
      { categories: ['harassment'], action: 'collapse', disputed: false, text: insult },
      { categories: ['violence'], action: 'warn', disputed: false, text: violence.repeat(20).slice(0, 160) },
    ]);
    const verdictId = first?.[0]?.id ?? '';
    await t.call(disputeVerdict, { params: { verdictId }, body: { comment: 'It is a quotation.' } }, ben);
    expect((await done(ben))[0]?.verdicts.map(({ disputed }) => disputed)).toEqual([true, false]);

    await t.call(reopen, { params: { assignmentId: id } }, ben);
    await t.call(submit, { ...input, body: { messages: messages.slice(0, 2) } }, ben);
    expect(await done(ben)).toMatchObject([{ id, verdicts: [] }]);
    expect(await done(ann)).toEqual([]);
  });
});

describe('disputes', () => {
  const warn = { source: 'rules', categories: ['violence' as ModerationCategory], action: 'warn' as ModerationAction };
  const list = (project: Project, query = {}) =>
    t.call(listDisputes, { params: { projectId: project.id }, query }, admin);
  const dispute = (verdictId: string, comment: string, as = ann) =>
    t.call(disputeVerdict, { params: { verdictId }, body: { comment } }, as);
  const report = (messageId: string, reason: ReportReason, text: string) => {
    const feedback = { thumb: null, text: '', report: { reason, text } };
    return t.call(giveFeedback, { params: { messageId }, body: feedback }, ann);
  };
  async function judged(project: Project, messageId: string, as = ann) {
    await keepVerdict(t.database.db, project.id, messageId, warn);
    const verdict = (await verdictsOf(t.database.db, [messageId], as.id)).get(messageId);
    if (!verdict) throw new Error('no verdict');
    return verdict;
  }
  async function exported(project: Project) {
    const { body, headers } = await t.send(exportDisputes, { params: { projectId: project.id } }, admin);
    expect(headers['content-type']).toMatch(/^application\/jsonl/);
    const rows = body.split('\n').slice(0, -1);
    return rows.map((row) => JSON.parse(row) as unknown);
  }

  it('are of one’s own messages and chats', async () => {
    const { db } = t.database;
    const project = await make(byRules({}));
    const { questionId, answerIds } = await seedChat(db, project.id, ann.id);
    const [answerId = ''] = answerIds;
    const question = await judged(project, questionId);
    const answer = await judged(project, answerId);
    expect(answer).toEqual({ id: answer.id, categories: ['violence'], action: 'warn', disputed: false });

    for (const { id } of [question, answer]) {
      const input = { params: { verdictId: id }, body: { comment: 'No.' } };
      await t.refused('not_found', disputeVerdict, input, ben);
      await t.refused('not_found', disputeVerdict, input, admin);
    }
    await t.refused('not_found', disputeVerdict, { params: { verdictId: randomUUID() }, body: {} }, ann);
    expect((await list(project)).disputes).toEqual([]);

    expect(await dispute(answer.id, 'It quotes a film.')).toEqual({ verdict: { ...answer, disputed: true } });
    await dispute(answer.id, '');
    await dispute(question.id, 'Mine is harmless.');
    expect((await verdictsOf(db, [answerId], ann.id)).get(answerId)).toMatchObject({ disputed: true });
    expect((await verdictsOf(db, [answerId], ben.id)).get(answerId)).toMatchObject({ disputed: false });
    const { disputes, next } = await list(project);
    expect(next).toBeNull();
    expect(disputes).toMatchObject([
      { id: answer.id, kind: 'false_positive', role: 'assistant', content: 'An answer.', comment: 'It quotes a film.' },
      { id: question.id, kind: 'false_positive', role: 'user', content: 'A question?', comment: 'Mine is harmless.' },
    ]);
    expect(disputes[0]).toMatchObject({
      categories: ['violence'],
      action: 'warn',
      source: 'rules',
      by: { id: ann.id, name: 'Ann' },
      resolution: null,
    });
  });

  it('are also of what a model writes for a trainer and no message holds', async () => {
    const { db } = t.database;
    const project = await make(byRules({}));
    const { id: modelId } = await judgeModel('moderation');
    const id = newId();
    await db.execute(sql`
      insert into generations (id, purpose, project_id, model_id, trainer_id, prompt, parameters, seed, state, text)
      values (${id}, 'suggestion', ${project.id}, ${modelId}, ${ann.id}, '[]', '{}', 1, 'done', 'A suggestion.')`);
    const verdict = await judged(project, id);
    await t.refused('not_found', disputeVerdict, { params: { verdictId: verdict.id }, body: {} }, ben);
    await dispute(verdict.id, '');
    expect((await list(project)).disputes).toMatchObject([{ role: 'assistant', content: 'A suggestion.' }]);
  });

  it('are also reports that moderation was wrong', async () => {
    const { db } = t.database;
    const project = await make(byRules({}));
    const { answerIds } = await seedChat(db, project.id, ann.id, {
      answers: ['Missed.', 'Judged.', 'Both.', 'Other.'],
    });
    const [missed = '', flagged = '', both = '', other = ''] = answerIds;
    await judged(project, flagged);
    const { id } = await judged(project, both);
    await report(missed, 'moderation_wrong', 'This is a threat.');
    await report(flagged, 'moderation_wrong', 'This is none.');
    await report(both, 'moderation_wrong', 'Reported.');
    await dispute(id, 'Disputed.');
    await report(other, 'harmful', 'Not about moderation.');
    expect((await verdictsOf(db, [flagged], ann.id)).get(flagged)).toMatchObject({ disputed: true });
    const { disputes } = await list(project);
    const outline = disputes.map(({ kind, content, comment, categories, action }) => ({
      ...{ kind, content, comment, categories, action },
    }));
    expect(outline).toHaveLength(3);
    expect(outline).toEqual(
      expect.arrayContaining([
        { kind: 'false_negative', content: 'Missed.', comment: 'This is a threat.', categories: [], action: null },
        {
          kind: 'false_positive',
          content: 'Judged.',
          comment: 'This is none.',
          categories: ['violence'],
          action: 'warn',
        },
        { kind: 'false_positive', content: 'Both.', comment: 'Disputed.', categories: ['violence'], action: 'warn' },
      ]),
    );
    const rows = await exported(project);
    expect(rows).toHaveLength(3);
    expect(rows).toContainEqual({
      text: 'Missed.',
      role: 'assistant',
      kind: 'false_negative',
      categories: [],
      source: '',
      resolution: null,
    });
  });

  it('are settled and opened again, on the record', async () => {
    const { db } = t.database;
    const project = await make(byRules({}));
    const { answerIds } = await seedChat(db, project.id, ann.id, { answers: ['Judged.', 'Missed.'] });
    const [flagged = '', missed = ''] = answerIds;
    const { id } = await judged(project, flagged);
    const settle = (disputeId: string, resolution: 'right' | 'wrong' | null) =>
      t.call(resolveDispute, { params: { disputeId }, body: { resolution } }, admin);
    const open = { params: { disputeId: id }, body: { resolution: 'right' as const } };
    await t.refused('not_found', resolveDispute, open, admin);
    await dispute(id, '');
    await t.refused('forbidden', resolveDispute, open, ann);
    expect((await settle(id, 'right')).dispute).toMatchObject({ id, resolution: 'right', content: 'Judged.' });
    expect((await settle(id, null)).dispute).toMatchObject({ resolution: null });
    await settle(id, 'wrong');
    // A later judgement leaves a disputed one alone.
    await keepVerdict(db, project.id, flagged, { source: 'rules', categories: ['hate'], action: 'block' });
    expect((await verdictsOf(db, [flagged], ann.id)).get(flagged)).toMatchObject({ id, categories: ['violence'] });

    await report(missed, 'moderation_wrong', 'A threat.');
    const [latest] = (await list(project)).disputes;
    expect((await settle(latest?.id ?? '', 'right')).dispute).toMatchObject({
      kind: 'false_negative',
      resolution: 'right',
    });
    await report(missed, 'moderation_wrong', 'A threat.');
    expect((await list(project)).disputes[0]).toMatchObject({ resolution: 'right' });
    await report(missed, 'moderation_wrong', 'A threat, and worse.');
    expect((await list(project)).disputes[0]).toMatchObject({ resolution: null, comment: 'A threat, and worse.' });

    expect(await exported(project)).toMatchObject([{ resolution: 'wrong' }, { resolution: null }]);
    const { entries } = await t.call(readAudit, { query: { limit: 100 } }, admin);
    const mine = entries.filter(({ action, subject }) => action === 'dispute.resolve' && subject === id);
    expect(mine.map(({ details }) => details.resolution)).toEqual(['wrong', null, 'right']);
  });

  it('come in pages, and whole in the export', async () => {
    const { db } = t.database;
    const project = await make(byRules({}));
    const answers = Array.from({ length: 260 }, (_, n) => `${n} ${'word '.repeat(n)}`);
    const { answerIds } = await seedChat(db, project.id, ann.id, { answers });
    for (const [n, id] of answerIds.entries())
      if (n % 2 === 0) await report(id, 'moderation_wrong', '');
      else await dispute((await judged(project, id)).id, '');
    const seen: string[] = [];
    let before: string | undefined;
    do {
      const page = await list(project, { limit: 100, before });
      seen.push(...page.disputes.map(({ content }) => content));
      before = page.next ?? undefined;
    } while (before !== undefined);
    expect(seen).toEqual(answers.toReversed());
    expect((await exported(project)).map((row) => z.object({ text: z.string() }).parse(row).text)).toEqual(answers);
    const bad = { params: { projectId: project.id }, query: { before: 'x' } };
    expect(await t.refused('invalid', listDisputes, bad, admin)).toMatchObject({ errors: [{ path: 'before' }] });
    await t.refused('forbidden', listDisputes, { params: { projectId: project.id }, query: {} }, ann);
    await t.refused('forbidden', exportDisputes, { params: { projectId: project.id } }, ann);
    await t.refused('not_found', exportDisputes, { params: { projectId: randomUUID() } }, admin);
  });
});
