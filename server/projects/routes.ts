import type { FastifyInstance } from 'fastify';
import * as endpoints from '../../shared/projects.ts';
import type { Context } from '../context.ts';
import { route } from '../http/route.ts';
import { addMember, listMembers, removeMember } from './members.ts';
import { changeProject, createProject, listProjects, progressOf, projectFor, projectView } from './projects.ts';

export function projectRoutes(app: FastifyInstance, context: Context): void {
  const { db, hub } = context;
  route(app, context, endpoints.createProject, async ({ body }, { user }) => ({
    project: await createProject(db, user, body),
  }));
  route(app, context, endpoints.listProjects, async (_, { user }) => ({ projects: await listProjects(db, user) }));
  route(app, context, endpoints.readProject, async ({ params }, { user }) => ({
    project: projectView(await projectFor(db, user, params.projectId)),
  }));
  route(app, context, endpoints.changeProject, async ({ params, body }, { user }) =>
    hub.touching(params.projectId, { project: await changeProject(db, user, params.projectId, body) }),
  );
  route(app, context, endpoints.readProgress, async ({ params }, { user }) => ({
    progress: await progressOf(db, (await projectFor(db, user, params.projectId)).id),
  }));
  route(app, context, endpoints.listMembers, async ({ params }) => ({
    members: await listMembers(db, params.projectId),
  }));
  route(app, context, endpoints.addMember, ({ params }, { user }) =>
    addMember(db, user, params.projectId, params.userId),
  );
  route(app, context, endpoints.removeMember, ({ params }, { user }) =>
    removeMember(db, user, params.projectId, params.userId),
  );
}
