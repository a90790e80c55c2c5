import { z } from 'zod';
import { submission, submit, type AssignmentState, type Submission } from '../../../shared/tasks.ts';
import { call, explain } from '../api.ts';
import { readStored, removeStored, storedKeys, writeStored } from './device-store.ts';
import { retryDelay } from './draft.ts';
import { forgetDraft, isPassing } from './draft-keeper.svelte.ts';

/** Above this a browser refuses a request that may outlive its page. In bytes; the limit is 64 KB for all together. */
const keepaliveBytes = 50_000;

const outgoing = z.object({
  assignmentId: z.uuid(),
  body: submission,
  /** Why the server would not have it; it then waits for the person. */
  refusal: z.string().nullable(),
});
export type Outgoing = z.output<typeof outgoing>;

/**
 * Submissions on their way: shown as done at once, kept in the browser until the server has them, tried again for as
 * long as it takes. Sending one twice is harmless, the server takes it once.
 */
export class Outbox {
  entries = $state.raw<Outgoing[]>([]);
  /** True while the last try failed. */
  stuck = $state(false);
  readonly waiting = $derived(this.entries.filter(({ refusal }) => refusal === null).length);
  readonly refused = $derived(this.entries.filter(({ refusal }) => refusal !== null));
  /** Called when the server took one. */
  onsent: (assignmentId: string, state: AssignmentState) => void = () => {};
  readonly #userId: string;
  #sending: string | null = null;
  #trying: Promise<void> = Promise.resolve();
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(userId: string) {
    this.#userId = userId;
    const found = storedKeys(`outbox.${userId}.`).map((key) => readStored(key, outgoing));
    this.entries = found.filter((entry) => entry !== null);
    this.#run();
  }

  add(assignmentId: string, body: Submission): void {
    this.#put({ assignmentId, body, refusal: null });
    this.#run();
  }

  /** Takes one back that the server does not have; waits for a try under way. @returns false where the server has it */
  async withdraw(assignmentId: string): Promise<boolean> {
    if (this.#sending === assignmentId) await this.#trying;
    if (!this.holds(assignmentId)) return false;
    this.#drop(assignmentId);
    return true;
  }

  holds(assignmentId: string): boolean {
    return this.entries.some((entry) => entry.assignmentId === assignmentId);
  }

  /** Tries at once, because the network is back or the person asks. */
  retry(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#run();
  }

  #run(): void {
    const entry = this.entries.find(({ refusal }) => refusal === null);
    if (entry === undefined || this.#sending !== null || this.#timer !== undefined) return;
    this.#sending = entry.assignmentId;
    this.#trying = this.#send(entry).then(() => {
      this.#sending = null;
    });
    void this.#trying.then(() => this.#run());
  }

  async #send(entry: Outgoing): Promise<void> {
    const { assignmentId, body } = entry;
    try {
      const small = JSON.stringify(body).length * 2 < keepaliveBytes;
      const { assignment } = await call(submit, { params: { assignmentId }, body }, { keepalive: small });
      this.#failures = 0;
      this.stuck = false;
      this.#drop(assignmentId);
      forgetDraft(this.#userId, assignmentId);
      this.onsent(assignmentId, assignment.state);
    } catch (error) {
      if (isPassing(error)) {
        this.#failures += 1;
        this.stuck = true;
        this.#timer = setTimeout(() => this.retry(), retryDelay(this.#failures));
      } else {
        this.#put({ ...entry, refusal: explain(error) });
      }
    }
  }

  #put(entry: Outgoing): void {
    writeStored(this.#keyOf(entry.assignmentId), entry);
    this.entries = [...this.entries.filter(({ assignmentId }) => assignmentId !== entry.assignmentId), entry];
  }

  #drop(assignmentId: string): void {
    removeStored(this.#keyOf(assignmentId));
    this.entries = this.entries.filter((entry) => entry.assignmentId !== assignmentId);
  }

  #keyOf(assignmentId: string): string {
    return `outbox.${this.#userId}.${assignmentId}`;
  }
}

const outboxes = new Map<string, Outbox>();

/** The one outbox of a person on this page: submissions go on being sent while they move between pages. */
export function outboxOf(userId: string): Outbox {
  const outbox = outboxes.get(userId) ?? new Outbox(userId);
  outboxes.set(userId, outbox);
  return outbox;
}
