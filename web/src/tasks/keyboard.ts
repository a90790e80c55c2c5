/** Controls in which a key means text; a tick box or a radio button is none. */
const typing = 'textarea, select, [contenteditable], input:not([type="checkbox"], [type="radio"])';

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches(typing);
}

/** True where the page must leave a key alone: it means text, belongs to a dialog, or was dealt with. */
export function isForOthers(event: KeyboardEvent): boolean {
  return (
    event.defaultPrevented ||
    event.isComposing ||
    isTyping(event.target) ||
    document.querySelector('dialog[open]') !== null
  );
}

/**
 * The digit that a key stands for, with Shift or without, or null. By the key's position, so that keyboards on which
 * digits need Shift (French) work as well.
 */
export function digitOf({ code, key }: { code: string; key: string }): number | null {
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(code)?.[1] ?? (/^\d$/.test(key) ? key : null);
  return digit === null ? null : Number(digit);
}
