import type { FastifyInstance } from 'fastify';
import * as endpoints from '../../shared/tasks.ts';
import type { Context } from '../context.ts';
import { route } from '../http/route.ts';
import { readAssignment } from './assignment.ts';
import { claim } from './claim.ts';
import { renew, saveDraft } from './draft.ts';
import { readQueue } from './queue.ts';
import { type EndedIn, release, reopen, skip, submit } from './submit.ts';
import { myWork } from './work.ts';

export function taskRoutes(app: FastifyInstance, context: Context): void {
  const { db, hub, clock } = context;
  const told = ({ assignment, projectId }: EndedIn) => hub.touching(projectId, { assignment });

  route(app, context, endpoints.claim, async ({ params, body }, { user }) => {
    const assignment = await claim(db, user, params.projectId, body, context);
    return assignment && hub.touching(params.projectId, { assignment });
  });
  route(app, context, endpoints.queue, ({ params, query }, { user }) =>
    readQueue(db, user, params.projectId, query.kind),
  );
  route(app, context, endpoints.readAssignment, async ({ params }, { user }) => ({
    assignment: await readAssignment(db, user, params.assignmentId),
  }));
  route(app, context, endpoints.saveDraft, ({ params, body }, { user }) =>
    saveDraft(db, user, params.assignmentId, body, clock),
  );
  route(app, context, endpoints.renew, ({ params, body }, { user }) =>
    renew(db, user, params.assignmentId, body.activeMs, clock),
  );
  route(app, context, endpoints.submit, async ({ params, body }, { user }) =>
    told(await submit(user, params.assignmentId, body, context)),
  );
  route(app, context, endpoints.skip, async ({ params, body }, { user }) =>
    told(await skip(db, user, params.assignmentId, body, clock)),
  );
  route(app, context, endpoints.release, async ({ params }, { user }) =>
    told(await release(db, user, params.assignmentId, clock)),
  );
  route(app, context, endpoints.reopen, async ({ params }, { user }) => {
    const assignment = await reopen(db, user, params.assignmentId, clock);
    return hub.touching(assignment.projectId, { assignment });
  });
  route(app, context, endpoints.myWork, ({ query }, { user }) => myWork(db, user, query, clock));
}
