import { asc, eq } from 'drizzle-orm';
import type { Database } from '../db/database.ts';
import { webhooks } from '../db/tables.ts';

export type WebhookRow = typeof webhooks.$inferSelect;

export async function insertWebhook(db: Database, row: typeof webhooks.$inferInsert): Promise<WebhookRow> {
  const [inserted] = await db.insert(webhooks).values(row).returning();
  if (!inserted) throw new Error('insert returned nothing');
  return inserted;
}

export async function selectWebhook(db: Database, webhookId: string): Promise<WebhookRow | null> {
  const [row] = await db.select().from(webhooks).where(eq(webhooks.id, webhookId));
  return row ?? null;
}

/** Those of a project, the newest last. */
export async function selectWebhooks(db: Database, projectId: string): Promise<WebhookRow[]> {
  return db.select().from(webhooks).where(eq(webhooks.projectId, projectId)).orderBy(asc(webhooks.id));
}

/** Null where it is gone already. */
export async function deleteWebhook(db: Database, webhookId: string): Promise<WebhookRow | null> {
  const [row] = await db.delete(webhooks).where(eq(webhooks.id, webhookId)).returning();
  return row ?? null;
}

/** Notes how a delivery went. Null where the webhook was removed meanwhile. */
export async function updateLast(
  db: Database,
  webhookId: string,
  last: { lastAt: Date; lastStatus: string },
): Promise<WebhookRow | null> {
  const [row] = await db.update(webhooks).set(last).where(eq(webhooks.id, webhookId)).returning();
  return row ?? null;
}
