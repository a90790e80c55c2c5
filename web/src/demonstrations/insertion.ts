import { tick } from 'svelte';
import type { Dialogue } from './dialogue.svelte.ts';
import type { Suggestions } from './suggestions.svelte.ts';

const editorOf = (key: number): HTMLTextAreaElement | null =>
  document.querySelector<HTMLTextAreaElement>(`#turn-${key} textarea`);

/**
 * Puts a suggestion, or a part of it, into the turn that it is for: in place of what is selected there or at the caret; at
 * the end where the turn is not open. The browser's undo takes it out again. A whole one closes the others.
 */
export async function insertSuggestion(
  dialogue: Dialogue,
  suggestions: Suggestions,
  { id, text }: { id: string; text: string },
  part?: string,
): Promise<void> {
  const { key } = suggestions;
  // As the text field will have it.
  const inserted = (part ?? text).replaceAll(/\r\n?/g, '\n');
  if (key === null || inserted.trim() === '') return;
  if (dialogue.editing !== key) {
    dialogue.open(key);
    await tick();
  }
  const area = editorOf(key);
  if (area === null) return;
  const rest = area.value.slice(0, area.selectionStart) + area.value.slice(area.selectionEnd);
  dialogue.take(key, { suggestionId: id, inserted }, rest, () => typeInto(area, inserted));
  if (part === undefined) suggestions.close();
}

/** Closes the suggestions, and brings the keyboard back to their turn. */
export function closeSuggestions(suggestions: Suggestions): void {
  const { key } = suggestions;
  suggestions.close();
  if (key !== null) (editorOf(key) ?? document.getElementById(`turn-${key}`))?.focus();
}

function typeInto(area: HTMLTextAreaElement, text: string): void {
  area.focus();
  endStep(area);
  // Marked as outdated, and yet all that there is: anything else empties the browser's undo.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  if (!document.execCommand('insertText', false, text)) {
    area.setRangeText(text, area.selectionStart, area.selectionEnd, 'end');
    area.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }
  endStep(area);
}

/** Moves the caret away and back: what is typed before and after is then undone in two steps. */
function endStep(area: HTMLTextAreaElement): void {
  const { selectionStart, selectionEnd } = area;
  area.setSelectionRange(0, 0);
  area.setSelectionRange(selectionStart, selectionEnd);
}
