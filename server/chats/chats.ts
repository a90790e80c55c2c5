import { v5 as nameId } from 'uuid';
import type { Chat, ChatMessage } from '../../shared/chats.ts';
import type * as endpoints from '../../shared/chats.ts';
import type { Message } from '../../shared/conversations.ts';
import type { Parsed } from '../../shared/endpoint.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import type { Context } from '../context.ts';
import { type Database, transaction } from '../db/database.ts';
import { feedbackOf } from '../feedback/feedback.ts';
import { blocked, judge, keepVerdict, verdictsOf } from '../moderation/judge.ts';
import { invalid, notFound, Refusal } from '../problem.ts';
import type { Ahead, GenerationRow } from '../streams/streams.ts';
import { noLongerOpen, standingOf } from '../tasks/assignment.ts';
import type { Standing } from '../tasks/queries/assignment.ts';
import * as queries from './queries.ts';

/** Answers of one chat that are written at the same time: the trainer looks at one, and may have begun another beside it. */
const maxAnswering = 3;

type Chatting = Pick<Context, 'db' | 'models' | 'streams' | 'hub' | 'log' | 'clock' | 'random'>;

/** One's own chat, with what is being written at this moment. Throws `not_found`. */
export async function readChat({ db, streams, clock }: Chatting, user: SignedIn, assignmentId: string): Promise<Chat> {
  const standing = await chatOf(db, user, assignmentId);
  await provideChat(db, user, standing, clock());
  const [said, generations, round] = await Promise.all([
    queries.selectMessages(db, assignmentId),
    queries.selectGenerations(db, assignmentId),
    queries.selectRoundOf(db, assignmentId),
  ]);
  const ids = [...said, ...generations].map(({ id }) => id);
  const unfinished = generations.filter(({ state }) => state === 'waiting' || state === 'streaming');
  const [feedback, verdicts, live] = await Promise.all([
    feedbackOf(db, ids, user.id),
    verdictsOf(db, ids, user.id),
    streams.read(unfinished.map(({ id }) => id)),
  ]);
  const byId = new Map(generations.map((generation) => [generation.id, generation]));
  const spoken = new Set(said.map(({ id }) => id));
  const messages = [
    ...said.map((row) => messageView(row, byId.get(row.id) ?? null)),
    // What is being written, and what failed before its first word, is no message of the tree yet.
    ...generations
      .filter(({ id }) => !spoken.has(id))
      .map((generation) => answerView(generation, live.get(generation.id) ?? generation)),
  ].map((message) => {
    const verdict = verdicts.get(message.id) ?? null;
    const shown = { ...message, feedback: feedback.get(message.id) ?? null, verdict };
    return verdict?.action === 'block' ? { ...shown, content: '' } : shown;
  });
  return {
    messages: messages.toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0)),
    demo: round?.policyModel.provider === 'replay',
    unavailable: round === null ? noModel : null,
  };
}

const noModel = 'No model is set up for this project yet: an admin has to begin a round.';

/**
 * Says something and has the model answer. The same id again is answered as the first time. Throws `not_found`, `archived`,
 * `already_submitted` or `conflict` where the chat is no longer open, `invalid` naming the field, `too_many_requests`, and
 * `conflict` where no model can be asked.
 */
export async function say(
  context: Chatting,
  user: SignedIn,
  assignmentId: string,
  { id, answerId = nameId('answer', id), parentId, content }: Parsed<typeof endpoints.say>['body'],
): Promise<{ message: ChatMessage; answer: ChatMessage }> {
  const { db, hub } = context;
  const going = await openChat(context, user, assignmentId);
  const { messages, round, moderation } = going;
  const before = messages.find((message) => message.id === id);
  if (before !== undefined) {
    const answered = await answerTo(context, assignmentId, id);
    if (answered !== null) return { message: messageView(before, null), answer: answered };
  }
  if (round === null) throw new Refusal('conflict', noModel);
  const path = pathTo(messages, parentId);
  if (path === null) throw invalid('parentId', 'there is no such message in this chat');
  if (path.at(-1)?.role === 'user') throw invalid('parentId', 'must be an answer of the model, or null');
  await checkShown(db, path);
  const { maxTurns, maxCharacters } = going.limits;
  if (content.length > maxCharacters) throw invalid('content', `must have at most ${maxCharacters} characters`);
  const opening = messages.filter(({ authorKind }) => authorKind === 'import').length;
  if (path.length + 2 > Math.max(maxTurns, opening + 2))
    throw invalid('content', `a chat has at most ${maxTurns} messages: end this one, or go on from an earlier message`);
  const judgement = await judge(context, { moderation }, content);
  if (judgement?.action === 'block') throw blocked('content', judgement);

  const prompt = [...path, { role: 'user' as const, content }];
  const generation = newAnswer(context, user, going, round, answerId, id, prompt);
  const ahead = context.streams.ask(generation, round.policyModel);
  const keep = judgement && ((tx: Database) => keepVerdict(tx, going.projectId, id, judgement));
  const begun = await begin(db, { id, parentId, content }, generation, ahead, keep);
  // The same was being said by another request at this moment, which has the model answer.
  const answer = begun
    ? answerView(generation, context.streams.run(generation, round.policyModel, ahead))
    : await answerTo(context, assignmentId, id);
  if (answer === null) throw invalid('id', 'is the id of another message, or answerId is');
  hub.changed(assignmentId);
  const verdict = judgement === null ? null : ((await verdictsOf(db, [id], user.id)).get(id) ?? null);
  const createdAt = generation.createdAt.toISOString();
  return {
    message: view({ id, parentId, role: 'user', content, stream: null, feedback: null, verdict, createdAt }),
    answer,
  };
}

/** Has the model answer a message of the user, once more or for the first time. The same id again is once. Throws as `say` does. */
export async function answerAgain(
  context: Chatting,
  user: SignedIn,
  assignmentId: string,
  { id, parentId }: { id: string; parentId: string },
): Promise<{ answer: ChatMessage }> {
  const { db, hub, streams } = context;
  const going = await openChat(context, user, assignmentId);
  const { messages, round } = going;
  const before = (await queries.selectGenerations(db, assignmentId)).find((generation) => generation.id === id);
  if (before !== undefined) return { answer: await answerNow(context, before) };
  if (round === null) throw new Refusal('conflict', noModel);
  const path = pathTo(messages, parentId);
  if (path === null) throw invalid('parentId', 'there is no such message in this chat');
  if (path.at(-1)?.role !== 'user') throw invalid('parentId', 'must be a message of the user');
  await checkShown(db, path);
  const generation = newAnswer(context, user, going, round, id, parentId, path);
  const ahead = streams.ask(generation, round.policyModel);
  if (!(await begin(db, null, generation, ahead))) throw invalid('id', 'is taken');
  const answer = answerView(generation, streams.run(generation, round.policyModel, ahead));
  hub.changed(assignmentId);
  return { answer };
}

/**
 * Writes down what is said and what is to be answered, which the model was asked already. Whoever else goes on with this chat,
 * or ends it, waits meanwhile. `also` is written with it. False where an id is taken. Throws `already_submitted` or
 * `conflict` where the chat has ended, `too_many_requests`.
 */
async function begin(
  db: Database,
  said: queries.Said | null,
  answer: GenerationRow,
  ahead: Ahead,
  also: ((tx: Database) => Promise<void>) | null = null,
): Promise<boolean> {
  const allowed = (result: queries.Begun): boolean => {
    const { state, answering, begun } = result;
    if (state !== 'active' && state !== 'expired') throw noLongerOpen(state);
    if (answering >= maxAnswering)
      throw new Refusal('too_many_requests', 'The model is still answering: wait for that, or stop it.');
    return begun;
  };
  let stored = false;
  try {
    // Somebody waits for the first word: mostly one trip is enough.
    const atOnce = also === null ? await queries.beginAnswer(db, said, answer, maxAnswering) : null;
    stored =
      atOnce !== null
        ? allowed(atOnce)
        : await transaction(db, async (tx) => {
            await queries.lockAssignment(tx, answer.assignmentId ?? '');
            const result = await queries.beginAnswer(tx, said, answer, maxAnswering);
            if (result === null) throw new Error('an assignment that is locked here is locked elsewhere');
            if (!allowed(result)) return false;
            await also?.(tx);
            return true;
          });
  } finally {
    if (!stored) ahead.drop();
  }
  return stored;
}

/** Nobody goes on from what was withheld: neither the model nor whoever ranks is to read it. */
async function checkShown(db: Database, path: readonly queries.ChatLine[]): Promise<void> {
  const withheld = await queries.selectBlocked(
    db,
    path.map(({ id }) => id),
  );
  if (withheld.size > 0) throw invalid('parentId', 'was withheld by moderation: go on from an earlier message');
}

function newAnswer(
  { streams, random, clock }: Chatting,
  user: SignedIn,
  { id: assignmentId, projectId }: queries.Going,
  { id: roundId, policyModel }: queries.ChatRound,
  id: string,
  parentId: string,
  path: readonly Message[],
): GenerationRow {
  return {
    ...{ id, projectId, roundId, assignmentId, parentId, purpose: 'chat', trainerId: user.id, modelId: policyModel.id },
    ...{ groupId: null, role: 'assistant', state: 'waiting', detail: null, text: '', finishReason: null, usage: null },
    ...{ firstTokenAt: null, endedAt: null, fate: null, editDistance: null, taken: null },
    prompt: path.map(({ role, content }) => ({ role, content })),
    parameters: policyModel.parameters,
    seed: Math.floor(random() * 2 ** 31),
    owner: streams.owner,
    createdAt: clock(),
  };
}

/** One's own assignment of a chat. Throws `not_found`. */
async function chatOf(db: Database, user: SignedIn, assignmentId: string): Promise<Standing> {
  const standing = await standingOf(db, user, assignmentId);
  if (standing.kind !== 'chat') throw notFound('chat');
  return standing;
}

/** One's own chat that can be gone on with; its conversation is there then. Throws `not_found`, also where the membership has ended, and `archived`. */
async function openChat({ db, clock }: Chatting, user: SignedIn, assignmentId: string): Promise<queries.Going> {
  const read = async (): Promise<queries.Going> => {
    const chat = { id: assignmentId, userId: user.id, seesAll: user.role === 'admin' };
    const going = await queries.selectGoing(db, chat);
    if (going === null) throw notFound('chat');
    return going;
  };
  const going = await read();
  if (going.state !== 'active' && going.state !== 'expired') throw noLongerOpen(going.state);
  if (going.archived) throw new Refusal('archived', 'The project is archived: no model is asked any more.');
  if (going.made) return going;
  await provideChat(db, user, await chatOf(db, user, assignmentId), clock());
  return read();
}

/** Makes the conversation of a chat where it is not there yet, with the opening prompt as its beginning. */
async function provideChat(db: Database, user: SignedIn, standing: Standing, now: Date): Promise<void> {
  const { id: assignmentId, projectId, conversationId: promptId, prompt, state } = standing;
  if ((state !== 'active' && state !== 'expired') || (await queries.hasChat(db, assignmentId))) return;
  const opening = prompt.map(({ role, content }, index) => ({
    ...{ id: openingId(assignmentId, index), parentId: index === 0 ? null : openingId(assignmentId, index - 1) },
    ...{ role, content },
  }));
  await transaction(db, (tx) =>
    queries.insertChat(tx, { assignmentId, projectId, trainerId: user.id, promptId, now }, opening),
  );
}

const openingId = (assignmentId: string, index: number): string => nameId(`opening ${index}`, assignmentId);

/** The first answer to a message, as it is now; null where there is none. */
async function answerTo(context: Chatting, assignmentId: string, parentId: string): Promise<ChatMessage | null> {
  const generations = await queries.selectGenerations(context.db, assignmentId);
  const generation = generations.find((one) => one.parentId === parentId);
  return generation === undefined ? null : answerNow(context, generation);
}

async function answerNow({ streams }: Chatting, generation: queries.Answer): Promise<ChatMessage> {
  return answerView(generation, (await streams.read([generation.id])).get(generation.id) ?? generation);
}

/** The messages from the root to this one; none for null. Null where there is no such message. */
export function pathTo<M extends { id: string; parentId: string | null }>(
  messages: readonly M[],
  id: string | null,
): M[] | null {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const path: M[] = [];
  for (let next = id; next !== null;) {
    const message = byId.get(next);
    if (message === undefined) return null;
    path.push(message);
    next = message.parentId;
  }
  return path.reverse();
}

function messageView(row: queries.ChatLine, generation: queries.Answer | null): ChatMessage {
  const { id, parentId, role, content, createdAt } = row;
  return view({
    ...{ id, parentId, role, content, feedback: null, verdict: null },
    // An answer stands where it was begun, so that nothing changes places when it ends.
    createdAt: (generation?.createdAt ?? createdAt).toISOString(),
    stream: generation && { id, state: generation.state, detail: generation.detail },
  });
}

function answerView(
  { id, parentId, createdAt }: queries.Answer,
  { state, detail, text }: Pick<queries.Answer, 'state' | 'detail' | 'text'>,
): ChatMessage {
  return view({
    ...{ id, parentId, role: 'assistant' as const, content: text, feedback: null, verdict: null },
    createdAt: createdAt.toISOString(),
    stream: { id, state, detail },
  });
}

const view = ({ id, parentId, role, content, stream, feedback, verdict, createdAt }: ChatMessage): ChatMessage => ({
  ...{ id, parentId, role, content, stream, feedback, verdict, createdAt },
});
