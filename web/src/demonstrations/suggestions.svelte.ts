import type { Input, Output } from '../../../shared/endpoint.ts';
import type { Message } from '../../../shared/conversations.ts';
import type { Stream as StreamView } from '../../../shared/streams.ts';
import { suggest } from '../../../shared/suggestions.ts';
import { call, explain } from '../api.ts';
import { Stream } from '../streams/stream.svelte.ts';
import type { Dialogue } from './dialogue.svelte.ts';

type Wish = Omit<Input<typeof suggest>['body'], 'count'>;

/** What reaches the server and the models; tests bring their own. */
export interface SuggestionSource {
  ask: (wish: Wish) => Promise<Output<typeof suggest>>;
  follow: (begun: StreamView) => Stream;
}

function sourceOf(assignmentId: string): SuggestionSource {
  return {
    ask: (body) => call(suggest, { params: { assignmentId }, body }),
    follow: (begun) => new Stream(begun),
  };
}

/**
 * The suggestions that are open beside one turn. They stay there, whatever is written meanwhile, until they are closed, one
 * is inserted whole, or others are asked for. Whatever fails is said in `fault`, and never stands in the way of writing.
 */
export class Suggestions {
  /** The turn that they are for; null while none are open. */
  key = $state<number | null>(null);
  /** The server has not answered yet. */
  asking = $state(false);
  streams = $state.raw<readonly Stream[]>([]);
  /** They are recorded texts. */
  demo = $state(false);
  fault = $state('');
  /** Something can be stopped. */
  readonly writing = $derived.by(() => this.asking || this.streams.some(({ ended }) => !ended));
  readonly #dialogue: Dialogue;
  readonly #source: SuggestionSource;
  /** Counts the times that were asked, so that a late answer to an earlier one is known. */
  #asked = 0;

  constructor(dialogue: Dialogue, assignmentId: string, source: SuggestionSource = sourceOf(assignmentId)) {
    this.#dialogue = dialogue;
    this.#source = source;
  }

  /** Asks for suggestions for a turn, in place of those that are open. */
  async ask(key: number): Promise<void> {
    const { turns } = this.#dialogue;
    const index = turns.findIndex((turn) => turn.key === key);
    const role = turns[index]?.role;
    if (role === undefined || role === 'system') return;
    this.#drop();
    this.key = key;
    const before = turns.slice(0, index).filter((turn) => turn.role !== 'system' || turn.content.trim() !== '');
    if (before.some(({ content }) => content.trim() === '')) {
      this.fault = 'A turn before this one is empty. Write it first: a suggestion goes on from it.';
      return;
    }
    const messages = before.map(({ role, content }): Message => ({ role, content }));
    const asked = this.#asked;
    this.asking = true;
    try {
      const { suggestions, demo } = await this.#source.ask({ messages, role });
      const streams = suggestions.map((begun) => this.#source.follow(begun));
      if (asked !== this.#asked) return letGo(streams);
      this.streams = streams;
      this.demo = demo;
      this.asking = false;
    } catch (error) {
      if (asked !== this.#asked) return;
      this.asking = false;
      this.fault = explain(error);
    }
  }

  /** Asks for others for the same turn. */
  again(): void {
    if (this.key !== null) void this.ask(this.key);
  }

  /** Has the models stop; what they have written stays. */
  async stop(): Promise<void> {
    try {
      await Promise.all(this.streams.filter(({ ended }) => !ended).map((stream) => stream.stop()));
    } catch (error) {
      this.fault = explain(error);
    }
  }

  close(): void {
    this.#drop();
    this.key = null;
  }

  #drop(): void {
    this.#asked += 1;
    letGo(this.streams);
    this.streams = [];
    this.asking = false;
    this.fault = '';
  }
}

/** Nobody will read on: the models need not, either. Where that is not heard, they come to their end by themselves. */
function letGo(streams: readonly Stream[]): void {
  for (const stream of streams) {
    if (!stream.ended) stream.stop().catch(() => undefined);
    stream.close();
  }
}
