import * as accounts from '../../shared/accounts.ts';
import * as chats from '../../shared/chats.ts';
import type { Endpoint } from '../../shared/endpoint.ts';
import * as feedback from '../../shared/feedback.ts';
import * as imports from '../../shared/imports.ts';
import * as models from '../../shared/models.ts';
import * as moderation from '../../shared/moderation.ts';
import * as projects from '../../shared/projects.ts';
import * as releases from '../../shared/releases.ts';
import * as rounds from '../../shared/rounds.ts';
import * as samplings from '../../shared/samplings.ts';
import * as server from '../../shared/server.ts';
import * as streams from '../../shared/streams.ts';
import * as suggestions from '../../shared/suggestions.ts';
import * as tasks from '../../shared/tasks.ts';
import * as webhooks from '../../shared/webhooks.ts';

function isEndpoint(value: unknown): value is Endpoint {
  return typeof value === 'object' && value !== null && 'method' in value && 'path' in value && 'access' in value;
}

/** Every endpoint of the contract. */
export const allEndpoints: Endpoint[] = [
  accounts,
  chats,
  feedback,
  imports,
  models,
  moderation,
  projects,
  releases,
  rounds,
  samplings,
  server,
  streams,
  suggestions,
  tasks,
  webhooks,
].flatMap((module) => Object.values(module as Record<string, unknown>).filter(isEndpoint));
