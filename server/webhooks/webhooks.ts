import { randomBytes } from 'node:crypto';
import { newId } from '../db/ids.ts';
import { z } from 'zod';
import { type Webhook, type WebhookEvent, webhookEvent } from '../../shared/webhooks.ts';
import { record } from '../accounts/audit.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import type { Context } from '../context.ts';
import { type Database, transaction } from '../db/database.ts';
import type { Queue, Run } from '../db/jobs.ts';
import { seal, unseal } from '../models/sealed.ts';
import { invalid, notFound } from '../problem.ts';
import { selectProject } from '../projects/queries.ts';
import { selectRelease } from '../releases/queries/releases.ts';
import { type Outcome, post, secretOf, signed, urlFault } from './delivery.ts';
import * as queries from './queries.ts';

/** Of a signing secret. The specification asks for 24 to 64. */
const secretBytes = 32;

const delivery = z.object({
  webhookId: z.uuid(),
  /** The message's id: the same for all tries, so that a receiver can tell that it has it. */
  id: z.string(),
  event: webhookEvent,
  /** How often it failed so far. */
  failures: z.number().int(),
});
type Delivery = z.output<typeof delivery>;

/**
 * Messages to deliver. A receiver that fails ends a job, and another one is sent for later, so the retries of the queue itself
 * are for processes that died and for errors of our own.
 */
export const webhookQueue: Queue<Delivery> = {
  name: 'webhook',
  data: delivery,
  atOnce: 16,
  retryLimit: 20,
  retryDelaySeconds: 2,
  retryDelayMaxSeconds: 300,
};

const minute = 60;
const hour = 60 * minute;
/** Before each further try, in seconds: the specification's example, for a day. */
const pauses = [5, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 8 * hour];
/** A receiver that asks to be left alone is so for no longer than this, in seconds. */
const longestPause = 24 * hour;

/** Begins to deliver in this process. */
export async function beginWebhooks(context: Context): Promise<void> {
  await context.jobs.work(webhookQueue, (job, run) => deliver(context, job, run));
}

/** Throws `not_found`, and `invalid` where the address is none that can be told. The secret is nowhere to be read again. */
export async function createWebhook(
  { db, secret: appSecret }: Pick<Context, 'db' | 'secret'>,
  user: Pick<SignedIn, 'id'>,
  projectId: string,
  url: string,
): Promise<{ webhook: Webhook; secret: string }> {
  const fault = urlFault(url);
  if (fault !== null) throw invalid('url', fault);
  if ((await selectProject(db, projectId)) === null) throw notFound('project');
  const id = newId();
  const secret = secretOf(randomBytes(secretBytes));
  return transaction(db, async (tx) => {
    const row = await queries.insertWebhook(tx, { id, projectId, url, secret: seal(appSecret, id, secret) });
    await record(tx, user, 'webhook.create', id, noted(row));
    return { webhook: webhookView(row), secret };
  });
}

/** The newest last. Throws `not_found`. */
export async function listWebhooks(db: Database, projectId: string): Promise<Webhook[]> {
  if ((await selectProject(db, projectId)) === null) throw notFound('project');
  return (await queries.selectWebhooks(db, projectId)).map(webhookView);
}

/** Throws `not_found`. */
export async function deleteWebhook(db: Database, user: Pick<SignedIn, 'id'>, webhookId: string): Promise<null> {
  return transaction(db, async (tx) => {
    const row = await queries.deleteWebhook(tx, webhookId);
    if (row === null) throw notFound('webhook');
    await record(tx, user, 'webhook.delete', webhookId, noted(row));
    return null;
  });
}

/** Sends a test at once, and only once. Throws `not_found`. */
export async function testWebhook(
  { db, secret, clock }: Pick<Context, 'db' | 'secret' | 'clock'>,
  user: Pick<SignedIn, 'id'>,
  webhookId: string,
): Promise<Webhook> {
  const row = await queries.selectWebhook(db, webhookId);
  if (row === null) throw notFound('webhook');
  const { projectId } = row;
  const event: WebhookEvent = { type: 'webhook.test', timestamp: clock().toISOString(), data: { projectId } };
  const at = clock();
  const { words } = await send(row, secret, messageId(), event, at);
  return transaction(db, async (tx) => {
    const tested = await queries.updateLast(tx, webhookId, { lastAt: at, lastStatus: `Test: ${words}` });
    if (tested === null) throw notFound('webhook');
    await record(tx, user, 'webhook.test', webhookId, { ...noted(row), outcome: words });
    return webhookView(tested);
  });
}

/**
 * Has all who want to know it told that a release has ended. Called in the transaction that ends it: it is told if that
 * commits, and not if it does not.
 */
export async function announce(
  { jobs, clock }: Pick<Context, 'jobs' | 'clock'>,
  tx: Database,
  releaseId: string,
  type: 'release.ready' | 'release.failed',
): Promise<void> {
  const release = await selectRelease(tx, releaseId);
  if (release === null) return;
  const rows = await queries.selectWebhooks(tx, release.projectId);
  const { kind, format } = release.definition;
  const endedAt = (release.endedAt ?? clock()).toISOString();
  const told = { ...release, endedAt, moment: release.moment.toISOString(), kind, format };
  const event = webhookEvent.parse({
    ...{ type, timestamp: endedAt },
    data: { release: { ...told, path: `/api/releases/${releaseId}` } },
  });
  const id = messageId();
  await jobs.send(
    tx,
    webhookQueue,
    rows.map((row) => ({ webhookId: row.id, id, event, failures: 0 })),
  );
}

/** Delivers a message, and has it tried again later where that fails. */
async function deliver(
  { db, jobs, secret, clock, random }: Pick<Context, 'db' | 'jobs' | 'secret' | 'clock' | 'random'>,
  job: Delivery,
  { signal }: Pick<Run, 'signal'>,
): Promise<void> {
  const row = await queries.selectWebhook(db, job.webhookId);
  if (row === null) return;
  const at = clock();
  const outcome = await send(row, secret, job.id, job.event, at, signal);
  const failures = job.failures + 1;
  const pause = outcome.ok ? null : pauseAfter(failures, outcome, random);
  const then = outcome.ok ? '' : pause === null ? '; given up' : `; tried again in ${inWords(pause)}`;
  await transaction(db, async (tx) => {
    const lastStatus = `${job.event.type}: ${outcome.words}${then}`;
    const known = await queries.updateLast(tx, row.id, { lastAt: at, lastStatus });
    if (known !== null && pause !== null)
      await jobs.send(tx, webhookQueue, [{ ...job, failures }], { startAfterSeconds: pause });
  });
}

/** How long to wait after so many failures, in seconds; null where it is given up. */
export function pauseAfter(
  failures: number,
  { passing, retryAfterMs }: Pick<Outcome, 'passing' | 'retryAfterMs'>,
  random: () => number,
): number | null {
  const usual = pauses[failures - 1];
  if (!passing || usual === undefined) return null;
  const asked = Math.min(longestPause, (retryAfterMs ?? 0) / 1_000);
  return Math.ceil(Math.max(asked, usual) * (1 + random() / 10));
}

async function send(
  { id: owner, url, secret: sealed }: queries.WebhookRow,
  appSecret: string,
  id: string,
  event: WebhookEvent,
  at: Date,
  signal?: AbortSignal,
): Promise<Outcome> {
  const secret = unseal(appSecret, owner, sealed);
  if (secret === null) {
    const words = 'not sent, since its secret cannot be opened: APP_SECRET has changed. Remove it and add it anew';
    return { ok: false, words, passing: false, retryAfterMs: null };
  }
  const body = JSON.stringify(event);
  return post(url, signed(secret, id, at, body), body, signal && { signal });
}

function messageId(): string {
  return `msg_${newId()}`;
}

function inWords(seconds: number): string {
  if (seconds < 90) return `${seconds} seconds`;
  return seconds < 90 * minute ? `${Math.round(seconds / minute)} minutes` : `${Math.round(seconds / hour)} hours`;
}

/** For the audit log: an address may hold a key after its question mark. */
function noted({ projectId, url }: queries.WebhookRow): { projectId: string; url: string } {
  return { projectId, url: url.replace(/[?#].*$/s, '') };
}

function webhookView({ secret: _secret, createdAt, lastAt, ...row }: queries.WebhookRow): Webhook {
  return { ...row, createdAt: createdAt.toISOString(), lastAt: lastAt?.toISOString() ?? null };
}
