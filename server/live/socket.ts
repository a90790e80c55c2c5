import websocket from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';
import { liveRequest, type LiveMessage } from '../../shared/live.ts';
import type { Context } from '../context.ts';
import { authorise, checkOrigin } from '../http/session.ts';
import { Refusal, rootCause } from '../problem.ts';
import { projectFor } from '../projects/projects.ts';
import type { Follower } from '../streams/followers.ts';
import { standingOf } from '../tasks/assignment.ts';

/** A page asks for little; larger frames are closed with 1009. Bytes. */
const maxFrame = 4_096;
/** Projects, streams and assignments that one socket may hear of at a time. */
const maxHeard = 100;
/** Frames of one socket that may wait to be answered, or messages to be sent; then it is closed. */
const maxFrames = 20;
/** How long somebody is believed to be in a project that they were in a moment ago, in milliseconds. */
const seesWithin = 2_000;
/** Bytes that may wait for a client that does not read; then the socket is closed. */
const maxWaiting = 1_000_000;
/** A stream is sent on while fewer bytes than this wait to be read; what comes meanwhile is sent as one piece later. */
const readyBelow = 64 * 1024;
/** Whoever reads nothing for so long is left, in milliseconds. */
const readsWithin = 30_000;

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
      const close = (error: unknown): void =>
        error instanceof Refusal ? socket.close(1008, 'no longer allowed') : socket.close(1013, 'try again later');

      // Whoever signed out, was disabled, or left the project since the socket was opened gets nothing more.
      const stillSees = lately(seesWithin, async (projectId: string) => {
        if (request.user !== null) await projectFor(context.db, request.user, projectId);
      });
      const stillIs = lately(seesWithin, () => authorise(context, request, 'trainer'));
      // Messages are sent one after the other, and frames are answered so, however fast they come.
      const sending = inTurn(maxFrames, close);
      const answering = inTurn(maxFrames, close);

      const send = (message: LiveMessage): void =>
        sending(async () => {
          await authorise(context, request, 'trainer');
          if (message.type === 'progress') await stillSees(message.projectId);
          if (socket.bufferedAmount > maxWaiting) socket.close(1008, 'too slow');
          else socket.send(JSON.stringify(message));
        });
      // Pieces of a stream are many: whether they may still be read is looked at beside sending them.
      let stuckSince: number | null = null;
      const follower: Follower = {
        ready() {
          if (socket.bufferedAmount <= readyBelow) stuckSince = null;
          else if (performance.now() - (stuckSince ??= performance.now()) > readsWithin) socket.close(1008, 'too slow');
          return stuckSince === null;
        },
        send(message) {
          socket.send(JSON.stringify(message));
          stillIs('').catch(close);
        },
      };

      /** What this socket hears of, by the id of a project, a stream or an assignment, with how to leave it. */
      const heard = new Map<string, () => void>();
      const leaveOne = (id: string): void => {
        heard.get(id)?.();
        heard.delete(id);
      };
      const answer = async (frame: string): Promise<void> => {
        const asked = parse(frame);
        const { user } = request;
        if (user === null) return;
        const id = 'projectId' in asked ? asked.projectId : 'streamId' in asked ? asked.streamId : asked.assignmentId;
        leaveOne(id);
        if (asked.type === 'unwatch' || asked.type === 'unfollow' || asked.type === 'leave') return;
        if (heard.size >= maxHeard)
          throw new Refusal('too_many_requests', `At most ${maxHeard} subscriptions at once.`);
        if (asked.type === 'watch') {
          await projectFor(context.db, user, id);
          heard.set(id, await context.hub.watch(id, send));
        } else if (asked.type === 'follow') {
          const { streams } = context;
          const whose = [user.id, id, asked.from, follower] as const;
          heard.set(id, asked.coming ? streams.followComing(...whose) : await streams.follow(...whose));
        } else {
          await standingOf(context.db, user, id);
          heard.set(id, context.hub.attend(id, send));
        }
        if (socket.readyState !== socket.OPEN) leave();
      };
      const leave = (): void => {
        for (const id of [...heard.keys()]) leaveOne(id);
      };
      socket.on('message', (data: Buffer) => {
        answering(() =>
          answer(data.toString()).catch((error: unknown) => {
            if (!(error instanceof Refusal)) request.log.error({ err: rootCause(error) }, 'live request failed');
            send({
              type: 'refused',
              detail: error instanceof Refusal ? error.message : 'Something went wrong on the server',
            });
          }),
        );
      });
      socket.on('error', () => {});
      socket.on('close', leave);
    },
  );
}

/** Runs one piece of work after the other; `refuse` hears of a failure, and of more than `most` that wait. */
function inTurn(most: number, refuse: (error: unknown) => void): (work: () => Promise<void>) => void {
  let last = Promise.resolve();
  let waiting = 0;
  return (work) => {
    if (waiting >= most) return refuse(new Refusal('too_many_requests'));
    waiting += 1;
    last = last
      .then(work)
      .catch(refuse)
      .finally(() => (waiting -= 1));
  };
}

/** A check that is believed for so many milliseconds, by what it is of. */
function lately<T>(within: number, check: (of: T) => Promise<void>): (of: T) => Promise<void> {
  const passed = new Map<T, number>();
  return async (of) => {
    const now = performance.now();
    if (now - (passed.get(of) ?? -Infinity) < within) return;
    await check(of);
    passed.set(of, now);
  };
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
