import { digitOf, isTyping } from '../tasks/keyboard.ts';
import type { Dialogue } from './dialogue.svelte.ts';
import { actionOf } from './dialogue-keys.ts';
import { closeSuggestions, insertSuggestion } from './insertion.ts';
import type { Suggestions } from './suggestions.svelte.ts';

/** Does what a key asks of the suggestions. @returns false where it asks nothing of them */
export function pressedForSuggestions(event: KeyboardEvent, dialogue: Dialogue, suggestions: Suggestions): boolean {
  const { target } = event;
  if (event.defaultPrevented || event.isComposing || document.querySelector('dialog[open]') !== null) return false;
  const panel = target instanceof Element ? target.closest<HTMLElement>('[data-suggestions]') : null;
  const inTurn = target instanceof Element && target.closest('[data-turn]') !== null;
  // As the comment is.
  if (isTyping(target) && !inTurn && panel === null) return false;
  if (actionOf(event) === 'suggest') {
    if (dialogue.editing === null) dialogue.open(dialogue.focused);
    if (dialogue.editing !== null) void suggestions.ask(dialogue.editing);
    return true;
  }
  if (suggestions.key === null || event.ctrlKey || event.metaKey) return false;
  // While a text is being written, a letter means itself.
  if (isTyping(target) && panel === null && !event.altKey) return false;
  const digit = digitOf(event);
  if (digit !== null) {
    const stream = suggestions.streams[digit - 1];
    if (stream) void insertSuggestion(dialogue, suggestions, stream);
    return true;
  }
  if (event.altKey) return false;
  if (event.key === 'Escape') stepBack(suggestions);
  else if (event.key === 'r') {
    suggestions.again();
    // What had the focus may be gone.
    panel?.focus();
  } else return false;
  return true;
}

/** Stops the suggestions; closes them where nothing is to be stopped. */
export function stepBack(suggestions: Suggestions): void {
  if (suggestions.writing && !suggestions.asking) void suggestions.stop();
  else closeSuggestions(suggestions);
}
