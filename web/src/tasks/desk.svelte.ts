import { readProject, type Project } from '../../../shared/projects.ts';
import type { Output } from '../../../shared/endpoint.ts';
import { myWork, queue, readAssignment, renew, reopen, skip, type Submission } from '../../../shared/tasks.ts';
import { call, explain, Refused } from '../api.ts';
import { live } from '../live.svelte.ts';
import { ActiveTime } from './active-time.ts';
import { DraftKeeper, forgetDraft, forgetOldDrafts, isPassing, knownActiveMs } from './draft-keeper.svelte.ts';
import { Leases } from './leases.ts';
import { outboxOf, type Outbox } from './outbox.svelte.ts';
import { watchPresence } from './presence.ts';
import { isOf, Tray, type AssignmentOf, type Kind } from './tray.ts';

/** How often an empty queue is asked again, in milliseconds. */
const pollEvery = 10_000;
/** Live messages may come twice a second; an empty queue is asked at most this often. In milliseconds. */
const pollAtMost = 2_000;
/** How often leases are looked at, in milliseconds; they are renewed once half of their time is over. */
const lookAtLeasesEvery = 15_000;
/** Whoever gave no sign of life for so long, in milliseconds, is away: their leases run out. */
const awayAfter = 5 * 60_000;
/** How long "Undo" is offered after a submission, in milliseconds. The work page offers it for as long as it is allowed. */
const offerUndoFor = 30_000;

/** What is before a person: one assignment with its draft and clock. A new one for each task that is shown. */
export interface Seat<K extends Kind> {
  assignment: AssignmentOf<K>;
  keeper: DraftKeeper;
  active: ActiveTime;
}

/**
 * A person's desk in one project: the task at hand, the tray with the next one, and what was submitted last so that it
 * can be taken back. Keeps the leases alive while the person is at work.
 */
export class Desk<K extends Kind> {
  /** `opening` is also the short time without a task between two; `failed` says why in `fault`. */
  phase = $state<'opening' | 'working' | 'ended' | 'empty' | 'failed'>('opening');
  seat = $state.raw<Seat<K> | null>(null);
  project = $state.raw<Project | null>(null);
  queue = $state.raw<Output<typeof queue> | null>(null);
  fault = $state('');
  doneToday = $state(0);
  /** The assignment submitted last, while taking it back is offered. */
  last = $state.raw<AssignmentOf<K> | null>(null);
  /** Said once, quietly: what became of something that happens in the background. */
  notice = $state('');
  readonly kind: K;
  readonly projectId: string;
  readonly outbox: Outbox;
  readonly #userId: string;
  readonly #tray: Tray<K>;
  readonly #leases = new Leases();
  #polled = 0;
  #undoTimer: ReturnType<typeof setTimeout> | undefined;
  #gone = false;

  /** `prepare` hears of a task some time before it is shown. */
  constructor(kind: K, projectId: string, userId: string, prepare: (assignment: AssignmentOf<K>) => void = () => {}) {
    this.kind = kind;
    this.projectId = projectId;
    this.#userId = userId;
    this.outbox = outboxOf(userId);
    this.#tray = new Tray({
      kind,
      projectId,
      heldElsewhere: () => [
        ...(this.seat === null ? [] : [this.seat.assignment.id]),
        ...this.outbox.entries.map(({ assignmentId }) => assignmentId),
      ],
      onfetched: (assignment) => {
        this.#leases.hold(assignment.id, assignment.leaseUntil);
        prepare(assignment);
      },
    });
  }

  /** Opens the desk, with a certain assignment or whatever comes first. @returns what to do when the page goes */
  start(assignmentId?: string): () => void {
    this.outbox.onsent = (id, state) => {
      if (state === 'surplus') {
        this.notice = 'Your place had been given to someone else. What you submitted is kept as an extra answer.';
      }
      if (this.last?.id === id && state !== 'submitted') this.last = null;
    };
    forgetOldDrafts(this.#userId, Date.now());
    void this.#readProject();
    void (assignmentId === undefined ? this.#take() : this.open(assignmentId));
    const stopWatching = watchPresence({
      onsign: () => this.seat?.active.sign(Date.now()),
      ononline: () => this.#backOnline(),
      onhide: () => this.#hidden(),
      onshow: () => this.#seen(),
      onleave: () => this.#leave(),
      onreturn: () => this.#lookAhead(),
    });
    const leases = setInterval(() => this.#renewLeases(), lookAtLeasesEvery);
    const poll = setInterval(() => this.#poll(), pollEvery);
    const unwatch = live.watch(this.projectId, () => this.#poll());
    return () => {
      stopWatching();
      clearInterval(leases);
      clearInterval(poll);
      clearTimeout(this.#undoTimer);
      unwatch();
      this.#leave();
      this.seat?.keeper.close();
      this.#tray.close();
      this.#gone = true;
    };
  }

  /** Shows one of the person's assignments. */
  async open(assignmentId: string): Promise<void> {
    await this.#attempt(async () => {
      const { assignment } = await call(readAssignment, { params: { assignmentId } });
      if (!isOf(this.kind, assignment)) throw new Error('This piece of work belongs to another page.');
      this.#show(assignment);
    });
  }

  /** Hands the work in: the next task is there at once, the sending goes on behind it. */
  submit(body: Submission): void {
    const { seat } = this;
    if (seat === null) return;
    seat.keeper.hold();
    seat.keeper.close();
    this.outbox.add(seat.assignment.id, body);
    this.doneToday += 1;
    this.last = seat.assignment;
    clearTimeout(this.#undoTimer);
    this.#undoTimer = setTimeout(() => (this.last = null), offerUndoFor);
    void this.next();
  }

  /** Shows the task at hand anew, from the draft that its keeper has now. */
  reseat(): void {
    if (this.seat === null) return;
    const { assignment, keeper } = this.seat;
    this.seat.keeper.flush();
    this.#show({ ...assignment, draft: keeper.draft, revision: keeper.revision });
  }

  /** Takes the last submission back; what was at hand meanwhile comes again after it. */
  async undoSubmission(): Promise<void> {
    const { last } = this;
    if (last === null) return;
    this.last = null;
    if (await this.outbox.withdraw(last.id)) return this.#goBackTo(last);
    try {
      const { assignment } = await call(reopen, { params: { assignmentId: last.id } });
      if (isOf(this.kind, assignment)) this.#goBackTo(assignment);
    } catch (error) {
      this.notice = explain(error);
      if (isPassing(error)) this.last = last;
    }
  }

  /** Takes back what is shown as ended. @throws Offline, Refused */
  async reopenShown(): Promise<void> {
    if (this.seat === null) return;
    const { assignment } = await call(reopen, { params: { assignmentId: this.seat.assignment.id } });
    if (isOf(this.kind, assignment)) this.#show(assignment);
  }

  /** Opens a submission again that the server refused; its text is in the draft that this browser kept. */
  async openRefused(assignmentId: string): Promise<void> {
    this.#putAside();
    await this.outbox.withdraw(assignmentId);
    await this.open(assignmentId);
  }

  /** Leaves the task to others; it stays in sight until `next` is called. @throws Offline, Refused */
  async skip(reason: string, comment: string): Promise<void> {
    const { seat } = this;
    if (seat === null) return;
    const activeMs = Math.round(seat.active.read(Date.now()));
    const body = { reason, activeMs, ...(comment.trim() === '' ? {} : { comment }) };
    seat.keeper.hold();
    try {
      await call(skip, { params: { assignmentId: seat.assignment.id }, body });
    } catch (error) {
      seat.keeper.resume();
      throw error;
    }
    seat.keeper.close();
    if (seat.keeper.status === 'saved') forgetDraft(this.#userId, seat.assignment.id);
  }

  /** Goes on to the next task. */
  async next(): Promise<void> {
    // The address may name the task that is done; a reload must not bring it back. The page itself stays.
    // /projects/:projectId/rank/:assignmentId, without the last.
    history.replaceState(history.state, '', location.pathname.split('/').slice(0, 4).join('/'));
    const waiting = this.#tray.take();
    if (waiting) return this.#show(waiting);
    this.seat = null;
    this.phase = 'opening';
    await this.#tray.settled();
    const fetched = this.#tray.take();
    if (fetched) this.#show(fetched);
    else await this.#take();
  }

  async #take(): Promise<void> {
    await this.#attempt(async () => {
      const assignment = await this.#tray.claim();
      if (assignment) return this.#show(assignment);
      const params = { projectId: this.projectId };
      const found = await call(queue, { params, query: { kind: this.kind } });
      // Something came free between the two questions: the next poll gets it.
      this.queue = found;
      this.phase = 'empty';
    });
  }

  #lookAhead(): void {
    if (this.phase === 'working') this.#tray.lookAhead();
  }

  #show(assignment: AssignmentOf<K>): void {
    this.seat?.keeper.close();
    const active = new ActiveTime(knownActiveMs(this.#userId, assignment));
    active.sign(Date.now());
    this.#leases.hold(assignment.id, assignment.leaseUntil);
    const keeper = new DraftKeeper(assignment, this.#userId, active, (until) =>
      this.#leases.hold(assignment.id, until),
    );
    this.seat = { assignment, keeper, active };
    const { state } = assignment;
    this.phase = state === 'active' || state === 'expired' ? 'working' : 'ended';
    if (state === 'expired') void this.#renew(assignment.id);
    this.#lookAhead();
  }

  #goBackTo(assignment: AssignmentOf<K>): void {
    this.doneToday = Math.max(0, this.doneToday - 1);
    this.#putAside();
    this.#show(assignment);
  }

  /** What is at hand comes again after what is shown next, with whatever was done to it. */
  #putAside(): void {
    if (this.seat === null || this.phase !== 'working') return;
    const { assignment, keeper } = this.seat;
    keeper.flush();
    this.#tray.putAside({ ...assignment, draft: keeper.draft, revision: keeper.revision });
  }

  #renewLeases(): void {
    const now = Date.now();
    if (this.seat === null || this.phase !== 'working' || this.seat.active.idle(now) > awayAfter) return;
    const ids = [this.seat.assignment.id, ...this.#tray.ids];
    for (const id of this.#leases.due(ids, this.project?.leaseMinutes ?? 1, now)) void this.#renew(id);
  }

  async #renew(assignmentId: string): Promise<void> {
    const seat = this.seat?.assignment.id === assignmentId ? this.seat : null;
    const body = seat ? { activeMs: Math.round(seat.active.read(Date.now())) } : {};
    try {
      const { leaseUntil, state } = await call(renew, { params: { assignmentId }, body });
      this.#leases.hold(assignmentId, leaseUntil);
      if (state === 'active') return seat?.keeper.regain();
    } catch (error) {
      if (!(error instanceof Refused) || isPassing(error)) return;
    }
    seat?.keeper.lose();
    this.#tray.drop(assignmentId);
  }

  #poll(): void {
    const now = Date.now();
    const due = this.phase === 'empty' || (this.phase === 'failed' && this.seat === null);
    if (!due || now - this.#polled < pollAtMost || document.hidden) return;
    this.#polled = now;
    void this.#take();
  }

  #backOnline(): void {
    this.outbox.retry();
    this.seat?.keeper.flush();
    this.#poll();
  }

  #hidden(): void {
    this.seat?.active.pause(Date.now());
    this.seat?.keeper.flush();
  }

  #seen(): void {
    this.#renewLeases();
    this.#poll();
  }

  /** Before the page goes: sends what is unsent and gives back what was never seen. */
  #leave(): void {
    this.seat?.keeper.flush(true);
    this.#tray.empty();
  }

  async #readProject(): Promise<void> {
    const params = { projectId: this.projectId };
    const midnight = new Date();
    midnight.setHours(0, 0, 0, 0);
    try {
      const query = { projectId: this.projectId, since: midnight.toISOString(), limit: 1 };
      const [{ project }, work] = await Promise.all([call(readProject, { params }), call(myWork, { query })]);
      this.project = project;
      this.doneToday += work.today[this.kind];
    } catch (error) {
      if (isPassing(error)) setTimeout(() => void (this.#gone || this.#readProject()), pollAtMost);
      else this.#fail(error);
    }
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.fault = explain(error);
    this.phase = 'failed';
  }
}
