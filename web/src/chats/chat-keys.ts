import type { KeyLine } from '../ui/keys.svelte.ts';

/** What the keyboard help says of the chat page. */
export const chatKeys: KeyLine[] = [
  { key: 'Enter', does: 'In the box: send, or have a given opening answered; elsewhere: to the box' },
  { key: '⇧Enter', does: 'In a text: a new line' },
  { key: 'Esc', does: 'Stop the answer; in a text: back to the messages' },
  { key: 'Ctrl+⇧Enter', does: 'End the chat and hand it in' },
  { key: '↑ ↓', does: 'Go to the message before or after' },
  { key: '← →', does: 'Go to what else was said or answered in this place' },
  { key: 'r', does: 'Retry: have the message in focus answered once more' },
  { key: 'e', does: 'Edit what you said and send it again, on a branch of its own' },
  { key: '+ -', does: 'Thumb up or down; once more takes it back' },
  { key: 'f', does: 'Write what you think of the answer' },
  { key: '!', does: 'Report the answer' },
  { key: 'd', does: 'Dispute what moderation says' },
  { key: 'o', does: 'Show or hide what is hidden behind its label' },
  { key: 'c', does: 'Comment on the whole' },
  { key: 's', does: 'Skip this task, for a reason' },
  { key: 'u', does: 'At the beginning of a task, take the last submission back' },
  { key: 'g', does: 'Guidelines' },
];

const plain = {
  Enter: 'toBox',
  Escape: 'close',
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'older',
  ArrowRight: 'newer',
  r: 'retry',
  e: 'edit',
  '+': 'thumbUp',
  '-': 'thumbDown',
  f: 'note',
  '!': 'report',
  d: 'dispute',
  o: 'reveal',
  c: 'comment',
  s: 'skip',
  u: 'takeBack',
  g: 'guidelines',
} as const;
export type ChatAction = (typeof plain)[keyof typeof plain] | 'end';

/** What a key asks of the chat page outside of its texts, or null. */
export function actionOf(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>,
): ChatAction | null {
  const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
  if (altKey) return null;
  if (ctrlKey || metaKey) return key === 'Enter' && shiftKey ? 'end' : null;
  return isKey(key) ? plain[key] : null;
}

function isKey(key: string): key is keyof typeof plain {
  return Object.hasOwn(plain, key);
}
