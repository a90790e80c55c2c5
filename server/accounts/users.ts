import { newId } from '../db/ids.ts';
import type { User } from '../../shared/accounts.ts';
import type { Role } from '../../shared/endpoint.ts';
import { type Database, transaction } from '../db/database.ts';
import { notFound, Refusal } from '../problem.ts';
import { record } from './audit.ts';
import { hashPassword } from './passwords.ts';
import * as queries from './queries.ts';
import type { Sessions, SignedIn } from './sessions.ts';

export function userView({ id, name, email, role, disabled, createdAt }: queries.UserRow): User {
  return { id, name, email, role, disabled, createdAt: createdAt.toISOString() };
}

/** A person with an account, as it is about to be made. The email is in lower case. */
export interface NewUser {
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly password: string;
}

/** Makes an account, for the command line. @throws conflict where the email is taken */
export async function createUser(db: Database, { password, ...person }: NewUser): Promise<User> {
  const passwordHash = await hashPassword(password);
  return transaction(db, async (tx) => {
    const created = await addUser(tx, { ...person, passwordHash });
    await record(tx, null, 'user.create', created.id, { email: person.email, role: person.role });
    return created;
  });
}

/** Adds the row of a new account. Hash the password before the transaction: it takes long. @throws conflict */
export async function addUser(
  tx: Database,
  person: Omit<NewUser, 'password'> & { readonly passwordHash: string },
): Promise<User> {
  const row = await queries.insertUser(tx, { id: newId(), ...person });
  if (row === null) throw emailTaken(person.email);
  return userView(row);
}

export function emailTaken(email: string): Refusal {
  const message = 'has an account already';
  return new Refusal('conflict', `${email} ${message}.`, [{ path: 'email', message }]);
}

export async function listUsers(db: Database): Promise<User[]> {
  return (await queries.selectUsers(db)).map(userView);
}

/** The account of whoever asks. */
export async function readProfile(db: Database, person: SignedIn): Promise<User> {
  const row = await queries.selectUser(db, person.id);
  if (row === null) throw notFound('person');
  return userView(row);
}

export async function changeName(db: Database, sessions: Sessions, person: SignedIn, name: string): Promise<User> {
  return transaction(db, async (tx) => {
    const row = await queries.updateUser(tx, person.id, { name });
    if (row === null) throw notFound('person');
    await sessions.changed(tx, person.id);
    return userView(row);
  });
}

/**
 * Changes a person's role, or disables or enables the account, and ends the person's sessions. API tokens act with the
 * new role, and not at all while the account is disabled.
 * @throws not_found; conflict for the last admin who can sign in, and for people without an account
 */
export async function changeUser(
  db: Database,
  sessions: Sessions,
  actor: SignedIn,
  userId: string,
  change: { role?: Role | undefined; disabled?: boolean | undefined },
): Promise<User> {
  return transaction(db, async (tx) => {
    // Two admins who demote each other at the same moment must not both succeed.
    await queries.lockAdmins(tx);
    const before = await queries.selectUser(tx, userId);
    if (before === null) throw notFound('person');
    if (before.email === null)
      throw new Refusal('conflict', `${before.name} came with imported rankings and has no account.`);
    const { role = before.role, disabled = before.disabled } = change;
    if (role === before.role && disabled === before.disabled) return userView(before);
    if ((role !== 'admin' || disabled) && !(await queries.hasAdmin(tx, userId)))
      throw new Refusal('conflict', `${before.name} is the last admin: make another one first.`);
    const row = await queries.updateUser(tx, userId, { role, disabled });
    if (row === null) throw notFound('person');
    await sessions.invalidateAll(tx, userId);
    await record(tx, actor, 'user.change', userId, {
      from: { role: before.role, disabled: before.disabled },
      to: { role, disabled },
    });
    return userView(row);
  });
}
