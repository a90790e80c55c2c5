import type { AuditEntry } from '../../shared/accounts.ts';
import type { Database } from '../db/database.ts';
import * as queries from './queries.ts';

/**
 * Notes what somebody did, in the transaction that does it: a change without its entry, or the other way round, cannot be.
 *
 * @param actor null where the command line acts
 * @param action noun and verb, as in `project.create`
 * @param subject the id of what it was done to
 */
export async function record(
  tx: Database,
  actor: { readonly id: string } | null,
  action: string,
  subject: string,
  details: Record<string, unknown> = {},
): Promise<void> {
  await queries.insertAudit(tx, { actorId: actor?.id ?? null, action, subject, details });
}

/** A page of the log, newest first. `next` is the `before` of the page that follows; null on the last one. */
export async function readAudit(
  db: Database,
  { before, limit }: { before?: number | undefined; limit: number },
): Promise<{ entries: AuditEntry[]; next: number | null }> {
  const rows = await queries.selectAudit(db, before, limit + 1);
  const entries = rows.slice(0, limit).map(auditView);
  return { entries, next: rows.length > limit ? (entries.at(-1)?.id ?? null) : null };
}

function auditView({ row: { actorId, at, ...row }, actorName }: queries.AuditRow): AuditEntry {
  const actor = actorId === null || actorName === null ? null : { id: actorId, name: actorName };
  return { ...row, at: at.toISOString(), actor };
}
