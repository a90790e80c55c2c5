import { digitOf } from '../tasks/keyboard.ts';

export const commands = {
  e: 'expand',
  f: 'flags',
  g: 'guidelines',
  c: 'comment',
  b: 'allBad',
  s: 'skip',
  w: 'rewrite',
  u: 'undo',
  o: 'showAnswer',
  p: 'showMessage',
} as const;
type Letter = keyof typeof commands;

/** What a key asks of the ranking page. */
export type RankAction =
  | { kind: 'place'; place: number }
  | { kind: 'rate'; value: number }
  | { kind: 'focus'; label: string }
  | { kind: 'move'; by: 1 | -1 }
  | { kind: 'do'; command: (typeof commands)[Letter] | 'redo' | 'unplace' };

interface Key {
  key: string;
  code: string;
  shiftKey: boolean;
}

/**
 * What a key means while the cards `labels` are shown, or null. A letter names its card where there is one; a command
 * whose letter is a card's takes Shift (and every command takes it, so that the hand need not know how many cards there
 * are). Only undo has another use for Shift.
 */
export function actionOf(pressed: Key, labels: readonly string[]): RankAction | null {
  const { key, shiftKey } = pressed;
  const digit = digitOf(pressed);
  if (digit !== null) return shiftKey ? { kind: 'rate', value: digit || 10 } : { kind: 'place', place: digit };
  if (key === 'ArrowRight' || key === 'ArrowLeft') return { kind: 'move', by: key === 'ArrowRight' ? 1 : -1 };
  if (key === 'Backspace' || key === 'Delete') return { kind: 'do', command: 'unplace' };
  if (!shiftKey && labels.includes(key.toUpperCase())) return { kind: 'focus', label: key.toUpperCase() };
  const letter = key.toLowerCase();
  if (letter === 'u' && shiftKey) return { kind: 'do', command: 'redo' };
  return isLetter(letter) ? { kind: 'do', command: commands[letter] } : null;
}

/** How the key of a command is shown while the cards `labels` are. */
export function shownKey(letter: Letter, labels: readonly string[]): string {
  return labels.includes(letter.toUpperCase()) ? `⇧${letter.toUpperCase()}` : letter;
}

function isLetter(letter: string): letter is Letter {
  return Object.hasOwn(commands, letter);
}
