/** After this long without input a person counts as away. In milliseconds. */
export const idleAfter = 60_000;

/**
 * Time at work, in milliseconds: between two signs of life it runs for at most `idleAfter`. The clock is a parameter;
 * times must not go backwards.
 */
export class ActiveTime {
  #counted: number;
  #lastSign: number | null = null;

  constructor(counted = 0) {
    this.#counted = counted;
  }

  /** The person typed, pointed or scrolled. */
  sign(now: number): void {
    this.#counted = this.read(now);
    this.#lastSign = now;
  }

  /** The page was hidden: nothing counts until the next sign. */
  pause(now: number): void {
    this.#counted = this.read(now);
    this.#lastSign = null;
  }

  read(now: number): number {
    return this.#lastSign === null ? this.#counted : this.#counted + Math.min(now - this.#lastSign, idleAfter);
  }

  /** How long ago the last sign was; infinite where the page is hidden or nothing happened yet. */
  idle(now: number): number {
    return this.#lastSign === null ? Infinity : now - this.#lastSign;
  }
}

/** `6:40`, `1:06:40`. */
export function clockTime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
}
