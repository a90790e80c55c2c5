import { listUsers, readAudit, type AuditEntry } from '../../../shared/accounts.ts';
import { listProjects } from '../../../shared/projects.ts';
import { call } from '../api.ts';

/** The audit log as far as it was read, newest first. */
export class AuditLog {
  entries = $state.raw<AuditEntry[]>([]);
  loading = $state(false);
  failure = $state.raw<unknown>(null);
  /** Where to go on; null at the end, undefined before the first page. */
  next = $state.raw<number | null | undefined>(undefined);

  /** What the ids in the log stand for, as far as it is still there. */
  names = $state.raw<ReadonlyMap<string, string>>(new Map());

  constructor() {
    void this.more();
    // The log can be read without the names.
    this.#name().catch(() => undefined);
  }

  /** A value of an entry as one line of text. */
  told(value: unknown): string {
    if (typeof value === 'string') return this.names.get(value) ?? value;
    return Array.isArray(value) ? value.map((one) => this.told(one)).join(', ') : JSON.stringify(value);
  }

  more = async (): Promise<void> => {
    if (this.loading || this.next === null) return;
    this.loading = true;
    this.failure = null;
    try {
      const query = this.next === undefined ? {} : { before: this.next };
      const page = await call(readAudit, { query });
      this.entries = [...this.entries, ...page.entries];
      this.next = page.next;
    } catch (error) {
      this.failure = error;
    } finally {
      this.loading = false;
    }
  };

  async #name(): Promise<void> {
    const [{ users }, { projects }] = await Promise.all([call(listUsers, {}), call(listProjects, {})]);
    this.names = new Map([...users, ...projects].map(({ id, name }) => [id, name]));
  }
}
