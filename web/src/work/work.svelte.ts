import type { Output } from '../../../shared/endpoint.ts';
import { disputeVerdict, type Verdict } from '../../../shared/moderation.ts';
import { myWork, reopen, type WorkItem } from '../../../shared/tasks.ts';
import { call } from '../api.ts';
import { Loaded } from '../ui/loaded.svelte.ts';

type Work = Output<typeof myWork>;

/** How often the time left to take something back is told anew. */
const tickMs = 30_000;

/** What the person at the page did and may still go on with. */
export class MyWork {
  readonly loaded = new Loaded<Work>(() => call(myWork, { query: { since: midnight(new Date()) } }));
  older = $state.raw<WorkItem[]>([]);
  loadingOlder = $state(false);
  olderFailure = $state.raw<unknown>(null);
  now = $state(Date.now());
  /** The verdict of which the person says that it is wrong. */
  disputing = $state.raw<Verdict | null>(null);
  /** Why verdicts are wrong, by their ids, as far as it is written and not sent. */
  comments = $state.raw<Readonly<Record<string, string>>>({});
  #disputed = $state.raw<ReadonlySet<string>>(new Set());
  #next = $state.raw<string | null | undefined>(undefined);
  readonly next = $derived(this.#next === undefined ? (this.loaded.value?.next ?? null) : this.#next);
  readonly items = $derived([...(this.loaded.value?.items ?? []), ...this.older]);
  readonly #timer = setInterval(() => (this.now = Date.now()), tickMs);

  loadOlder = async (): Promise<void> => {
    const after = this.next;
    if (after === null || this.loadingOlder) return;
    this.loadingOlder = true;
    this.olderFailure = null;
    try {
      const page = await call(myWork, { query: { since: midnight(new Date()), after } });
      this.older = [...this.older, ...page.items];
      this.#next = page.next;
    } catch (error) {
      this.olderFailure = error;
    } finally {
      this.loadingOlder = false;
    }
  };

  /** Takes a submission back, so that its page can be opened. */
  async reopen({ id }: WorkItem): Promise<void> {
    await call(reopen, { params: { assignmentId: id } });
  }

  isDisputed({ id, disputed }: Verdict): boolean {
    return disputed || this.#disputed.has(id);
  }

  /** @throws Offline, Refused */
  async dispute({ id }: Verdict): Promise<void> {
    await call(disputeVerdict, { params: { verdictId: id }, body: { comment: this.comments[id] ?? '' } });
    this.#disputed = new Set([...this.#disputed, id]);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/** The last midnight where the browser is, with its offset from UTC. */
export function midnight(now: Date): string {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate()).toISOString();
}
