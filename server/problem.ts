import { problems, type Fault, type ProblemCode } from '../shared/errors.ts';

/** A request that cannot be granted, in the domain's own terms; `http/errors.ts` turns it into an answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: ProblemCode;
  readonly faults: Fault[];
  /** Further members of the problem document: `retryAfter`, `current`. */
  readonly members: Record<string, unknown>;

  constructor(code: ProblemCode, detail?: string, faults: Fault[] = [], members: Record<string, unknown> = {}) {
    super(detail ?? problems[code][1]);
    this.code = code;
    this.faults = faults;
    this.members = members;
  }
}

/** Refuses one field of the input. `path` as in `ranking.0.1`. */
export function invalid(path: string, message: string): Refusal {
  return new Refusal('invalid', `${path}: ${message}`, [{ path, message }]);
}

export function notFound(what: string): Refusal {
  return new Refusal('not_found', `There is no such ${what}, or you have no part in it.`);
}

/** Whether a disk is full: SQLSTATE 53100 is PostgreSQL's disk_full; the others are what a file meets, and the embedded engine. */
export function isStorageFull(error: unknown): boolean {
  for (let inner = error; inner instanceof Error; inner = inner.cause)
    if ('code' in inner && ['53100', 'ENOSPC', 'EDQUOT'].includes(String(inner.code))) return true;
  return false;
}

/** Does `work`, and throws `storage_full` where it finds the disk full. */
export async function roomOrRefusal<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isStorageFull(error)) throw error;
    throw new Refusal(
      'storage_full',
      'There is no room left on the disk of this server: make some, and start it again.',
    );
  }
}

/**
 * What lies beneath an error, for a log: name, message, code and stack of the innermost cause. The errors around it quote the
 * statement with its values, which are what people wrote.
 */
export function rootCause(error: unknown): unknown {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  if (!(inner instanceof Error)) return inner;
  const { name, message, stack } = inner;
  return { name, message, stack, ...('code' in inner && { code: inner.code }) };
}
