import { claim, release, type Assignment } from '../../../shared/tasks.ts';
import { call, Refused } from '../api.ts';

export type Kind = Assignment['kind'];
export type AssignmentOf<K extends Kind> = Extract<Assignment, { kind: K }>;
export const isOf = <K extends Kind>(kind: K, assignment: Assignment): assignment is AssignmentOf<K> =>
  assignment.kind === kind;

interface TrayOptions<K extends Kind> {
  kind: K;
  projectId: string;
  /** Assignments that this page holds elsewhere: the one that is shown and those on their way to the server. */
  heldElsewhere: () => string[];
  /** One came to lie here. */
  onfetched: (assignment: AssignmentOf<K>) => void;
}

/**
 * The tasks in a person's hands that are not shown yet: the next one, fetched ahead so that no wait lies between two, and
 * what was put aside to go back to an earlier one.
 */
export class Tray<K extends Kind> {
  #waiting: AssignmentOf<K>[] = [];
  #fetching: Promise<void> | null = null;
  #closed = false;
  readonly #options: TrayOptions<K>;

  constructor(options: TrayOptions<K>) {
    this.#options = options;
  }

  get ids(): string[] {
    return this.#waiting.map(({ id }) => id);
  }

  /** The one that comes next, or null where none lies here. */
  take(): AssignmentOf<K> | null {
    return this.#waiting.shift() ?? null;
  }

  /** Once a fetch under way is over. */
  async settled(): Promise<void> {
    await this.#fetching;
  }

  /** Puts one aside: it comes next. */
  putAside(assignment: AssignmentOf<K>): void {
    this.#waiting.unshift(assignment);
  }

  drop(assignmentId: string): void {
    this.#waiting = this.#waiting.filter(({ id }) => id !== assignmentId);
  }

  /** Fetches one where none lies here. Where this fails, the task is fetched when it is needed. */
  lookAhead(): void {
    if (this.#waiting.length > 0 || this.#closed) return;
    this.#fetching ??= this.#fetch().finally(() => (this.#fetching = null));
  }

  /** A task from the server; null where it has none for this person. @throws Offline, Refused */
  async claim(): Promise<AssignmentOf<K> | null> {
    const { kind, projectId } = this.#options;
    const body = { kinds: [kind], holding: [...this.#options.heldElsewhere(), ...this.ids].slice(0, 50) };
    const answer = await call(claim, { params: { projectId }, body }).catch((error: unknown) => {
      // The queue explains it.
      if (error instanceof Refused && error.problem.code === 'archived') return null;
      throw error;
    });
    return answer && isOf(kind, answer.assignment) ? answer.assignment : null;
  }

  /** Gives back what was never looked at, so that others get it at once; the page may be going away. */
  empty(): void {
    for (const assignment of this.#waiting) if (assignment.draft === null) this.#giveBack(assignment);
    this.#waiting = [];
  }

  close(): void {
    this.empty();
    this.#closed = true;
  }

  async #fetch(): Promise<void> {
    const assignment = await this.claim().catch(() => null);
    if (assignment === null || [...this.#options.heldElsewhere(), ...this.ids].includes(assignment.id)) return;
    if (this.#closed) return this.#giveBack(assignment);
    this.#waiting.push(assignment);
    this.#options.onfetched(assignment);
  }

  #giveBack({ id }: AssignmentOf<K>): void {
    // Where this does not arrive, the lease runs out by itself.
    void call(release, { params: { assignmentId: id } }, { keepalive: true }).catch(() => undefined);
  }
}
