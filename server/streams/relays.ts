import { z } from 'zod';
import type { LiveMessage } from '../../shared/live.ts';
import { streamState, type StreamState } from '../../shared/streams.ts';
import { notify } from '../db/notify.ts';
import type { OpenDatabase } from '../db/open.ts';
import { commonLength } from './growing.ts';
import { selectProgress } from './queries.ts';

/** A stream that another process writes and somebody follows here. */
interface Relay {
  text: string;
  state: StreamState;
  detail: string | null;
}

/** What is passed on of a stream: a piece of its text, and its state; `end` asks to read the rest from the database. */
const passed = z.union([
  z.object({
    streamId: z.string(),
    at: z.number(),
    text: z.string(),
    state: streamState,
    detail: z.string().nullable(),
  }),
  z.object({ streamId: z.string(), end: z.literal(true) }),
]);

const channel = 'stream_pieces';
/** NOTIFY takes at most 8,000 bytes; a UTF-16 code unit may become six of them in JSON. */
const pieceLength = 1_200;
/** A stream followed here is read from the database this often, in milliseconds, should a notification be lost or its writer die. */
const lookEvery = 2_000;

export interface RelaysOptions {
  /** Asks the writer for pieces, from behind what is here. */
  want: (streamId: string, from: number) => Promise<void>;
  send: (streamId: string, message: LiveMessage) => void;
  /** The text changed, and holds what was there up to `stays`; `final` where nothing follows. */
  piece: (streamId: string, text: string, stays: number, final: boolean) => void;
  onError: (error: unknown) => void;
}

/** Streams across processes; see streams.ts. */
export class Relays {
  /** The writer of a stream passes its pieces on for so long after somebody wanted them, in milliseconds. */
  static readonly wantedFor = 3 * lookEvery;
  readonly #database: OpenDatabase;
  readonly #options: RelaysOptions;
  readonly #relays = new Map<string, Relay>();
  #looking: NodeJS.Timeout | null = null;

  constructor(database: OpenDatabase, options: RelaysOptions) {
    this.#database = database;
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#database.listen(channel, (payload) => {
      const said = passed.parse(JSON.parse(payload));
      const { streamId } = said;
      const relay = this.#relays.get(streamId);
      if (relay === undefined || ended(relay.state)) return;
      if ('end' in said) this.#look([streamId]).catch(this.#options.onError);
      // A piece from behind what is here: one before it was lost.
      else if (said.at > relay.text.length) this.#want(streamId, relay);
      else this.#take(streamId, relay, relay.text.slice(0, said.at) + said.text, said.state, said.detail);
    });
  }

  /** Begins to follow a stream that is not written here. Null where there is no such stream. */
  async begin(id: string): Promise<Relay | null> {
    const [stored] = await selectProgress(this.#database.db, [id]);
    if (stored === undefined) return null;
    const { text, state, detail } = stored;
    if (ended(state)) return { text, state, detail };
    const relay = this.#relays.get(id) ?? { text, state, detail };
    this.#relays.set(id, relay);
    this.#want(id, relay);
    this.#looking ??= setInterval(() => {
      const open = [...this.#relays].filter(([, { state }]) => !ended(state)).map(([id]) => id);
      if (open.length > 0) this.#look(open).catch(this.#options.onError);
    }, lookEvery);
    return relay;
  }

  textOf(id: string): string | null {
    return this.#relays.get(id)?.text ?? null;
  }

  drop(id: string): void {
    this.#relays.delete(id);
    if (this.#relays.size > 0 || this.#looking === null) return;
    clearInterval(this.#looking);
    this.#looking = null;
  }

  close(): void {
    if (this.#looking !== null) clearInterval(this.#looking);
  }

  /** Passes on what is new in a stream that is written here. */
  publish(streamId: string, text: string, from: number, state: StreamState, detail: string | null): void {
    for (let at = from; at < text.length || at === from; at += pieceLength)
      this.#notify({ streamId, at, text: text.slice(at, at + pieceLength), state, detail });
  }

  publishEnd(streamId: string): void {
    this.#notify({ streamId, end: true });
  }

  #notify(said: z.input<typeof passed>): void {
    notify(this.#database.db, channel, JSON.stringify(said)).catch(this.#options.onError);
  }

  #want(id: string, relay: Relay): void {
    this.#options.want(id, relay.text.length).catch(this.#options.onError);
  }

  async #look(ids: string[]): Promise<void> {
    for (const { id, text, state, detail } of await selectProgress(this.#database.db, ids)) {
      const relay = this.#relays.get(id);
      if (relay === undefined) continue;
      this.#take(id, relay, text, state, detail);
      if (!ended(state)) this.#want(id, relay);
    }
  }

  #take(id: string, relay: Relay, text: string, state: StreamState, detail: string | null): void {
    const stays = commonLength(relay.text, text);
    // What is stored, or was sent to somebody who had less, is older than what is here.
    const older = !ended(state) && stays === text.length;
    if (!older && text !== relay.text) {
      relay.text = text;
      this.#options.piece(id, text, stays, ended(state));
    }
    if (relay.state === state && relay.detail === detail) return;
    relay.state = state;
    relay.detail = detail;
    this.#options.send(id, { type: 'stream', streamId: id, state, detail, length: relay.text.length });
  }
}

const ended = (state: StreamState): boolean => state === 'done' || state === 'stopped' || state === 'failed';
