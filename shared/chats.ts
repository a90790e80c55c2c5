import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { content, messageRole, shownMessage } from './conversations.ts';
import { feedback } from './feedback.ts';
import { verdict } from './moderation.ts';
import { projectParams } from './projects.ts';
import { stream } from './streams.ts';

/** What a trainer is given to chat about: an opening prompt, or nothing. */
export const chatTask = z.object({
  /** Ends with a message of the user, which the model answers first; empty where the trainer opens. */
  conversation: z.array(shownMessage),
});
export type ChatTask = z.infer<typeof chatTask>;

export const chatSubmission = z.strictObject({
  /** The last message of the path on which the chat ended. */
  leafId: z.uuid(),
  comment: z.string().max(20_000).optional(),
  /** Time at work, idle time left out, in milliseconds. */
  activeMs: z.number().int().min(0).optional(),
});
export type ChatSubmission = z.output<typeof chatSubmission>;

/** One message of a chat. A chat is a tree: asking again or editing what was said makes a sibling. */
export const chatMessage = z.object({
  id: z.uuid(),
  parentId: z.uuid().nullable(),
  role: messageRole,
  content: z.string(),
  /** Of what the model writes or wrote here; null for anything else. Its text is `content`. */
  stream: stream.omit({ text: true }).nullable(),
  feedback: feedback.nullable(),
  verdict: verdict.nullable(),
  createdAt: z.iso.datetime(),
});
export type ChatMessage = z.infer<typeof chatMessage>;

export const chat = z.object({
  messages: z.array(chatMessage),
  /** The answers are recorded ones, of the demo. */
  demo: z.boolean(),
  /** Whether a model can be asked; null if so, else why not, in words. */
  unavailable: z.string().nullable(),
});
export type Chat = z.infer<typeof chat>;

const assignmentParams = z.object({ assignmentId: z.uuid() });

export const readChat = endpoint({
  method: 'GET',
  path: '/api/assignments/:assignmentId/chat',
  access: 'trainer',
  summary: 'The tree of your chat, with what is being written at this moment',
  params: assignmentParams,
  response: z.object({ chat }),
});
export const say = endpoint({
  method: 'POST',
  path: '/api/assignments/:assignmentId/chat/messages',
  access: 'trainer',
  summary:
    'Say something and have the model answer; below an earlier message it opens a branch. The same id twice is once',
  params: assignmentParams,
  body: z.strictObject({
    /** Made by the client, so that a retry is not a second message. */
    id: z.uuid(),
    /** Of the answer, for a page that follows it before it is there and so hears its first word a trip earlier. */
    answerId: z.uuid().optional(),
    /** The message that it follows: an answer of the model, or null at the beginning. */
    parentId: z.uuid().nullable(),
    content,
  }),
  response: z.object({ message: chatMessage, answer: chatMessage }),
});
export const answerAgain = endpoint({
  method: 'POST',
  path: '/api/assignments/:assignmentId/chat/answers',
  access: 'trainer',
  summary: 'Have the model answer a message of the user: for the first time, or once more beside what it said',
  params: assignmentParams,
  body: z.strictObject({
    /** Of the answer; made by the client, so that a retry is not a second answer. */
    id: z.uuid(),
    /** The message of the user. */
    parentId: z.uuid(),
  }),
  response: z.object({ answer: chatMessage }),
});

/** Chats to be had, as tasks. */
export const openChats = endpoint({
  method: 'POST',
  path: '/api/projects/:projectId/chats',
  access: 'admin',
  summary: 'Make chat tasks: so many without an opening, or one for each imported prompt that has none yet',
  params: projectParams,
  body: z.discriminatedUnion('opening', [
    z.strictObject({ opening: z.literal('none'), count: z.number().int().min(1).max(100_000) }),
    z.strictObject({ opening: z.literal('prompts'), count: z.number().int().min(1).max(1_000_000).optional() }),
  ]),
  response: z.object({ tasks: z.number().int() }),
  status: 201,
});
