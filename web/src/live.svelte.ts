import { liveMessage, type LiveMessage, type LiveRequest } from '../../shared/live.ts';

const firstDelayMs = 500;
const longestDelayMs = 10_000;

type Listener = (message: LiveMessage) => void;
/** What is asked for a listener; made anew for each time it is asked. */
type Ask = () => LiveRequest;

/** A completion that is being followed. */
export interface Following {
  /** Asks once more for what comes after the characters known now. */
  again(): void;
  stop(): void;
}

/** The page's one socket: open while something is listened to, opened again with growing delays where it breaks. */
class Live {
  /** True while figures arrive as they change. */
  connected = $state(false);
  #socket: WebSocket | null = null;
  /** By the id of the project, completion or assignment. */
  #rooms = new Map<string, Map<Listener, Ask>>();
  /** The socket was away, and what changed meanwhile was told by nobody. */
  #missed = false;
  #delayMs = firstDelayMs;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** Hands on every message about a project until the returned function is called. */
  watch(projectId: string, onMessage: Listener): () => void {
    return this.#join(projectId, onMessage, () => ({ type: 'watch', projectId }), { type: 'unwatch', projectId });
  }

  /**
   * Hands on what comes of a completion from behind the first `from()` characters, which the page has; asked again with
   * the number known by then wherever the socket broke. While `coming()`, the page is only just asking for it.
   */
  follow(streamId: string, from: () => number, onMessage: Listener, coming = () => false): Following {
    const ask: Ask = () => ({ type: 'follow', streamId, from: from(), ...(coming() && { coming: true }) });
    const stop = this.#join(streamId, onMessage, ask, { type: 'unfollow', streamId });
    return { again: () => this.#send(ask()), stop };
  }

  /** Tells whenever something may have changed in one's own assignment, until the returned function is called. */
  attend(assignmentId: string, onChanged: () => void): () => void {
    const ask: Ask = () => ({ type: 'attend', assignmentId });
    return this.#join(assignmentId, onChanged, ask, { type: 'leave', assignmentId });
  }

  #join(id: string, listener: Listener, ask: Ask, leave: LiveRequest): () => void {
    const room = this.#rooms.get(id) ?? new Map<Listener, Ask>();
    this.#rooms.set(id, room.set(listener, ask));
    this.#send(ask());
    this.#open();
    return () => {
      room.delete(listener);
      if (room.size > 0 || this.#rooms.get(id) !== room) return;
      this.#rooms.delete(id);
      this.#send(leave);
      if (this.#rooms.size === 0) this.#close();
    };
  }

  #open = (): void => {
    if (this.#socket !== null || this.#rooms.size === 0) return;
    clearTimeout(this.#retry);
    // Known already where this is not the first time. Whoever gets their network back must not wait for the next try.
    addEventListener('online', this.#open);
    const socket = new WebSocket('/api/live');
    this.#socket = socket;
    socket.addEventListener('open', () => {
      this.connected = true;
      this.#delayMs = firstDelayMs;
      const missed = this.#missed;
      this.#missed = false;
      for (const room of this.#rooms.values()) {
        for (const [listener, ask] of room) {
          const request = ask();
          this.#send(request);
          if (missed && request.type === 'attend') listener({ type: 'changed', assignmentId: request.assignmentId });
        }
      }
    });
    socket.addEventListener('message', ({ data }) => this.#receive(data));
    socket.addEventListener('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.connected = false;
      this.#missed = true;
      // Spread out, so that a restarted server is not met by every page at once.
      this.#retry = setTimeout(this.#open, this.#delayMs * (0.5 + Math.random()));
      this.#delayMs = Math.min(this.#delayMs * 2, longestDelayMs);
    });
  };

  #close(): void {
    clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = null;
    this.connected = false;
    socket?.close();
  }

  #send(request: LiveRequest): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(request));
  }

  #receive(data: unknown): void {
    const parsed = liveMessage.safeParse(JSON.parse(String(data)));
    if (!parsed.success || parsed.data.type === 'refused') {
      console.warn('live:', parsed.success ? parsed.data : parsed.error);
      return;
    }
    for (const listener of [...(this.#rooms.get(idOf(parsed.data))?.keys() ?? [])]) listener(parsed.data);
  }
}

function idOf(message: Exclude<LiveMessage, { type: 'refused' }>): string {
  if (message.type === 'progress') return message.projectId;
  return message.type === 'changed' ? message.assignmentId : message.streamId;
}

export const live = new Live();
