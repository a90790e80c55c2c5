/** A chat held through HTTP, for tests of what comes of one. */
import { randomUUID } from 'node:crypto';
import { type ChatMessage, openChats, readChat, say } from '../../shared/chats.ts';
import { createModel } from '../../shared/models.ts';
import { startRound } from '../../shared/rounds.ts';
import { claim } from '../../shared/tasks.ts';
import { callAt, type Headers, type World } from './world.ts';

/** Both sides of one exchange, the answer written to its end. */
export interface Exchange {
  said: ChatMessage;
  answer: ChatMessage;
}

/** Begins a round of the project with a model of the demo, and a chat of the trainer; answers with how to go on in it. */
export async function startTalk(
  { url, admin }: World,
  projectId: string,
  model: string,
  trainer: Headers,
): Promise<(content: string, after: Exchange | null) => Promise<Exchange>> {
  const { id: modelId } = (await callAt(url, createModel, { body: { name: model, provider: 'replay' } }, admin)).model;
  const params = { projectId };
  const round = { policyModelId: modelId, mix: [{ modelId, count: 3 }], kinds: ['chat' as const] };
  await callAt(url, startRound, { params, body: round }, admin);
  await callAt(url, openChats, { params, body: { opening: 'none', count: 1 } }, admin);
  const claimed = await callAt(url, claim, { params, body: { kinds: ['chat'] } }, trainer);
  if (!claimed) throw new Error('no chat was handed out');
  const chat = { assignmentId: claimed.assignment.id };

  return async (content, after) => {
    const body = { id: randomUUID(), parentId: after?.answer.id ?? null, content };
    const { answer: begun } = await callAt(url, say, { params: chat, body }, trainer);
    for (;;) {
      const { messages } = (await callAt(url, readChat, { params: chat }, trainer)).chat;
      const said = messages.find(({ id }) => id === body.id);
      const answer = messages.find(({ id }) => id === begun.id);
      if (said && answer?.stream?.state === 'done') return { said, answer };
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
}
