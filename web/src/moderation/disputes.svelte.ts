import { listDisputes, resolveDispute, type Dispute } from '../../../shared/moderation.ts';
import { call } from '../api.ts';
import { Paged } from '../ui/paged.svelte.ts';

/** What people dispute of moderation in a project, newest first. */
export class Disputes {
  readonly list: Paged<Dispute>;
  /** The id of the one that the keys are for. */
  #focused = $state<string | null>(null);
  readonly focused = $derived.by(
    () => this.list.items.find(({ id }) => id === this.#focused) ?? this.list.items[0] ?? null,
  );
  /** Ids of those whose text is open. */
  opened = $state.raw<ReadonlySet<string>>(new Set());

  constructor(projectId: string) {
    this.list = new Paged(async (before) => {
      const { disputes, next } = await call(listDisputes, { params: { projectId }, query: { before } });
      return { items: disputes, next };
    });
  }

  focus({ id }: Dispute): void {
    this.#focused = id;
  }

  /** @returns the one after or before the one in focus, which then is; null at the end */
  move(by: 1 | -1): Dispute | null {
    const { items } = this.list;
    const next = items[items.findIndex(({ id }) => id === this.focused?.id) + by] ?? null;
    if (next) this.focus(next);
    return next;
  }

  open({ id }: Dispute, open: boolean): void {
    const opened = new Set(this.opened);
    if (open) opened.add(id);
    else opened.delete(id);
    this.opened = opened;
  }

  /** Settles a dispute, or opens it again with null. @throws Offline, Refused */
  async settle({ id }: Dispute, resolution: Dispute['resolution']): Promise<void> {
    const { dispute } = await call(resolveDispute, { params: { disputeId: id }, body: { resolution } });
    this.list.items = this.list.items.map((one) => (one.id === id ? dispute : one));
  }
}
