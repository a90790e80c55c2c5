import { newId } from '../db/ids.ts';
import { type Message, minCompletions, orderFault } from '../../shared/conversations.ts';
import type { Output, Parsed } from '../../shared/endpoint.ts';
import type { sideBySide as sideEndpoint } from '../../shared/samplings.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import { shownOrder } from '../comparisons/order.ts';
import type { Context } from '../context.ts';
import { type Database, transaction } from '../db/database.ts';
import { retrying } from '../db/retry.ts';
import type { ModelRow } from '../models/queries.ts';
import { judgeAll, keepVerdict } from '../moderation/judge.ts';
import { judgeWritten } from '../moderation/written.ts';
import { invalid, notFound, Refusal } from '../problem.ts';
import { projectFor } from '../projects/projects.ts';
import { selectModelsOf } from '../models/queries.ts';
import { writersOf } from '../models/writers.ts';
import { type CurrentRound, currentRound } from '../rounds/rounds.ts';
import { likeAny, type Print, printOf } from './alike.ts';
import { comparisonOf } from './comparison.ts';
import * as queries from './queries/side.ts';

/** Most models that a trainer is answered by at once. */
const mostOfRound = 4;
/** Most answers that are written for one person at a time. */
const mostAtOnce = 18;

type Asker = Pick<Context, 'db' | 'models' | 'log' | 'streams' | 'clock' | 'random' | 'hub'>;

/**
 * Begins answers of several models to one prompt. Nobody but an admin is told which model answers where, and the order gives
 * no hint. Throws `not_found`, `archived`, `invalid` naming the field, `forbidden`, `conflict` without a round,
 * `too_many_requests`.
 */
export async function sideBySide(
  context: Asker,
  user: SignedIn,
  projectId: string,
  { messages, modelIds }: Parsed<typeof sideEndpoint>['body'],
): Promise<Output<typeof sideEndpoint>> {
  const { db, streams, random } = context;
  const project = await projectFor(db, user, projectId);
  if (project.archived) throw new Refusal('archived', 'The project is archived: no model is asked any more.');
  checkPrompt(messages, project.limits);
  if (modelIds && user.role !== 'admin') throw new Refusal('forbidden', 'Only admins choose the models.');
  const round = await currentRound(db, projectId);
  const models = await modelsFor(db, round, modelIds);
  await judgeWritten(
    context,
    { projectId, moderation: project.moderation },
    messages.map(({ content }, index) => ({ index, id: newId(), content })),
  );
  const id = newId();
  const seed = Math.floor(random() * 2 ** 31);
  const shown = shownOrder(models.length, seed).flatMap((index) => models[index] ?? []);
  const begun = await streams.begin(
    shown.map((model, index) => ({
      ...{
        id: newId(),
        purpose: 'side',
        projectId,
        roundId: round?.id ?? null,
        model,
        trainerId: user.id,
        groupId: id,
      },
      ...{ role: 'assistant', prompt: messages, parameters: model.parameters, seed: (seed + index) % 2 ** 31 },
    })),
    async (tx) => {
      await queries.lockAsker(tx, user.id);
      if ((await queries.countOpenSides(tx, user.id)) + models.length > mostAtOnce)
        throw new Refusal('too_many_requests', 'Wait until the answers that you asked for are written, or stop them.');
    },
  );
  return {
    id,
    answers: begun.map((stream, index) => ({
      ...stream,
      model: user.role === 'admin' ? (shown[index]?.name ?? null) : null,
    })),
    demo: models.every(({ provider }) => provider === 'replay'),
  };
}

function checkPrompt(
  messages: readonly Message[],
  { maxTurns, maxCharacters }: { maxTurns: number; maxCharacters: number },
): void {
  const fault = orderFault(messages);
  if (fault) throw invalid(`messages.${fault.index}.role`, fault.message);
  if (messages.at(-1)?.role !== 'user') throw invalid('messages', 'must end with a message of the user');
  if (messages.length > maxTurns) throw invalid('messages', `must be at most ${maxTurns}`);
  const long = messages.findIndex(({ content }) => content.length > maxCharacters);
  if (long >= 0) throw invalid(`messages.${long}.content`, `must have at most ${maxCharacters} characters`);
}

/** Those that were named, or those of the round; of one model alone, two answers with different seeds. */
async function modelsFor(
  db: Database,
  round: CurrentRound | null,
  modelIds: readonly string[] | undefined,
): Promise<ModelRow[]> {
  if (modelIds)
    await writersOf(
      db,
      modelIds.map((modelId, index) => ({ path: `modelIds.${index}`, modelId })),
    );
  else if (round === null) throw new Refusal('conflict', 'No model is set up for this project yet.');
  const ofRound = round ? [...new Set([round.policyModel.id, ...round.mix.map(({ modelId }) => modelId)])] : [];
  const ids = modelIds ?? (ofRound.length === 1 ? [...ofRound, ...ofRound] : ofRound.slice(0, mostOfRound));
  const rows = await selectModelsOf(db, ids);
  return ids.flatMap((id) => rows.get(id) ?? []);
}

/**
 * Makes a comparison of the answers that are whole; those that say the same count once, and those that moderation blocks not
 * at all. The same twice is once. Throws `not_found`, `archived`, `conflict` where fewer than two answers are there to be
 * compared, and `invalid` where moderation blocks the prompt by now.
 */
export async function keepSideBySide(context: Asker, user: SignedIn, sideId: string): Promise<string> {
  const { db, random, hub } = context;
  const answers = await queries.selectSide(db, sideId, user.id);
  const [first] = answers;
  if (!first) throw notFound('answer side by side');
  const kept = await queries.selectComparisonOf(db, sideId);
  if (kept !== null) return kept;
  const project = await projectFor(db, user, first.projectId);
  if (project.archived) throw new Refusal('archived', 'The project is archived: no comparison is made in it any more.');
  const { moderation } = project;
  const whole = distinct(answers.filter(({ state }) => state === 'done'));
  const judged = await judgeAll(
    context,
    project,
    whole.map(({ text }) => text),
  );
  const taken = whole
    .map((answer, index) => ({ ...answer, judgement: judged[index] ?? null }))
    .filter(({ judgement }) => judgement?.action !== 'block');
  if (taken.length < minCompletions)
    throw new Refusal(
      'conflict',
      taken.length < whole.length ? 'This project’s moderation stopped answers: too few are left.' : whyNot(answers),
    );

  const seed = Math.floor(random() * 2 ** 31);
  const ids = taken.map(({ id }) => id);
  const made = comparisonOf(null, ids, seed, context);
  const messages = first.prompt.map((message) => ({ ...message, id: newId() }));
  const side = {
    sideId,
    projectId: project.id,
    roundId: first.roundId,
    conversationId: newId(),
    keeperId: user.id,
    messages,
    authors: project.rankOwnChats ? [] : [user.id],
    mix: [...Map.groupBy(taken, ({ modelId }) => modelId)].map(([modelId, { length: count }]) => ({ modelId, count })),
    wanted: ids.length,
    seed,
  };
  const written = messages.map((message, index) => ({ ...message, index }));
  const keepWritten = await judgeWritten(context, { projectId: project.id, moderation }, written);
  const fresh = await retrying(() =>
    transaction(db, async (tx) => {
      if (!(await queries.keepSide(tx, side, made))) return false;
      await keepWritten?.(tx);
      for (const { id, judgement } of taken) if (judgement) await keepVerdict(tx, project.id, id, judgement);
      return true;
    }),
  );
  if (fresh) hub.touch(project.id);
  // Where two keep at once, the first one's is there by now.
  return (await queries.selectComparisonOf(db, sideId)) ?? made.comparisonId;
}

function distinct(answers: readonly queries.GenerationRow[]): queries.GenerationRow[] {
  const prints: Print[] = [];
  return answers.filter(({ text }) => {
    const print = printOf(text);
    if (likeAny(print, prints)) return false;
    prints.push(print);
    return true;
  });
}

function whyNot(answers: readonly queries.GenerationRow[]): string {
  const among = (...states: string[]): boolean => answers.some(({ state }) => states.includes(state));
  if (among('waiting', 'streaming')) return 'Wait until two answers are written.';
  if (among('stopped', 'failed'))
    return 'Two whole answers are needed; those that were stopped or failed do not count.';
  return 'The answers say the same: there is nothing to compare.';
}
