import { liveMessage, type LiveMessage, type LiveRequest } from '../../shared/live.ts';

const firstDelayMs = 500;
const longestDelayMs = 30_000;

type Listener = (message: LiveMessage) => void;

/** The page's one socket: open while something is watched, opened again with growing delays where it breaks. */
class Live {
  /** True while figures arrive as they change. */
  connected = $state(false);
  #socket: WebSocket | null = null;
  #listeners = new Map<string, Set<Listener>>();
  #delayMs = firstDelayMs;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** Hands on every message about a project until the returned function is called. */
  watch(projectId: string, onMessage: Listener): () => void {
    const listeners = this.#listeners.get(projectId) ?? new Set();
    listeners.add(onMessage);
    if (listeners.size === 1) {
      this.#listeners.set(projectId, listeners);
      this.#send({ type: 'watch', projectId });
    }
    this.#open();
    return () => {
      listeners.delete(onMessage);
      if (listeners.size > 0 || this.#listeners.get(projectId) !== listeners) return;
      this.#listeners.delete(projectId);
      this.#send({ type: 'unwatch', projectId });
      if (this.#listeners.size === 0) this.#close();
    };
  }

  #open(): void {
    if (this.#socket !== null) return;
    clearTimeout(this.#retry);
    const socket = new WebSocket('/api/live');
    this.#socket = socket;
    socket.addEventListener('open', () => {
      this.connected = true;
      this.#delayMs = firstDelayMs;
      for (const projectId of this.#listeners.keys()) this.#send({ type: 'watch', projectId });
    });
    socket.addEventListener('message', ({ data }) => this.#receive(data));
    socket.addEventListener('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.connected = false;
      // Spread out, so that a restarted server is not met by every page at once.
      this.#retry = setTimeout(() => this.#open(), this.#delayMs * (0.5 + Math.random()));
      this.#delayMs = Math.min(this.#delayMs * 2, longestDelayMs);
    });
  }

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
    for (const listener of this.#listeners.get(parsed.data.projectId) ?? []) listener(parsed.data);
  }
}

export const live = new Live();
