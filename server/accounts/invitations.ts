import { newId } from '../db/ids.ts';
import type { Invitation, User } from '../../shared/accounts.ts';
import type { Role } from '../../shared/endpoint.ts';
import { type Database, transaction } from '../db/database.ts';
import { invalid, notFound, Refusal } from '../problem.ts';
import { record } from './audit.ts';
import { hashPassword } from './passwords.ts';
import * as queries from './queries.ts';
import { hashOf, newSecret } from './secrets.ts';
import type { SignedIn } from './sessions.ts';
import { addUser, emailTaken, type NewUser } from './users.ts';

/** How long an invitation can be accepted, in milliseconds. */
const openFor = 14 * 24 * 60 * 60_000;

/**
 * Makes an invitation. The token is not stored and cannot be had again. In the link it stands behind the `#`, which
 * browsers send to no server, so that it ends up in no log.
 * @throws invalid for an unknown project; conflict where the email has an account
 */
export async function invite(
  db: Database,
  now: Date,
  publicUrl: string,
  actor: SignedIn,
  { email = null, role, projectIds }: { email?: string | null | undefined; role: Role; projectIds: string[] },
): Promise<{ invitation: Invitation; token: string; link: string }> {
  const token = newSecret();
  return transaction(db, async (tx) => {
    const known = new Set((await queries.selectProjects(tx, projectIds)).map(({ id }) => id));
    const unknown = projectIds.findIndex((id) => !known.has(id.toLowerCase()));
    if (unknown >= 0) throw invalid(`projectIds.${unknown}`, 'is not a project');
    if (email !== null && (await queries.selectUserByEmail(tx, email)) !== null) throw emailTaken(email);
    const row = await queries.insertInvitation(tx, {
      id: newId(),
      hash: hashOf(token),
      email,
      role,
      projectIds: [...known],
      createdAt: now,
      expiresAt: new Date(now.getTime() + openFor),
    });
    await record(tx, actor, 'invitation.create', row.id, { email, role, projectIds: row.projectIds });
    return { invitation: invitationView(row, null), token, link: `${publicUrl}/invitation#${token}` };
  });
}

/** All invitations, newest first. */
export async function listInvitations(db: Database): Promise<Invitation[]> {
  return (await queries.selectInvitations(db)).map(({ row, acceptedBy }) => invitationView(row, acceptedBy));
}

/** Takes an invitation back. @throws not_found; conflict where it was accepted */
export async function revokeInvitation(db: Database, actor: SignedIn, invitationId: string): Promise<null> {
  return transaction(db, async (tx) => {
    const row = await queries.lockInvitation(tx, invitationId);
    if (row === null) throw notFound('invitation');
    if (row.acceptedBy !== null)
      throw new Refusal('conflict', 'The invitation was accepted already; the account can be disabled.');
    await queries.deleteInvitation(tx, invitationId);
    await record(tx, actor, 'invitation.revoke', invitationId, { email: row.email, role: row.role });
    return null;
  });
}

/** What an invitation offers. @throws gone where it was accepted, revoked or is out of date, or never was */
export async function inspectInvitation(
  db: Database,
  now: Date,
  token: string,
): Promise<{ email: string | null; role: Role; projects: string[] }> {
  const row = await queries.selectOpenInvitation(db, hashOf(token), now);
  if (row === null) throw invitationIsGone();
  const projects = await queries.selectProjects(db, row.projectIds);
  return { email: row.email, role: row.role, projects: projects.map(({ name }) => name) };
}

/**
 * Makes an account with an invitation, once.
 * @throws gone as `inspectInvitation`; invalid where the invitation is for another email; conflict where it is taken
 */
export async function acceptInvitation(
  db: Database,
  now: Date,
  { token, password, email, name }: Omit<NewUser, 'role'> & { token: string },
): Promise<User> {
  const hash = hashOf(token);
  // Looked at before the password is hashed, which is costly and for the invited only.
  if ((await queries.selectOpenInvitation(db, hash, now)) === null) throw invitationIsGone();
  const passwordHash = await hashPassword(password);
  return transaction(db, async (tx) => {
    const row = await queries.lockOpenInvitation(tx, hash, now);
    if (row === null) throw invitationIsGone();
    if (row.email !== null && row.email !== email) throw invalid('email', 'is not the one that was invited');
    const created = await addUser(tx, { email, name, role: row.role, passwordHash });
    await queries.updateInvitation(tx, row.id, created.id);
    // A project may have been deleted since.
    const projects = await queries.selectProjects(tx, row.projectIds);
    await queries.insertMemberships(
      tx,
      created.id,
      projects.map(({ id }) => id),
    );
    await record(tx, created, 'invitation.accept', row.id, { email, role: row.role });
    return created;
  });
}

function invitationView(row: queries.InvitationRow, acceptedBy: string | null): Invitation {
  const { id, email, role, projectIds, createdAt, expiresAt } = row;
  return {
    id,
    email,
    role,
    projectIds,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    acceptedBy,
  };
}

function invitationIsGone(): Refusal {
  return new Refusal('gone', 'This invitation was used, taken back or is out of date. Ask for a new one.');
}
