/**
 * Until when assignments are in this person's hands, as far as the page knows: times in milliseconds since 1970.
 */
export class Leases {
  #until = new Map<string, number>();

  hold(assignmentId: string, leaseUntil: string): void {
    this.#until.set(assignmentId, Date.parse(leaseUntil));
  }

  /** Those of `ids` whose lease of `leaseMinutes` is half over, so that a renewal that fails can be tried again. */
  due(ids: readonly string[], leaseMinutes: number, now: number): string[] {
    return ids.filter((id) => (this.#until.get(id) ?? 0) - now < (leaseMinutes * 60_000) / 2);
  }
}
