import type { z } from 'zod';

/**
 * What this browser keeps, in localStorage under `duologue.`; JSON, checked when read. Every function holds where
 * storage is full or forbidden: writing says so, reading finds nothing.
 */
const prefix = 'duologue.';

export function readStored<S extends z.ZodType>(key: string, schema: S): z.output<S> | null {
  try {
    const text = localStorage.getItem(prefix + key);
    const parsed = text === null ? null : schema.safeParse(JSON.parse(text));
    return parsed?.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** False where the browser would not take it. */
export function writeStored(key: string, value: unknown): boolean {
  try {
    localStorage.setItem(prefix + key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function removeStored(key: string): void {
  try {
    localStorage.removeItem(prefix + key);
  } catch {
    // Storage is forbidden: nothing was kept.
  }
}

/** Keys that begin with `start`, without the common prefix. */
export function storedKeys(start: string): string[] {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(prefix + start))
      .map((key) => key.slice(prefix.length));
  } catch {
    return [];
  }
}
