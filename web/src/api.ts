import { fillPath, type Endpoint, type Input, type Output } from '../../shared/endpoint.ts';
import { problem, problems, type Problem, type ProblemCode } from '../../shared/errors.ts';

/** The server answered, and said no; `problem` says why. */
export class Refused extends Error {
  readonly problem: Problem;
  constructor(told: Problem) {
    super(told.detail === '' || told.detail === told.title ? told.title : `${told.title}: ${told.detail}`);
    this.name = 'Refused';
    this.problem = told;
  }
}

/** No answer came: the network or the server is away. Trying again is safe for reads and for whatever is idempotent. */
export class Offline extends Error {
  constructor(cause: unknown) {
    super('The server cannot be reached. Check your connection.', { cause });
    this.name = 'Offline';
  }
}

export interface CallOptions {
  signal?: AbortSignal;
  /** Lets the request outlive the page; the browser takes at most 64 KB of body for it. */
  keepalive?: boolean;
}

/**
 * Calls an endpoint of the contract; `null` for an answer without a body.
 * @throws Refused where the server refuses, Offline where it cannot be reached, the signal's reason where aborted
 */
export async function call<E extends Endpoint>(
  endpoint: E,
  input: Input<E>,
  options: CallOptions = {},
): Promise<Output<E>> {
  const { body } = input as { body?: unknown };
  const response = await fetch(urlOf(endpoint, input), {
    method: endpoint.method,
    credentials: 'same-origin',
    headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...options,
  }).catch((error: unknown) => {
    throw options.signal?.aborted ? error : new Offline(error);
  });
  const text = await response.text().catch((error: unknown) => {
    throw options.signal?.aborted ? error : new Offline(error);
  });
  if (!response.ok) throw refusal(response.status, text);
  // The server checked its answer against the schema that Output is inferred from.
  return (response.status === 204 ? null : JSON.parse(text)) as Output<E>;
}

/** The address of a call, with its parameters and query filled in; for links and uploads. */
export function urlOf<E extends Endpoint>(endpoint: E, input: Omit<Input<E>, 'body'>): string {
  const { params, query = {} } = input as { params?: Record<string, string>; query?: Record<string, unknown> };
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const search = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
  return fillPath(endpoint.path, params) + (search === '' ? '' : `?${search}`);
}

/** The error for a refusal: the server's problem document, or one made up where something between answered instead. */
export function refusal(status: number, text: string): Refused {
  const parsed = problem.safeParse(parseJson(text));
  const error = new Refused(parsed.success ? parsed.data : unexplained(status));
  if (error.problem.code === 'not_signed_in') for (const tell of signedOutListeners) tell();
  return error;
}

const signedOutListeners = new Set<() => void>();
/** Has `tell` called whenever the server says that nobody is signed in. */
export function whenSignedOut(tell: () => void): void {
  signedOutListeners.add(tell);
}

/** What went wrong, in words for the person at the page. */
export function explain(error: unknown): string {
  if (error instanceof Refused && error.problem.retryAfter !== undefined) {
    return `${error.message} (try again in ${Math.ceil(error.problem.retryAfter)} s)`;
  }
  return error instanceof Error ? error.message : String(error);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function unexplained(status: number): Problem {
  const code: ProblemCode = status >= 502 && status <= 504 ? 'unavailable' : status === 413 ? 'too_large' : 'internal';
  return { type: 'about:blank', title: problems[code][1], status, code, detail: `HTTP status ${status}` };
}
