import type { KeyLine } from '../ui/keys.svelte.ts';

/** What the keyboard help says of the writing page. */
export const dialogueKeys: KeyLine[] = [
  { key: 'Ctrl+Enter', does: 'In a text: finish the turn and go on to the next one' },
  { key: 'Ctrl+⇧Enter', does: 'Submit the dialogue' },
  { key: 'Ctrl+Space', does: 'Ask for suggestions for the turn at hand; once more for others' },
  { key: 'Alt+1 … 4', does: 'Insert a suggestion at the caret; outside of a text the digit alone' },
  { key: 'r', does: 'Outside of a text: other suggestions' },
  { key: 'Enter', does: 'In a suggestion: insert what is selected, or all of it' },
  { key: 'Esc', does: 'In a text: stop the suggestions, close them, back to the turn' },
  { key: '↑ ↓', does: 'Go to the turn before or after' },
  { key: 'Enter', does: 'Edit the turn in focus' },
  { key: 'o', does: 'Insert after the turn in focus; in the middle a pair, so that the sides stay in turn' },
  { key: '⇧O', does: 'Insert a pair before the turn in focus' },
  { key: 'Delete', does: 'Delete the turn in focus; in the middle with the one after it' },
  { key: 'Ctrl+Z', does: 'Undo the last step; in a text, the last letters' },
  { key: 'Ctrl+⇧Z', does: 'Redo' },
  { key: 'h', does: 'Show or hide the turn in focus, where moderation hides it' },
  { key: 'p', does: 'Preview of the whole, and back' },
  { key: 'c', does: 'Comment' },
  { key: 's', does: 'Skip this task, for a reason' },
  { key: 'u', does: 'At the beginning of a task, take the last submission back' },
  { key: 'g', does: 'Guidelines' },
];

export type DialogueAction =
  | 'submit'
  | 'suggest'
  | 'undo'
  | 'redo'
  | 'takeBack'
  | 'preview'
  | 'reveal'
  | 'guidelines'
  | 'comment'
  | 'skip'
  | 'up'
  | 'down'
  | 'close'
  | 'edit'
  | 'remove'
  | 'insertAfter'
  | 'insertBefore';

const plain: Record<string, DialogueAction> = {
  u: 'takeBack',
  p: 'preview',
  h: 'reveal',
  g: 'guidelines',
  c: 'comment',
  s: 'skip',
  ArrowUp: 'up',
  ArrowDown: 'down',
  Escape: 'close',
  Enter: 'edit',
  Delete: 'remove',
  o: 'insertAfter',
  O: 'insertBefore',
};

/** What a key asks of the writing page, or null. */
export function actionOf(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>,
): DialogueAction | null {
  const { key, altKey, shiftKey } = event;
  if (altKey) return null;
  if (!event.ctrlKey && !event.metaKey) return Object.hasOwn(plain, key) ? (plain[key] ?? null) : null;
  if (key === 'Enter') return shiftKey ? 'submit' : null;
  if (key === ' ') return event.ctrlKey ? 'suggest' : null;
  if (key.toLowerCase() === 'z') return shiftKey ? 'redo' : 'undo';
  return key.toLowerCase() === 'y' ? 'redo' : null;
}
