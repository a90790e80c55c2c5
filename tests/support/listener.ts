import type { WebSocket } from 'ws';
import type { App } from '../../server/app.ts';
import { liveMessage, type LiveMessage } from '../../shared/live.ts';
import type { Caller } from './app.ts';

export interface Listener {
  socket: Pick<WebSocket, 'send' | 'terminate' | 'once' | 'on' | 'readyState' | 'OPEN'>;
  /** The next message that fits. */
  next: (fits?: (message: LiveMessage) => boolean) => Promise<LiveMessage>;
}

/** Opens the socket as somebody. What it receives is kept until asked for. */
export async function listen(app: App['app'], as?: Caller, headers: Record<string, string> = {}): Promise<Listener> {
  const received: LiveMessage[] = [];
  const waiting = new Set<() => void>();
  const socket = await app.injectWS(
    '/api/live',
    { headers: { ...as?.headers, ...headers } },
    {
      onInit: (opening) =>
        opening.on('message', (data: Buffer) => {
          received.push(liveMessage.parse(JSON.parse(data.toString())));
          for (const wake of waiting) wake();
        }),
    },
  );
  return {
    socket,
    async next(fits = () => true) {
      for (;;) {
        const at = received.findIndex(fits);
        const [found] = at < 0 ? [] : received.splice(0, at + 1).slice(-1);
        if (found) return found;
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            waiting.delete(wake);
            resolve();
          };
          waiting.add(wake);
        });
      }
    },
  };
}
