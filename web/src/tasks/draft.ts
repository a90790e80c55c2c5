import type { AssignmentState, Draft } from '../../../shared/tasks.ts';

/** A change is sent at most this long after it was made, however fast the person types on. In milliseconds. */
export const sendWithin = 1_500;
const firstRetry = 2_000;
const longestRetry = 30_000;

/** A draft as the server holds it. */
export interface StoredDraft {
  draft: Draft | null;
  revision: number;
}

/** A draft as this browser holds it. */
export interface LocalDraft {
  draft: Draft;
  /** Of the server's draft that this one was made from. */
  revision: number;
  /** True while the server has not said that it holds exactly this. */
  unsent: boolean;
  /** What was sent last and not answered for: where the server holds this, the draft above builds on it. */
  sent: Draft | null;
  activeMs: number;
  /** Milliseconds since 1970. */
  keptAt: number;
}

/** Where work on a draft begins, from what the server and what this browser holds. */
export interface Opening {
  draft: Draft | null;
  revision: number;
  unsent: boolean;
  /** Another draft that neither contains nor is contained in `draft`: the person chooses. */
  theirs: StoredDraft | null;
}

/** Decides which of the two drafts is the newer one; only where that cannot be known are both kept. */
export function openingOf(server: StoredDraft, local: LocalDraft | null): Opening {
  const fromServer = { ...server, unsent: false, theirs: null };
  if (local === null || sameJson(local.draft, server.draft)) return fromServer;
  const { draft, revision, unsent } = local;
  if (!unsent) return revision > server.revision ? { draft, revision, unsent, theirs: null } : fromServer;
  if (server.revision <= revision) return { draft, revision, unsent, theirs: null };
  if (sameJson(server.draft, local.sent)) return { draft, revision: server.revision, unsent, theirs: null };
  return { draft, revision, unsent, theirs: server };
}

/** What became of an attempt to save. */
export type SaveAnswer =
  | { kind: 'saved'; revision: number; state: AssignmentState; leaseUntil: string }
  | { kind: 'conflict'; stored: StoredDraft }
  | { kind: 'given_away' }
  | { kind: 'unreachable' }
  | { kind: 'refused'; message: string };

/**
 * - `saved`: the server holds everything
 * - `unsent`: about to be sent, or being sent
 * - `unreachable`: kept here, tried again with growing delays
 * - `conflict`: a newer draft is stored; nothing is sent until the person chose
 * - `given_away`: the place is lost; the text is kept here and may be submitted
 * - `refused`: the server will not have it; `message` says why
 */
export type DraftStatus = 'saved' | 'unsent' | 'unreachable' | 'conflict' | 'given_away' | 'refused';

export interface DraftSyncOptions {
  opening: Opening;
  /** Must answer and never throw. `leaving`: the page is going away. Nobody hears an answer once `signal` is aborted. */
  send(draft: Draft, revision: number, leaving: boolean, signal: AbortSignal): Promise<SaveAnswer>;
  /** Keeps a draft in this browser, at once. */
  keep(local: Omit<LocalDraft, 'activeMs' | 'keptAt'>): void;
  onchange(): void;
}

/**
 * Keeps one draft in step with the server: every change is kept in the browser at once and sent within `sendWithin`,
 * one request at a time, each built on the revision before. A newer draft on the server is never overwritten unasked.
 */
export class DraftSync {
  status: DraftStatus;
  message = '';
  revision: number;
  theirs: StoredDraft | null;
  #draft: Draft | null;
  #unsent: boolean;
  #sent: Draft | null = null;
  #sending = false;
  #held = false;
  #closed = false;
  /** Ends what is on its way. */
  #way = new AbortController();
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #options: DraftSyncOptions;

  constructor(options: DraftSyncOptions) {
    const { opening } = options;
    this.#options = options;
    this.#draft = opening.draft;
    this.#unsent = opening.unsent;
    this.revision = opening.revision;
    this.theirs = opening.theirs;
    this.status = opening.theirs ? 'conflict' : opening.unsent ? 'unsent' : 'saved';
    if (this.status === 'unsent') this.#schedule(0);
  }

  /** As it is now; null where none was made. */
  get draft(): Draft | null {
    return this.#draft;
  }

  change(draft: Draft): void {
    if (this.#closed) return;
    this.#draft = draft;
    this.#unsent = true;
    this.#keep();
    if (this.status === 'saved' || this.status === 'refused') this.#set('unsent');
    if (this.#timer === undefined) this.#schedule(sendWithin);
  }

  /** Sends what is unsent now: before the page goes away, or because the network is back. */
  flush(leaving = false): void {
    if (!this.#unsent) return;
    // A page that goes away cannot wait for the answer to the request before; the server sorts the two out by revision.
    if (leaving && this.#sending) this.#sending = false;
    this.#schedule(null);
    void this.#send(leaving);
  }

  /** The person chose the stored draft. */
  useTheirs(): void {
    const chosen = this.theirs;
    if (chosen === null) return;
    this.theirs = null;
    this.#draft = chosen.draft;
    this.revision = chosen.revision;
    this.#unsent = false;
    this.#keep();
    this.#set('saved');
  }

  /** The person chose what is on this page: it goes on top of what is stored. */
  keepMine(): void {
    if (this.theirs === null) return;
    this.revision = this.theirs.revision;
    this.theirs = null;
    this.#unsent = true;
    this.#keep();
    this.#set('unsent');
    this.flush();
  }

  /**
   * What the draft is of is about to end, and a draft that came after the end would be refused: what is on its way is let
   * go of, and nothing is sent until `resume`. Changes are kept in the browser meanwhile.
   */
  hold(): void {
    this.#held = true;
    this.#schedule(null);
    this.#way.abort();
    this.#way = new AbortController();
    this.#sending = false;
  }

  /** It did not end after all. */
  resume(): void {
    this.#held = false;
    this.flush();
  }

  /** Ends the sending; what the browser holds stays. */
  close(): void {
    this.#closed = true;
    this.#schedule(null);
  }

  async #send(leaving: boolean): Promise<void> {
    const draft = this.#draft;
    if (this.#closed || this.#held || this.#sending || this.status === 'conflict') return;
    if (draft === null || !this.#unsent) return;
    const { signal } = this.#way;
    this.#sending = true;
    this.#sent = draft;
    this.#keep();
    const answer = await this.#options.send(draft, this.revision, leaving, signal);
    if (signal.aborted) return;
    this.#sending = false;
    if (!this.#closed) this.#take(answer, draft);
  }

  #take(answer: SaveAnswer, sent: Draft): void {
    this.#failures = answer.kind === 'unreachable' ? this.#failures + 1 : 0;
    if (answer.kind === 'saved') {
      this.#stored(answer.revision, sent);
      if (answer.state === 'expired') this.#set('given_away');
    } else if (answer.kind === 'conflict' && sameJson(answer.stored.draft, sent)) {
      // An earlier attempt did arrive, and its answer was lost.
      this.#stored(answer.stored.revision, sent);
    } else if (answer.kind === 'conflict') {
      this.theirs = answer.stored;
      this.#set('conflict');
    } else if (answer.kind === 'unreachable') {
      this.#set('unreachable');
      this.#schedule(retryDelay(this.#failures));
    } else {
      this.message = answer.kind === 'refused' ? answer.message : '';
      this.#set(answer.kind);
    }
  }

  #stored(revision: number, sent: Draft): void {
    this.revision = revision;
    this.#unsent = this.#draft !== sent;
    this.#sent = null;
    this.#keep();
    this.#set(this.#unsent ? 'unsent' : 'saved');
    if (this.#unsent && this.#timer === undefined) this.#schedule(sendWithin);
  }

  #keep(): void {
    if (this.#draft === null) return;
    this.#options.keep({ draft: this.#draft, revision: this.revision, unsent: this.#unsent, sent: this.#sent });
  }

  /** `null` only takes back what was scheduled. */
  #schedule(delay: number | null): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (delay === null || this.#held || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#send(false);
    }, delay);
  }

  #set(status: DraftStatus): void {
    this.status = status;
    this.#options.onchange();
  }
}

/** Milliseconds to wait after so many failures in a row: doubling, at most half a minute. */
export function retryDelay(failures: number): number {
  return Math.min(firstRetry * 2 ** Math.max(0, failures - 1), longestRetry);
}

/** Equal as JSON; the order of keys does not count, for a database may change it. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = new Map(Object.entries(a).filter(([, value]) => value !== undefined));
  const right = new Map(Object.entries(b).filter(([, value]) => value !== undefined));
  return (
    left.size === right.size && [...left].every(([key, value]) => right.has(key) && sameJson(value, right.get(key)))
  );
}
