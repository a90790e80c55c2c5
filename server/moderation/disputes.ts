import { Readable } from 'node:stream';
import type { Dispute, Verdict } from '../../shared/moderation.ts';
import { record } from '../accounts/audit.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import { type Database, transaction } from '../db/database.ts';
import { invalid, notFound } from '../problem.ts';
import { pages } from '../releases/pages.ts';
import * as queries from './queries.ts';

/**
 * Says that a verdict is wrong. The same twice is once; another comment takes the place of the first. Throws `not_found`
 * for a verdict on what is not this person's own.
 */
export async function disputeVerdict(
  db: Database,
  user: SignedIn,
  verdictId: string,
  comment: string,
  clock: () => Date,
): Promise<Verdict> {
  const verdict = await queries.disputeVerdict(db, { verdictId, userId: user.id, comment, now: clock() });
  if (verdict === null) throw notFound('verdict');
  return verdict;
}

/** A page of disputes, the newest first. `next` is the `before` of the page that follows; null on the last one. */
export async function listDisputes(
  db: Database,
  project: { id: string },
  { before = null, limit }: { before?: string | null | undefined; limit: number },
): Promise<{ disputes: Dispute[]; next: string | null }> {
  if (before !== null && !/^[0-9a-f-]{36}$/.test(before)) throw invalid('before', 'is no place to go on from');
  const rows = await queries.newestDisputes(db, project.id, before, limit + 1);
  const disputes = rows.slice(0, limit);
  return { disputes, next: rows.length > limit ? (disputes.at(-1)?.id ?? null) : null };
}

/** Settles a dispute, or opens it again with null. Throws `not_found`. */
export async function resolveDispute(
  db: Database,
  user: SignedIn,
  disputeId: string,
  resolution: Dispute['resolution'],
): Promise<Dispute> {
  return transaction(db, async (tx) => {
    const found = await queries.resolveDispute(tx, disputeId, resolution);
    const dispute = found ? await queries.selectDispute(tx, disputeId) : null;
    if (dispute === null) throw notFound('dispute');
    await record(tx, user, 'dispute.resolve', disputeId, { resolution });
    return dispute;
  });
}

/** All disputes of a project as JSON lines, the oldest first. It reads on only as far as it is read. */
export function exportDisputes(db: Database, project: { id: string }): Readable {
  return Readable.from(disputeLines(db, project.id), { highWaterMark: 2 });
}

async function* disputeLines(db: Database, projectId: string): AsyncGenerator<string> {
  for await (const { rows } of pages(async (after, limit) => {
    const rows = await queries.nextDisputes(db, projectId, after, limit);
    return { rows, size: rows.reduce((sum, { content, comment }) => sum + content.length + comment.length, 0) };
  }))
    yield rows.map(disputeLine).join('');
}

function disputeLine({ content, role, kind, categories, source, resolution }: Dispute): string {
  return `${JSON.stringify({ text: content, role, kind, categories, source, resolution })}\n`;
}
