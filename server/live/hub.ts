import type { LiveMessage } from '../../shared/live.ts';
import type { KindProgress } from '../../shared/projects.ts';
import { notifyAll } from '../db/notify.ts';
import type { OpenDatabase } from '../db/open.ts';

type Send = (message: LiveMessage) => void;

/** A change is told at most this often, in milliseconds. NOTIFY takes a lock that all commits share, so not per submission. */
const tellEvery = 500;
/** A change in an assignment is told after this, in milliseconds, with all that changed meanwhile. */
const changedAfter = 30;
const channel = 'progress';
const assignments = 'assignments';

/**
 * Rooms of pages that watch a project. `touch` says that a project's figures changed; soon after, every process on the
 * database hears it by NOTIFY and sends the new figures to its own watchers. In the same way the pages that attend an
 * assignment hear that something changed in it.
 */
export class Hub {
  readonly #database: OpenDatabase;
  readonly #progressOf: (projectId: string) => Promise<KindProgress[]>;
  readonly #onError: (error: unknown) => void;
  /** By the id of a project or an assignment. */
  readonly #rooms = new Map<string, Set<Send>>();
  readonly #touched = new Set<string>();
  readonly #changed = new Set<string>();
  #timer: NodeJS.Timeout | null = null;
  #changing: NodeJS.Timeout | null = null;
  #telling: Promise<void> = Promise.resolve();

  constructor(
    database: OpenDatabase,
    progressOf: (projectId: string) => Promise<KindProgress[]>,
    onError: (error: unknown) => void,
  ) {
    this.#database = database;
    this.#progressOf = progressOf;
    this.#onError = onError;
  }

  async start(): Promise<void> {
    await this.#database.listen(channel, (projectId) => {
      this.#send(projectId).catch(this.#onError);
    });
    await this.#database.listen(assignments, (assignmentId) => {
      for (const send of this.#rooms.get(assignmentId) ?? []) send({ type: 'changed', assignmentId });
    });
  }

  /** Sends the figures now and whenever they change, until the returned function is called. */
  async watch(projectId: string, send: Send): Promise<() => void> {
    const leave = this.#enter(projectId, send);
    try {
      send({ type: 'progress', projectId, progress: await this.#progressOf(projectId) });
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }

  /** Tells of changes in an assignment until the returned function is called. */
  attend(assignmentId: string, send: Send): () => void {
    return this.#enter(assignmentId, send);
  }

  /** Something changed in an assignment. */
  changed(assignmentId: string): void {
    this.#changed.add(assignmentId);
    this.#changing ??= setTimeout(() => {
      this.#changing = null;
      this.#tellChanged().catch(this.#onError);
    }, changedAfter);
  }

  touch(projectId: string): void {
    this.#touched.add(projectId);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#telling = this.#tell().catch(this.#onError);
    }, tellEvery);
  }

  /** `touch`, and the result passed through. */
  touching<T>(projectId: string, result: T): T {
    this.touch(projectId);
    return result;
  }

  /** Tells what is still to be told and stops. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#changing !== null) clearTimeout(this.#changing);
    this.#timer = this.#changing = null;
    await this.#telling;
    await Promise.all([this.#tell(), this.#tellChanged()]).catch(this.#onError);
  }

  #enter(id: string, send: Send): () => void {
    const room = this.#rooms.get(id) ?? new Set<Send>();
    this.#rooms.set(id, room.add(send));
    return () => {
      room.delete(send);
      if (room.size === 0 && this.#rooms.get(id) === room) this.#rooms.delete(id);
    };
  }

  async #tell(): Promise<void> {
    const projectIds = [...this.#touched];
    this.#touched.clear();
    await notifyAll(this.#database.db, channel, projectIds);
  }

  async #tellChanged(): Promise<void> {
    const ids = [...this.#changed];
    this.#changed.clear();
    await notifyAll(this.#database.db, assignments, ids);
  }

  async #send(projectId: string): Promise<void> {
    const room = this.#rooms.get(projectId);
    if (!room) return;
    const progress = await this.#progressOf(projectId);
    for (const send of room) send({ type: 'progress', projectId, progress });
  }
}
