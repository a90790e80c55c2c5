import { onDestroy } from 'svelte';

/** Controls in which a letter or digit means text; a tick box or a radio button is none. */
const typing = 'input:not([type="checkbox"], [type="radio"]), textarea, select, [contenteditable]';

/** One key of a page, for the help and, where `run` is given, for the page's listener. */
export interface KeyLine {
  /** As `KeyboardEvent.key` says it: `n`, `?`, `Enter`; several in words where the page itself listens. */
  key: string;
  does: string;
  run?: (() => void) | undefined;
}

/** What the pages on screen listen to; the newest page answers first. */
class Keys {
  helpOpen = $state(false);
  #shown = $state.raw<readonly (() => KeyLine[])[]>([]);
  lines = $derived(this.#shown.flatMap((lines) => lines()));
  /** What `#shown` is set from: a component that goes reads state as it was before the one in its place came. */
  #groups: readonly (() => KeyLine[])[] = [];

  add(lines: () => KeyLine[]): () => void {
    this.#set([lines, ...this.#groups]);
    return () => this.#set(this.#groups.filter((other) => other !== lines));
  }

  #set(groups: readonly (() => KeyLine[])[]): void {
    this.#groups = groups;
    this.#shown = groups;
  }

  /** Runs what a key stands for, unless somebody is typing, a dialog is open or the key has a modifier. */
  pressed(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector('dialog[open]') !== null) return;
    if (event.target instanceof HTMLElement && event.target.matches(typing)) return;
    const line = this.lines.find(({ key, run }) => key === event.key && run !== undefined);
    if (line?.run === undefined) return;
    event.preventDefault();
    line.run();
  }
}

export const keys = new Keys();

/** Names the keys of the component that calls this while it is on screen; read anew whenever its state changes. */
export function useKeys(lines: () => KeyLine[]): void {
  onDestroy(keys.add(lines));
}
