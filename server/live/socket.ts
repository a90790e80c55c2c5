import websocket from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';
import { liveRequest, type LiveMessage } from '../../shared/live.ts';
import type { Context } from '../context.ts';
import { authorise, checkOrigin } from '../http/session.ts';
import { Refusal } from '../problem.ts';
import { projectFor } from '../projects/projects.ts';

/** A page asks for little; larger frames are closed with 1009. Bytes. */
const maxFrame = 4_096;
/** Projects that one socket may watch. */
const maxWatched = 50;
/** Bytes that may wait for a client that does not read; then the socket is closed. */
const maxWaiting = 1_000_000;

/** `GET /api/live`: the websocket. Parses, authenticates and sends; what is said is the hub's. */
export async function registerLive(app: FastifyInstance, context: Context): Promise<void> {
  await app.register(websocket, { options: { maxPayload: maxFrame } });
  app.get(
    '/api/live',
    {
      websocket: true,
      schema: { hide: true },
      onRequest: async (request) => {
        // A socket is opened by GET, but is no safe read: another site's page must not get it with our cookie.
        checkOrigin(request, context.publicUrl());
        await authorise(context, request, 'trainer');
      },
    },
    (socket, request) => {
      const watched = new Map<string, () => void>();
      // A socket outlives the request that opened it; whoever signed out or was disabled since gets nothing more.
      let sending = Promise.resolve();
      const send = (message: LiveMessage): void => {
        sending = sending
          .then(() => authorise(context, request, 'trainer'))
          .then(
            () => {
              if (socket.bufferedAmount > maxWaiting) socket.close(1008, 'too slow');
              else socket.send(JSON.stringify(message));
            },
            () => socket.close(1008, 'signed out'),
          );
      };
      const answer = async (frame: string): Promise<void> => {
        const { type, projectId } = parse(frame);
        watched.get(projectId)?.();
        watched.delete(projectId);
        if (type === 'unwatch' || request.user === null) return;
        if (watched.size >= maxWatched)
          throw new Refusal('too_many_requests', `At most ${maxWatched} projects at once.`);
        await projectFor(context.db, request.user, projectId);
        watched.set(projectId, await context.hub.watch(projectId, send));
        if (socket.readyState !== socket.OPEN) leave();
      };
      const leave = (): void => {
        for (const unwatch of watched.values()) unwatch();
        watched.clear();
      };
      socket.on('message', (data: Buffer) => {
        answer(data.toString()).catch((error: unknown) => {
          if (!(error instanceof Refusal)) request.log.error({ err: error }, 'live request failed');
          send({
            type: 'refused',
            detail: error instanceof Refusal ? error.message : 'Something went wrong on the server',
          });
        });
      });
      socket.on('error', () => {});
      socket.on('close', leave);
    },
  );
}

function parse(frame: string): ReturnType<typeof liveRequest.parse> {
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    throw new Refusal('malformed', 'The frame is not JSON.');
  }
  const parsed = liveRequest.safeParse(value);
  if (!parsed.success)
    throw new Refusal(
      'invalid',
      parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
    );
  return parsed.data;
}
