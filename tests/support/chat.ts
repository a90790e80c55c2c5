import { randomUUID } from 'node:crypto';
import { openChats, readChat, say, type Chat, type ChatMessage } from '../../shared/chats.ts';
import type { Input } from '../../shared/endpoint.ts';
import { createModel, type Model } from '../../shared/models.ts';
import type { createProject, Project } from '../../shared/projects.ts';
import { startRound } from '../../shared/rounds.ts';
import { claim, type Assignment } from '../../shared/tasks.ts';
import type { Caller, TestApp } from './app.ts';
import type { ModelServer } from './model-server.ts';
import { projectWith } from './work.ts';

let models = 0;

/** Registers a model of the scripted server that acts out a scenario. */
export async function modelOf(t: TestApp, admin: Caller, server: ModelServer, scenario: string): Promise<Model> {
  models += 1;
  const body = { name: `${scenario} ${models}`, provider: 'openai' as const, baseUrl: server.url, model: scenario };
  return (await t.call(createModel, { body: { ...body, concurrency: 64 } }, admin)).model;
}

/** A project whose round asks one model for everything, and chats for its trainers. */
export async function chatProject(
  t: TestApp,
  admin: Caller,
  trainers: Caller[],
  model: Model,
  settings: Partial<Input<typeof createProject>['body']> = {},
  chats = 20,
): Promise<Project> {
  const project = await projectWith(t, admin, trainers, settings);
  const params = { projectId: project.id };
  const round = {
    policyModelId: model.id,
    mix: [{ modelId: model.id, count: 3 }],
    kinds: ['chat' as const, 'comparison' as const, 'demonstration' as const],
  };
  await t.call(startRound, { params, body: round }, admin);
  await t.call(openChats, { params, body: { opening: 'none', count: chats } }, admin);
  return project;
}

export async function claimedChat(t: TestApp, project: Project, as: Caller): Promise<Assignment> {
  const answer = await t.call(claim, { params: { projectId: project.id }, body: { kinds: ['chat'] } }, as);
  if (answer === null) throw new Error('no chat was handed out');
  return answer.assignment;
}

export const chatNow = async (t: TestApp, assignmentId: string, as: Caller): Promise<Chat> =>
  (await t.call(readChat, { params: { assignmentId } }, as)).chat;

/** Says something; the answer is being written then. */
export async function said(
  t: TestApp,
  assignmentId: string,
  content: string,
  parentId: string | null,
  as: Caller,
): Promise<{ message: ChatMessage; answer: ChatMessage }> {
  return t.call(say, { params: { assignmentId }, body: { id: randomUUID(), parentId, content } }, as);
}

/** Waits until an answer has ended. */
export async function ended(t: TestApp, assignmentId: string, answerId: string, as: Caller): Promise<ChatMessage> {
  for (;;) {
    const found = (await chatNow(t, assignmentId, as)).messages.find(({ id }) => id === answerId);
    if (found?.stream && found.stream.state !== 'waiting' && found.stream.state !== 'streaming') return found;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
