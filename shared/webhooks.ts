import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { projectParams } from './projects.ts';
import { release, releaseDefinition } from './releases.ts';

/*
 * What is told to other programs, and how: a POST of JSON to an address that an admin gave, signed after the Standard
 * Webhooks specification 1.0.0 (https://www.standardwebhooks.com), so that any of its libraries verifies it.
 */

const { kind, format } = releaseDefinition.shape;

/** What a release's end is told with; the rest is read from `path`. */
const toldRelease = release
  .pick({ id: true, projectId: true, number: true, name: true, state: true, detail: true, moment: true, endedAt: true })
  .extend({
    kind,
    format,
    rows: release.shape.rows,
    bytes: release.shape.bytes,
    /** Where this server answers with the release and its files. */
    path: z.string(),
  });

/** The body of what is sent. `timestamp` says when it happened, not when it was sent. */
export const webhookEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.enum(['release.ready', 'release.failed']),
    timestamp: z.iso.datetime(),
    data: z.object({ release: toldRelease }),
  }),
  z.object({ type: z.literal('webhook.test'), timestamp: z.iso.datetime(), data: z.object({ projectId: z.uuid() }) }),
]);
export type WebhookEvent = z.infer<typeof webhookEvent>;

export const webhook = z.object({
  id: z.uuid(),
  projectId: z.uuid(),
  url: z.string(),
  createdAt: z.iso.datetime(),
  /** When the last delivery was tried, and how it went, in words; null before the first. */
  lastAt: z.iso.datetime().nullable(),
  lastStatus: z.string().nullable(),
});
export type Webhook = z.infer<typeof webhook>;

const webhookParams = z.object({ webhookId: z.uuid() });

export const createWebhook = endpoint({
  method: 'POST',
  path: '/api/projects/:projectId/webhooks',
  access: 'admin',
  summary: 'Have an address told when a release is ready or has failed. The signing secret is shown this once',
  params: projectParams,
  body: z.strictObject({
    url: z.url({ protocol: /^https?$/, error: 'must be an http or https address' }).max(2_000),
  }),
  response: z.object({
    webhook,
    /** As `whsec_` and base64. */
    secret: z.string(),
  }),
  status: 201,
});
export const listWebhooks = endpoint({
  method: 'GET',
  path: '/api/projects/:projectId/webhooks',
  access: 'admin',
  summary: 'The addresses that are told of releases, and how the last delivery to each went',
  params: projectParams,
  response: z.object({ webhooks: z.array(webhook) }),
});
export const deleteWebhook = endpoint({
  method: 'DELETE',
  path: '/api/webhooks/:webhookId',
  access: 'admin',
  summary: 'Tell an address no more; what is still to be delivered to it is dropped',
  params: webhookParams,
  response: null,
});
export const testWebhook = endpoint({
  method: 'POST',
  path: '/api/webhooks/:webhookId/test',
  access: 'admin',
  summary: 'Send an event of the type webhook.test once, and say how that went',
  params: webhookParams,
  response: z.object({ webhook }),
});
