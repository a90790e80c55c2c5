import type { Rubric } from '../../../shared/projects.ts';
import type { KeyLine } from '../ui/keys.svelte.ts';
import { shownKey } from './rank-keys.ts';

/** What the keyboard help says of the ranking page. */
export function keyLines(labels: readonly string[], rubric: Rubric | null): KeyLine[] {
  const last = labels.at(-1) ?? '';
  return [
    { key: `1 – ${labels.length}`, does: 'Give the answer in focus that place; the same digit twice is a tie' },
    { key: `A – ${last}`, does: 'Go to that answer' },
    { key: '← →', does: 'Go to the answer before or after' },
    { key: '↑ ↓', does: 'Scroll the answer in focus' },
    { key: 'Backspace', does: 'Take the answer in focus out of its place' },
    { key: 'Enter', does: 'Submit, once all are placed; in a text Ctrl+Enter' },
    { key: 'u', does: 'Undo; at the beginning of a task, take the last submission back' },
    { key: '⇧U', does: 'Redo' },
    { key: shownKey('e', labels), does: 'Read the answer in focus at full width, and back' },
    ...(rubric?.overall ? [{ key: `⇧1 – ⇧${rubric.overall.max % 10}`, does: 'Rate the answer in focus' }] : []),
    ...(rubric?.flags.length ? [{ key: shownKey('f', labels), does: 'Flags of the answer in focus' }] : []),
    { key: shownKey('o', labels), does: 'Show or hide the answer in focus, where moderation hides it' },
    { key: shownKey('p', labels), does: 'Show or hide the nearest message before the answers that moderation hides' },
    { key: shownKey('b', labels), does: 'All are bad' },
    { key: shownKey('c', labels), does: 'Comment' },
    { key: shownKey('w', labels), does: 'Write a better answer' },
    { key: shownKey('s', labels), does: 'Skip this task, for a reason' },
    { key: shownKey('g', labels), does: 'Guidelines' },
  ];
}
