import { createHmac, timingSafeEqual } from 'node:crypto';
import type { User } from '../../shared/accounts.ts';
import { type Database, transaction } from '../db/database.ts';
import { invalid, Refusal } from '../problem.ts';
import { record } from './audit.ts';
import { hashPassword } from './passwords.ts';
import * as queries from './queries.ts';
import { addUser, type NewUser } from './users.ts';

/**
 * The token of the setup link. It follows from the server's secret, so that every process on one database prints the same
 * and nothing is stored; it is good for as long as there is no admin.
 */
function setupToken(secret: string): string {
  return createHmac('sha256', secret).update('setup').digest('base64url');
}

/** The link by which the first admin is made; null where there is an admin already. The token is not sent to servers. */
export async function setupLink(db: Database, secret: string, publicUrl: string): Promise<string | null> {
  return (await isSetupNeeded(db)) ? `${publicUrl}/setup#${setupToken(secret)}` : null;
}

export async function isSetupNeeded(db: Database): Promise<boolean> {
  return !(await queries.hasAdmin(db));
}

/**
 * Makes the first admin. Two at the same moment make one.
 * @throws gone once there is an admin; invalid for a wrong token; conflict where the email is taken
 */
export async function setup(
  db: Database,
  secret: string,
  { token, ...person }: Omit<NewUser, 'role'> & { token: string },
): Promise<User> {
  if (!(await isSetupNeeded(db))) throw setupIsOver();
  if (!isSame(token, setupToken(secret))) throw invalid('token', 'is not the one of the setup link');
  const admin = await createFirstAdmin(db, person);
  if (admin === null) throw setupIsOver();
  return admin;
}

/**
 * Makes the admin that the configuration names, unless the email has an account already: what was changed since, the
 * password above all, stays.
 */
export async function ensureAdmin(
  db: Database,
  { email, password }: { email: string; password: string },
): Promise<void> {
  if ((await queries.selectUserByEmail(db, email)) !== null) return;
  await createFirstAdmin(db, { email, password, name: email.split('@')[0] ?? email });
}

/** Null where there is an admin already. */
async function createFirstAdmin(db: Database, { password, ...person }: Omit<NewUser, 'role'>): Promise<User | null> {
  const passwordHash = await hashPassword(password);
  return transaction(db, async (tx) => {
    await queries.lockAdmins(tx);
    if (await queries.hasAdmin(tx)) return null;
    const admin = await addUser(tx, { ...person, role: 'admin', passwordHash });
    await record(tx, admin, 'user.create', admin.id, { email: person.email, role: 'admin' });
    return admin;
  });
}

function setupIsOver(): Refusal {
  return new Refusal('gone', 'The first admin was made already: sign in, or ask an admin for an invitation.');
}

/** Compares in a time that does not tell how much of it was right. */
function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
