/*
 * Completions while they are being written.
 *
 * Each is a row of `generations`. The process that began it asks the model, keeps the text in memory, sends what is new to
 * those who follow, and stores it once a second. Pieces are numbered by their place in the text, so whoever was away asks
 * for the rest from behind what they have; there is no log beside the text.
 *
 * - A page may be connected to another process than the one that writes. That one follows the row, and asks the writer by
 *   NOTIFY to send pieces the same way for as long as somebody wants them.
 * - A process that dies leaves its generations to the others: whoever finds one without a living owner asks the model again
 *   with the same seed (growing.ts). One that is told to stop hands them over at once.
 * - Nobody waits for one who does not read: what piles up is sent as one larger piece later (followers.ts).
 */
import { EventEmitter } from 'node:events';
import { newId } from '../db/ids.ts';
import { z } from 'zod';
import type { Message } from '../../shared/conversations.ts';
import type { Parameters } from '../../shared/models.ts';
import type { Stream, StreamState } from '../../shared/streams.ts';
import { type Database, transaction } from '../db/database.ts';
import { notify } from '../db/notify.ts';
import type { OpenDatabase } from '../db/open.ts';
import { ModelFailure, type Writing } from '../models/provider.ts';
import type { ModelRow } from '../models/queries.ts';
import type { Models } from '../models/writing.ts';
import { notFound, Refusal } from '../problem.ts';
import { type Follower, Followers } from './followers.ts';
import { commonLength, Growing } from './growing.ts';
import * as queries from './queries.ts';
import { Relays } from './relays.ts';

export type { GenerationRow } from './queries.ts';

export interface NewGeneration {
  /** Of the generation, and of the message that it becomes. */
  id?: string;
  purpose: 'chat' | 'suggestion' | 'alternative' | 'side';
  projectId: string;
  roundId: string | null;
  model: ModelRow;
  /** Who asks, and may follow and stop it. */
  trainerId: string;
  assignmentId?: string;
  /** Of a chat: the message that it answers. */
  parentId?: string;
  groupId?: string;
  role: 'user' | 'assistant';
  prompt: readonly Message[];
  parameters: Parameters;
  /** From 0 to 2^31 - 1. */
  seed: number;
}

/** Looks at what a generation writes. */
export interface Inspection {
  /** While it grows; true stops it, as a text that must not be shown. */
  stops(text: string): boolean;
  /** When it has ended, before it is stored. True withholds it: those who follow lose what they have of it. */
  ended(text: string): Promise<boolean>;
}

/** A model that was asked, and has perhaps begun to answer, before its generation is stored. */
export interface Ahead {
  readonly writing: Writing;
  readonly first: ReturnType<Writing['next']>;
  readonly stopping: AbortController;
  /** Why one waits, if so. */
  detail: string | null;
  onWait: (detail: string | null) => void;
  /** The generation is not to be. */
  drop(): void;
}

interface Running {
  readonly ahead: Ahead;
  readonly generation: queries.GenerationRow;
  readonly model: ModelRow;
  readonly growing: Growing;
  readonly stopping: AbortController;
  /** Asked for once the first word is on its way, which is waited for; and anew where the database was away. */
  inspecting: Promise<Inspection> | null;
  state: Extract<StreamState, 'waiting' | 'streaming'>;
  detail: string | null;
  firstTokenAt: Date | null;
  /** Something is not stored yet. */
  dirty: boolean;
  /** Length of the text when it was last inspected. */
  inspected: number;
  /** Another process wants the pieces until then, in milliseconds of `performance.now()`; it has so much of the text. */
  wantedUntil: number;
  relayed: number;
}

/** The text is stored this often, in milliseconds: so much of it a crash may cost. */
const storeEvery = 1_000;
/** Signs of life of a process, and the look for what dead ones left, in milliseconds. */
const aliveEvery = 3_000;
/** A process is believed to live for so many seconds after its last sign. */
const livesFor = 12;
/** Generations taken over at a time. */
const takenAtOnce = 200;
/** A text is inspected again when it has grown by so many UTF-16 code units. */
const inspectEvery = 200;
/** How long the writer of a stream has to stop it before it is ended without it, in milliseconds. */
const stopWithin = 2_000;
/** Of a text that is no chat's. */
const withheldWords = 'This was withheld by the moderation of this project.';
/** A stream that is followed before it is there is waited for so long, and looked for first after so long, in milliseconds. */
const comesWithin = 4_000;
const firstLook = 300;
/** Messages to the processes: who wants a stream's pieces, or has it stopped. */
const requests = 'stream_requests';

export interface StreamsOptions {
  database: OpenDatabase;
  models: Models;
  inspect: (generation: queries.GenerationRow) => Promise<Inspection>;
  clock: () => Date;
  /** Hears that an answer of a chat began or ended. */
  onChange: (generation: queries.GenerationRow) => void;
  /** Hears how many processes live. */
  onLiving: (living: number) => void;
  onError: (error: unknown) => void;
}

export class Streams {
  /** Of this process. */
  readonly #me = newId();
  readonly #db: Database;
  readonly #options: StreamsOptions;
  readonly #running = new Map<string, Running>();
  /** An event for each stream that this process begins, named by its id. */
  readonly #begun = new EventEmitter().setMaxListeners(0);
  readonly #writing = new Set<Promise<void>>();
  readonly #relays: Relays;
  readonly #followers: Followers;
  #storing: NodeJS.Timeout | null = null;
  #living: NodeJS.Timeout | null = null;
  #lookingAfter: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: StreamsOptions) {
    this.#options = options;
    this.#db = options.database.db;
    this.#relays = new Relays(options.database, {
      want: (streamId, from) => this.#ask({ type: 'want', streamId, from }),
      send: (streamId, message) => this.#followers.tell(streamId, message),
      piece: (streamId, text, stays, final) => this.#followers.replaced(streamId, text, stays, final),
      onError: options.onError,
    });
    this.#followers = new Followers({
      textOf: (id) => this.#running.get(id)?.growing.text ?? this.#relays.textOf(id),
      onSent: (id) => this.#relay(id),
      onLeft: (id) => this.#relays.drop(id),
    });
  }

  async start(): Promise<void> {
    await this.#options.database.listen(requests, (payload) => this.#asked(payload));
    await this.#relays.start();
    await this.#live();
  }

  /**
   * Begins to write. When this returns, the rows are there, and whatever happens to this process, somebody writes them.
   *
   * @param allow runs first, in the same transaction; where it throws, nothing is begun
   */
  async begin(news: readonly NewGeneration[], allow?: (tx: Database) => Promise<void>): Promise<Stream[]> {
    const { clock } = this.#options;
    const rows = news.map(({ id = newId(), model, prompt, ...rest }) => ({
      ...{ id, modelId: model.id, owner: this.#me, createdAt: clock(), state: 'waiting' as const, ...rest },
      prompt: prompt.map(({ role, content }) => ({ role, content })),
    }));
    const generations = await transaction(this.#db, async (tx) => {
      await allow?.(tx);
      return queries.insertGenerations(tx, rows);
    });
    return news.map(({ model }, index) => {
      const generation = generations[index];
      if (generation === undefined) throw new Error('insert returned too few rows');
      return this.run(generation, model);
    });
  }

  /** What a generation that is written from here on belongs to; for a rule that inserts its row together with others. */
  get owner(): string {
    return this.#me;
  }

  /**
   * Asks a model while its generation is still being stored, so that whoever waits for the first word does not wait for
   * both. What comes of it is for `run`, or else to be dropped.
   */
  ask({ prompt, role, parameters, seed }: queries.GenerationRow, model: ModelRow): Ahead {
    const stopping = new AbortController();
    const asked = { messages: prompt, role, parameters, seed };
    const writing = this.#options.models.write(model, asked, stopping.signal, (detail) => {
      ahead.detail = detail;
      ahead.onWait(detail);
    });
    const ahead: Ahead = {
      ...{ writing, stopping, first: Promise.resolve().then(() => writing.next()) },
      detail: null,
      onWait: () => {},
      drop: () => stopping.abort(new Stopped()),
    };
    ahead.first.catch(() => undefined);
    return ahead;
  }

  /** Writes a generation whose row is there, with this process as its owner. */
  run(generation: queries.GenerationRow, model: ModelRow, ahead = this.ask(generation, model)): Stream {
    // Where another process wrote it before and was followed here, more of it may be known than was stored.
    const known = this.#relays.textOf(generation.id) ?? '';
    this.#relays.drop(generation.id);
    const before = known.length > generation.text.length ? known : generation.text;
    const running: Running = {
      ...{ ahead, generation, model, state: 'waiting', detail: ahead.detail, firstTokenAt: generation.firstTokenAt },
      ...{ growing: new Growing(before), stopping: ahead.stopping },
      inspecting: null,
      ...{ dirty: false, inspected: 0, wantedUntil: 0, relayed: 0 },
    };
    this.#running.set(generation.id, running);
    this.#begun.emit(generation.id);
    const work = this.#write(running).finally(() => this.#writing.delete(work));
    this.#writing.add(work);
    this.#storing ??= setInterval(() => void this.#store().catch(this.#options.onError), storeEvery);
    return { id: generation.id, state: 'waiting', detail: ahead.detail, text: before };
  }

  /** Streams as far as they are written at this moment; those of this process from memory, the rest as stored. */
  async read(ids: readonly string[]): Promise<Map<string, Stream>> {
    const found = new Map<string, Stream>();
    const elsewhere: string[] = [];
    for (const id of ids) {
      const running = this.#running.get(id);
      if (running === undefined) elsewhere.push(id);
      else found.set(id, { id, state: running.state, detail: running.detail, text: running.growing.text });
    }
    if (elsewhere.length > 0)
      for (const { id, state, detail, text } of await queries.selectProgress(this.#db, elsewhere))
        found.set(id, { id, state, detail, text });
    return found;
  }

  /** One's own stream. Throws `not_found`. */
  async readOne(userId: string, id: string): Promise<Stream> {
    await this.#own(userId, id);
    const stream = (await this.read([id])).get(id);
    if (stream === undefined) throw notFound('stream');
    return stream;
  }

  /**
   * Sends the rest of one's own stream, from behind the first `from` characters, and what comes, until the returned
   * function is called. Throws `not_found`.
   */
  async follow(userId: string, id: string, from: number, follower: Follower): Promise<() => void> {
    await this.#own(userId, id);
    return this.#follow(id, from, follower);
  }

  /**
   * The same for one that is only being asked for: a page follows an answer while it asks for it, so that no trip lies between
   * the two. The follower hears where none came.
   */
  followComing(userId: string, id: string, from: number, follower: Follower): () => void {
    const left = new AbortController();
    void this.#followLater(userId, id, from, follower, left.signal);
    return () => left.abort();
  }

  async #followLater(userId: string, id: string, from: number, follower: Follower, left: AbortSignal): Promise<void> {
    try {
      if (!(await this.#comes(userId, id, left))) return;
      const leave = await this.#follow(id, from, follower, true);
      if (left.aborted) leave();
      else left.addEventListener('abort', leave);
    } catch (error) {
      if (left.aborted) return;
      if (error instanceof Refusal) follower.send({ type: 'refused', detail: error.message });
      else this.#options.onError(error);
    }
  }

  /** Waits for one's own stream; false where it is no longer wanted. Throws `not_found`. */
  async #comes(userId: string, id: string, left: AbortSignal): Promise<boolean> {
    // It is mostly begun in this process, which tells so; what another one begins is found by looking, ever more seldom.
    for (let wait = firstLook, waited = 0; waited < comesWithin; waited += wait, wait *= 2) {
      if (!this.#running.has(id)) await this.#beginning(id, wait);
      if (left.aborted) return false;
      if (await this.#isOwn(userId, id)) return true;
    }
    throw notFound('stream');
  }

  /** Resolves when this process begins the stream, or after so many milliseconds. */
  #beginning(id: string, within: number): Promise<void> {
    return new Promise((resolve) => {
      const over = (): void => {
        clearTimeout(timer);
        this.#begun.off(id, over);
        resolve();
      };
      const timer = setTimeout(over, within);
      this.#begun.once(id, over);
    });
  }

  async #follow(id: string, from: number, follower: Follower, coming = false): Promise<() => void> {
    const { start, leave } = this.#followers.add(id, from, follower);
    const running = this.#running.get(id);
    try {
      const stream =
        running === undefined
          ? await this.#relays.begin(id)
          : { state: running.state, detail: running.detail, text: running.growing.text };
      if (stream === null) throw notFound('stream');
      const { state, detail, text } = stream;
      start(text, ended(state));
      // Whoever followed it before it began knows that it waits, and waits for its first word.
      if (!coming || state !== 'waiting' || detail !== null)
        follower.send({ type: 'stream', streamId: id, state, detail, length: text.length });
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }

  /** Stops one's own stream; what it has is kept. One that has ended stays as it is. Throws `not_found`. */
  async stop(userId: string, id: string): Promise<void> {
    await this.#own(userId, id);
    const running = this.#running.get(id);
    if (running !== undefined) {
      running.stopping.abort(new Stopped());
      return;
    }
    await this.#ask({ type: 'stop', streamId: id });
    for (let waited = 0; waited < stopWithin; waited += 100) {
      const [stored] = await queries.selectProgress(this.#db, [id]);
      if (stored === undefined || ended(stored.state)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const generation = await queries.selectGeneration(this.#db, id);
    if (generation === null || ended(generation.state)) return;
    const { text } = generation;
    await (await this.#options.inspect(generation)).ended(text);
    const stopped = await queries.endGeneration(this.#db, {
      ...{ id, owner: null, state: 'stopped', detail: null, text },
      ...{ finishReason: null, usage: null, firstTokenAt: null, now: this.#options.clock() },
    });
    if (stopped) this.#options.onChange(generation);
  }

  /** Stops writing and leaves what is not finished to the other processes, or to the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of [this.#storing, this.#living]) if (timer !== null) clearInterval(timer);
    this.#relays.close();
    this.#followers.close();
    await this.#lookingAfter;
    await this.#store().catch(this.#options.onError);
    for (const { stopping } of this.#running.values()) stopping.abort(new HandedOver());
    await Promise.all(this.#writing);
    await queries.depart(this.#db, this.#me).catch(this.#options.onError);
  }

  async #write(running: Running): Promise<void> {
    const { growing, stopping, ahead } = running;
    const { clock } = this.#options;
    ahead.onWait = (detail) => {
      running.detail = detail;
      running.dirty = true;
      this.#tell(running);
    };
    let inspection: Inspection | null = null;
    try {
      for (let coming = ahead.first; ; coming = ahead.writing.next()) {
        const next = await coming;
        if (next.done) {
          this.#grown(running, growing.end());
          return await this.#end(running, 'done', null, next.value.finishReason, next.value.usage);
        }
        const stays = growing.add(next.value);
        const isFirst = running.state === 'waiting';
        running.state = 'streaming';
        running.detail = null;
        running.firstTokenAt ??= clock();
        running.dirty = true;
        this.#grown(running, stays);
        // Behind the first word, which somebody waits for.
        if (isFirst) this.#tell(running);
        if (running.inspecting === null)
          this.#inspect(running).then(
            (made) => (inspection = made),
            () => undefined,
          );
        const inspects = inspection as Inspection | null;
        if (inspects === null || growing.text.length - running.inspected < inspectEvery) continue;
        running.inspected = growing.text.length;
        if (inspects.stops(growing.text)) {
          stopping.abort(new Stopped());
          return await this.#end(running, 'done', null, 'blocked', null);
        }
      }
    } catch (error) {
      const { reason } = stopping.signal as { reason: unknown };
      if (reason instanceof HandedOver) return;
      if (reason instanceof Stopped) return await this.#end(running, 'stopped', null, null, null);
      if (!(error instanceof ModelFailure)) this.#options.onError(error);
      const words = error instanceof ModelFailure ? error.message : 'Something went wrong on the server.';
      return await this.#end(running, 'failed', words, null, null);
    }
  }

  #inspect(running: Running): Promise<Inspection> {
    return (running.inspecting ??= this.#options.inspect(running.generation));
  }

  async #end(
    running: Running,
    state: 'done' | 'stopped' | 'failed',
    detail: string | null,
    finishReason: string | null,
    usage: { input: number; output: number } | null,
  ): Promise<void> {
    const { generation, growing, firstTokenAt } = running;
    const { id } = generation;
    const { clock, onChange, onError } = this.#options;
    const { text } = growing;
    let withheld: boolean;
    let outcome: { state: 'done' | 'stopped' | 'failed'; detail: string | null };
    for (let wait = 200; ; wait = Math.min(2 * wait, 5_000)) {
      try {
        withheld = await (await this.#inspect(running)).ended(text);
        // A chat shows the verdict itself. Elsewhere there is nothing else to say why there is no text.
        outcome =
          withheld && generation.purpose !== 'chat' ? { state: 'failed', detail: withheldWords } : { state, detail };
        const end = { id, owner: this.#me, ...outcome, text, finishReason, usage, firstTokenAt, now: clock() };
        if (await queries.endGeneration(this.#db, end)) break;
        // Another process took it for ours, or it was ended without us: from here on it is followed as theirs.
        await this.#leaveToOthers(running);
        return;
      } catch (error) {
        // The database is away: the text is kept here until it is back, or the process ends and another writes it anew.
        onError(error);
        if (this.#closed) return;
        await new Promise((resolve) => setTimeout(resolve, wait));
        running.inspecting = null;
      }
    }
    this.#running.delete(id);
    const shown = withheld ? '' : text;
    this.#followers.replaced(id, shown, shown.length, true);
    this.#followers.tell(id, { type: 'stream', streamId: id, ...outcome, length: shown.length });
    if (running.wantedUntil > performance.now()) this.#relays.publishEnd(id);
    onChange(generation);
  }

  /** Another process ended it or writes it: those who follow it here are told how far it is there, and follow that. */
  async #leaveToOthers({ generation: { id }, growing }: Running): Promise<void> {
    this.#running.delete(id);
    if (!this.#followers.has(id)) return;
    const theirs = await this.#relays.begin(id);
    if (theirs === null) return;
    const { text, state, detail } = theirs;
    this.#followers.replaced(id, text, commonLength(growing.text, text), ended(state));
    this.#followers.tell(id, { type: 'stream', streamId: id, state, detail, length: text.length });
    if (!this.#followers.has(id)) this.#relays.drop(id);
  }

  /** Says the state to those who follow. */
  #tell({ generation: { id }, state, detail, growing }: Running): void {
    this.#followers.tell(id, { type: 'stream', streamId: id, state, detail, length: growing.text.length });
  }

  /** The text grew, or was replaced from `stays` on. */
  #grown({ generation: { id }, growing, wantedUntil }: Running, stays: number): void {
    this.#followers.grown(id, growing.text, stays, wantedUntil > performance.now());
  }

  /** Sends what is new to the other processes, where one wants it. */
  #relay(id: string): void {
    const running = this.#running.get(id);
    if (running === undefined || running.wantedUntil < performance.now()) return;
    const { growing, relayed, state, detail } = running;
    this.#relays.publish(id, growing.text, Math.min(relayed, growing.text.length), state, detail);
    running.relayed = growing.text.length;
  }

  #ask(request: z.input<typeof requested>): Promise<void> {
    return notify(this.#db, requests, JSON.stringify(request));
  }

  /** Another process, or this one, wants something of the one that writes a stream. */
  #asked(payload: string): void {
    const request = requested.parse(JSON.parse(payload));
    const running = this.#running.get(request.streamId);
    if (running === undefined) return;
    if (request.type === 'stop') return running.stopping.abort(new Stopped());
    running.relayed = request.from;
    running.wantedUntil = performance.now() + Relays.wantedFor;
    this.#relay(request.streamId);
  }

  async #store(): Promise<void> {
    const dirty = [...this.#running.values()].filter((running) => running.dirty);
    for (const running of dirty) running.dirty = false;
    if (dirty.length > 0)
      await queries.storeProgress(
        this.#db,
        this.#me,
        dirty.map(({ generation: { id }, growing: { text }, state, detail, firstTokenAt }) => ({
          ...{ id, text, state, detail, firstTokenAt },
        })),
      );
    if (this.#running.size > 0 || this.#storing === null) return;
    clearInterval(this.#storing);
    this.#storing = null;
  }

  /** A sign of life, and a look for what the dead left. */
  async #live(): Promise<void> {
    const { onLiving, onError } = this.#options;
    try {
      onLiving(await queries.beAlive(this.#db, this.#me, livesFor));
      if (this.#closed) return;
      for (const { generation, model } of await queries.takeOver(this.#db, this.#me, livesFor, takenAtOnce))
        if (!this.#running.has(generation.id)) this.run(generation, model);
    } catch (error) {
      onError(error);
    }
    if (this.#closed) return;
    this.#living = setTimeout(() => {
      this.#lookingAfter = this.#live();
    }, aliveEvery);
  }

  async #own(userId: string, id: string): Promise<void> {
    if (!(await this.#isOwn(userId, id))) throw notFound('stream');
  }

  /** False where there is none. Throws `not_found` where it is another's. */
  async #isOwn(userId: string, id: string): Promise<boolean> {
    const generation = this.#running.get(id)?.generation ?? (await queries.selectGeneration(this.#db, id));
    if (generation !== null && generation.trainerId !== userId) throw notFound('stream');
    return generation !== null;
  }
}

const ended = (state: StreamState): boolean => state !== 'waiting' && state !== 'streaming';

const requested = z.discriminatedUnion('type', [
  z.object({ type: z.literal('want'), streamId: z.string(), from: z.number() }),
  z.object({ type: z.literal('stop'), streamId: z.string() }),
]);

class Stopped extends Error {
  override readonly name = 'Stopped';
}
class HandedOver extends Error {
  override readonly name = 'HandedOver';
}
