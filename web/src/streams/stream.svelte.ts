import type { LiveMessage } from '../../../shared/live.ts';
import { stopStream, type Stream as StreamView, type StreamState } from '../../../shared/streams.ts';
import { call } from '../api.ts';
import { live, type Following } from '../live.svelte.ts';

/** What of the socket and the browser a stream needs; tests bring their own. */
export interface StreamOptions {
  source?: Pick<typeof live, 'follow'>;
  /** The page is only just asking for it. */
  coming?: boolean;
  /** Calls back before the next frame is painted. */
  nextFrame?: (paint: () => void) => unknown;
}

/** What was followed before it was there is asked for anew after so long without a word, in milliseconds. */
const lateAfter = 1_000;

/**
 * A completion on the page while it is being written, and after. Begun with what the page knows of it, be that nothing
 * or half of its text, it follows the rest by itself: one way for a new stream, for one found by a reload or in another
 * tab, and for one whose socket broke. What arrives is shown once a frame. `close` it when it goes out of sight.
 */
export class Stream {
  readonly id: string;
  /** So far. */
  text = $state('');
  state = $state<StreamState>('waiting');
  /** In words for the person who waits; null where nothing is to be said. */
  detail = $state<string | null>(null);
  /** Nothing more will come. */
  readonly ended = $derived(isEnd(this.state));
  /** All that has come; `text` follows it frame by frame. */
  #text: string;
  /** Characters after which nothing comes; null while it is being written. */
  #length: number | null = null;
  /** The rest was asked for, and the answer has not begun: pieces that do not fit are from before it. */
  #asked = true;
  #scheduled = false;
  #coming = false;
  #late: ReturnType<typeof setTimeout> | undefined;
  #following: Following | null = null;
  readonly #nextFrame: (paint: () => void) => unknown;

  constructor(
    begun: StreamView,
    { source = live, nextFrame = requestAnimationFrame, coming = false }: StreamOptions = {},
  ) {
    this.id = begun.id;
    this.#coming = coming;
    this.#text = begun.text;
    this.#nextFrame = (paint) => nextFrame(paint);
    this.#show(begun.state, begun.detail);
    if (isEnd(begun.state)) return;
    const known = (): number => this.#text.length;
    this.#following = source.follow(
      begun.id,
      known,
      (message) => this.#receive(message),
      () => this.#coming,
    );
  }

  /** One that was coming is there now. Nothing of it may be heard where another server process writes it: it is asked for anew. */
  came(): void {
    this.#coming = false;
    this.#late = setTimeout(() => {
      if (this.#asked) this.#following?.again();
    }, lateAfter);
  }

  /** Has the model stop; what it has written so far is kept. @throws Offline, Refused */
  async stop(): Promise<void> {
    await call(stopStream, { params: { streamId: this.id } });
  }

  /** Hears no more of it; it goes on at the server. */
  close(): void {
    clearTimeout(this.#late);
    this.#following?.stop();
    this.#following = null;
  }

  #receive(message: LiveMessage): void {
    if (message.type === 'piece') this.#add(message.at, message.text);
    if (message.type === 'stream') {
      this.#length = isEnd(message.state) ? message.length : null;
      // A server that began anew may have kept less than was shown.
      if (this.#length !== null) this.#text = this.#text.slice(0, this.#length);
      this.#show(message.state, message.detail);
      if (this.#asked) this.#asked = false;
      else if (this.#length !== null && this.#text.length < this.#length) this.#askAgain();
    }
    if (this.#length !== this.#text.length) return;
    this.text = this.#text;
    this.close();
  }

  /** What the page has from `at` on is replaced. */
  #add(at: number, text: string): void {
    // Some before it are missing, as after a break.
    if (at > this.#text.length) return this.#askAgain();
    this.#asked = false;
    this.#text = this.#text.slice(0, at) + text;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#nextFrame(() => {
      this.#scheduled = false;
      this.text = this.#text;
    });
  }

  #askAgain(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#following?.again();
  }

  #show(state: StreamState, detail: string | null): void {
    this.text = this.#text;
    this.state = state;
    this.detail = detail;
  }
}

function isEnd(state: StreamState): boolean {
  return state === 'done' || state === 'stopped' || state === 'failed';
}
