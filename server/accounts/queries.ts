import { and, asc, desc, eq, gt, inArray, isNull, lt, lte, ne, sql } from 'drizzle-orm';
import type { Database } from '../db/database.ts';
import { notify } from '../db/notify.ts';
import { audit, invitations, members, projects, sessions, signInFailures, tokens, users } from '../db/tables.ts';

export type UserRow = typeof users.$inferSelect;
export type InvitationRow = typeof invitations.$inferSelect;
export type TokenRow = typeof tokens.$inferSelect;
export type FailuresRow = typeof signInFailures.$inferSelect;

// ---- users ----

/** Null where the email is taken. */
export async function insertUser(db: Database, row: typeof users.$inferInsert): Promise<UserRow | null> {
  const [inserted] = await db.insert(users).values(row).onConflictDoNothing({ target: users.email }).returning();
  return inserted ?? null;
}

export async function selectUser(db: Database, userId: string): Promise<UserRow | null> {
  const [row] = await db.select().from(users).where(eq(users.id, userId));
  return row ?? null;
}

export async function selectUserByEmail(db: Database, email: string): Promise<UserRow | null> {
  const [row] = await db.select().from(users).where(eq(users.email, email));
  return row ?? null;
}

/** All but those whose data were deleted. */
export async function selectUsers(db: Database): Promise<UserRow[]> {
  return db.select().from(users).where(isNull(users.erasedAt)).orderBy(asc(users.name), asc(users.id));
}

/** Null where there is no such person. */
export async function updateUser(
  db: Database,
  userId: string,
  change: Partial<typeof users.$inferInsert>,
): Promise<UserRow | null> {
  const [row] = await db.update(users).set(change).where(eq(users.id, userId)).returning();
  return row ?? null;
}

/** Any number, the same in every process. */
const adminsLock = 7_305_003;

/** Has whatever makes or unmakes admins happen one at a time, until the transaction ends. */
export async function lockAdmins(tx: Database): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${adminsLock})`);
}

/** Whether there is an admin who can sign in, other than the person `exceptId`. */
export async function hasAdmin(db: Database, exceptId?: string): Promise<boolean> {
  const admins = await db
    .select({ id: users.id })
    .from(users)
    .where(
      and(
        eq(users.role, 'admin'),
        eq(users.disabled, false),
        exceptId === undefined ? undefined : ne(users.id, exceptId),
      ),
    )
    .limit(1);
  return admins.length > 0;
}

// ---- sessions ----

export async function insertSession(db: Database, row: typeof sessions.$inferInsert): Promise<void> {
  await db.insert(sessions).values(row);
}

export async function selectSession(db: Database, hash: string): Promise<{ expiresAt: Date; user: UserRow } | null> {
  const [row] = await db
    .select({ expiresAt: sessions.expiresAt, user: users })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(eq(sessions.hash, hash));
  return row ?? null;
}

export async function selectSessions(db: Database, userId: string): Promise<(typeof sessions.$inferSelect)[]> {
  return db.select().from(sessions).where(eq(sessions.userId, userId));
}

export async function updateSession(db: Database, hash: string, expiresAt: Date): Promise<void> {
  await db.update(sessions).set({ expiresAt }).where(eq(sessions.hash, hash));
}

/** The id of whose session it was; null where there was none. */
export async function deleteSession(db: Database, hash: string): Promise<string | null> {
  const [row] = await db.delete(sessions).where(eq(sessions.hash, hash)).returning({ userId: sessions.userId });
  return row?.userId ?? null;
}

export async function deleteSessions(db: Database, userId: string, exceptHash: string | null): Promise<void> {
  const others = exceptHash === null ? undefined : ne(sessions.hash, exceptHash);
  await db.delete(sessions).where(and(eq(sessions.userId, userId), others));
}

export async function deleteExpiredSessions(db: Database): Promise<void> {
  await db.delete(sessions).where(lte(sessions.expiresAt, sql`now()`));
}

/** The channel on which processes tell each other whose rights have changed. */
export const accountsChannel = 'accounts';

/** Inside a transaction it is told when that is committed. */
export async function notifyOfAccount(db: Database, userId: string): Promise<void> {
  await notify(db, accountsChannel, userId);
}

// ---- tokens ----

export async function insertToken(db: Database, row: typeof tokens.$inferInsert): Promise<void> {
  await db.insert(tokens).values(row);
}

export async function selectTokens(db: Database, userId: string): Promise<TokenRow[]> {
  return db.select().from(tokens).where(eq(tokens.userId, userId)).orderBy(desc(tokens.id));
}

export async function selectToken(
  db: Database,
  hash: string,
): Promise<{ lastUsedAt: Date | null; user: UserRow } | null> {
  const [row] = await db
    .select({ lastUsedAt: tokens.lastUsedAt, user: users })
    .from(tokens)
    .innerJoin(users, eq(users.id, tokens.userId))
    .where(eq(tokens.hash, hash));
  return row ?? null;
}

export async function updateTokenUse(db: Database, hash: string, lastUsedAt: Date): Promise<void> {
  await db.update(tokens).set({ lastUsedAt }).where(eq(tokens.hash, hash));
}

/** The token's name; null where this person has no such token. */
export async function deleteToken(db: Database, userId: string, tokenId: string): Promise<string | null> {
  const mine = and(eq(tokens.id, tokenId), eq(tokens.userId, userId));
  const [row] = await db.delete(tokens).where(mine).returning({ name: tokens.name });
  return row?.name ?? null;
}

// ---- invitations ----

export async function insertInvitation(db: Database, row: typeof invitations.$inferInsert): Promise<InvitationRow> {
  const [inserted] = await db.insert(invitations).values(row).returning();
  if (!inserted) throw new Error('insert returned nothing');
  return inserted;
}

/** Newest first, with the names of those who accepted. */
export async function selectInvitations(db: Database): Promise<{ row: InvitationRow; acceptedBy: string | null }[]> {
  return db
    .select({ row: invitations, acceptedBy: users.name })
    .from(invitations)
    .leftJoin(users, eq(users.id, invitations.acceptedBy))
    .orderBy(desc(invitations.id));
}

/** The invitation if it can be accepted at the moment `now`. */
export async function selectOpenInvitation(db: Database, hash: string, now: Date): Promise<InvitationRow | null> {
  const [row] = await db.select().from(invitations).where(isOpen(hash, now));
  return row ?? null;
}

/** The same, and nobody else can lock it until the transaction ends. */
export async function lockOpenInvitation(tx: Database, hash: string, now: Date): Promise<InvitationRow | null> {
  const [row] = await tx.select().from(invitations).where(isOpen(hash, now)).for('update');
  return row ?? null;
}

function isOpen(hash: string, now: Date) {
  return and(eq(invitations.hash, hash), isNull(invitations.acceptedBy), gt(invitations.expiresAt, now));
}

export async function updateInvitation(db: Database, invitationId: string, acceptedBy: string): Promise<void> {
  await db.update(invitations).set({ acceptedBy }).where(eq(invitations.id, invitationId));
}

/** Locks it as `lockOpenInvitation` does. */
export async function lockInvitation(tx: Database, invitationId: string): Promise<InvitationRow | null> {
  const [row] = await tx.select().from(invitations).where(eq(invitations.id, invitationId)).for('update');
  return row ?? null;
}

export async function deleteInvitation(db: Database, invitationId: string): Promise<void> {
  await db.delete(invitations).where(eq(invitations.id, invitationId));
}

/** Those of the projects that exist, by name. */
export async function selectProjects(db: Database, projectIds: string[]): Promise<{ id: string; name: string }[]> {
  if (projectIds.length === 0) return [];
  return db
    .select({ id: projects.id, name: projects.name })
    .from(projects)
    .where(inArray(projects.id, projectIds))
    .orderBy(asc(projects.name));
}

export async function insertMemberships(db: Database, userId: string, projectIds: string[]): Promise<void> {
  if (projectIds.length === 0) return;
  await db
    .insert(members)
    .values(projectIds.map((projectId) => ({ projectId, userId })))
    .onConflictDoNothing();
}

// ---- failed sign-ins ----

/** Locks a counter until the transaction ends, making it if need be. */
export async function lockFailures(tx: Database, key: string, now: Date): Promise<FailuresRow> {
  const [row] = await tx
    .insert(signInFailures)
    .values({ key, failures: 0, lastAt: now })
    .onConflictDoUpdate({ target: signInFailures.key, set: { failures: signInFailures.failures } })
    .returning();
  if (!row) throw new Error('upsert returned nothing');
  return row;
}

export async function selectFailures(db: Database, key: string): Promise<FailuresRow | null> {
  const [row] = await db.select().from(signInFailures).where(eq(signInFailures.key, key));
  return row ?? null;
}

/** One more failure at the moment `now`; the first again where the last one was at `forgotten` or before. */
export async function countFailure(db: Database, key: string, now: Date, forgotten: Date): Promise<void> {
  const { failures, lastAt } = signInFailures;
  await db
    .insert(signInFailures)
    .values({ key, failures: 1, lastAt: now })
    .onConflictDoUpdate({
      target: signInFailures.key,
      set: { failures: sql`case when ${lte(lastAt, forgotten)} then 1 else ${failures} + 1 end`, lastAt: now },
    });
}

export async function deleteFailures(db: Database, key: string): Promise<void> {
  await db.delete(signInFailures).where(eq(signInFailures.key, key));
}

export async function deleteForgottenFailures(db: Database, forgotten: Date): Promise<void> {
  await db.delete(signInFailures).where(lte(signInFailures.lastAt, forgotten));
}

// ---- audit ----

export interface AuditRow {
  row: typeof audit.$inferSelect;
  actorName: string | null;
}

export async function insertAudit(db: Database, row: typeof audit.$inferInsert): Promise<void> {
  await db.insert(audit).values(row);
}

/** Newest first, from the entry below `before` on. */
export async function selectAudit(db: Database, before: number | undefined, limit: number): Promise<AuditRow[]> {
  return db
    .select({ row: audit, actorName: users.name })
    .from(audit)
    .leftJoin(users, eq(users.id, audit.actorId))
    .where(before === undefined ? undefined : lt(audit.id, before))
    .orderBy(desc(audit.id))
    .limit(limit);
}
