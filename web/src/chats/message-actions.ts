import type { ChatMessage } from '../../../shared/chats.ts';
import type { Message } from '../../../shared/conversations.ts';
import type { Chat } from './chat.svelte.ts';
import type { ChatAction } from './chat-keys.ts';
import type { Step } from './tree.ts';

/** Whether this is a message of the task's opening, as it was given. */
export function isGiven(step: Step, index: number, given: readonly Message[]): boolean {
  return step.message.stream === null && given[index]?.content === step.message.content;
}

/** Whether a model wrote this here, and is done with it. */
export function isAnswer({ stream }: ChatMessage): boolean {
  return stream !== null && stream.state !== 'waiting' && stream.state !== 'streaming';
}

/** Whether it was hidden or marked by moderation, so that there is something to dispute. */
export function isJudged({ verdict }: ChatMessage): boolean {
  return verdict !== null && verdict.action !== 'ignore';
}

/**
 * Does what a key asks of a message: of the one in focus where it can be done there, else of the last where it can.
 * @returns false where there is none
 */
export function act(chat: Chat, action: ChatAction, given: readonly Message[]): boolean {
  const { path } = chat;
  const focused = path.find(({ message }) => message.id === chat.focused);
  const subject = (fits: (step: Step, index: number) => boolean): Step | undefined =>
    focused && fits(focused, path.indexOf(focused)) ? focused : path.findLast(fits);

  if (action === 'older' || action === 'newer') {
    const step = subject(({ siblings }) => siblings.length > 1);
    const at = step?.siblings.indexOf(step.message.id) ?? -1;
    const to = step?.siblings[at + (action === 'older' ? -1 : 1)];
    if (to !== undefined) chat.walk(to);
    return step !== undefined;
  }
  if (action === 'edit') {
    const step = subject((one, index) => one.message.role === 'user' && !isGiven(one, index, given));
    if (step) chat.openEdit(step.message);
    return step !== undefined;
  }
  if (action === 'retry') {
    const last = path.at(-1);
    if (last?.message.role === 'user' && (focused === undefined || focused === last)) {
      void chat.ask(last.message.id);
      return true;
    }
    const parentId = subject(({ message }) => isAnswer(message))?.message.parentId;
    if (parentId != null) void chat.ask(parentId);
    return parentId != null;
  }
  const judges = action === 'dispute' || action === 'reveal' ? isJudged : isAnswer;
  const message = subject((step) => judges(step.message))?.message;
  if (message === undefined) return false;
  if (action === 'thumbUp' || action === 'thumbDown') void chat.thumb(message, action === 'thumbUp' ? 'up' : 'down');
  else if (action === 'reveal') chat.revealed.toggle(message.id);
  else if (action === 'note' || action === 'report' || action === 'dispute') {
    chat.opened = { what: action, id: message.id };
  } else return false;
  return true;
}
