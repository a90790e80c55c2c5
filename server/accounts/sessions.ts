/*
 * Who is behind a request: browser sessions and API tokens.
 *
 * Tables: `sessions` (hash, user_id, expires_at), `tokens` (id, user_id, name, hash, last_used_at). Both hold the SHA-256 of
 * the secret only: what is stolen from the database opens nothing. Raw secrets are never kept here either.
 *
 * Cookie `session`: HttpOnly (no script reads it), SameSite=Lax (other sites' forms do not send it), Path=/, Secure where
 * people reach the server by https, Max-Age 30 days. A session used in the second half of its 30 days is renewed for
 * another 30, and its cookie is sent again.
 *
 * Duties:
 * - A disabled person is nobody: neither session nor token is valid.
 * - Whatever changes what a person may do calls `changed` or `invalidateAll` in the transaction that changes it.
 * - Validated keys are believed for 5 seconds without asking the database (recent.ts). A change takes effect at once in
 *   the process that makes it, and in others when the notification arrives, usually within milliseconds. If the
 *   connection that listens is down just then, 5 seconds is the bound.
 * - The same-origin check of requests that change something is in http/session.ts.
 *
 * Decision: sessions are made, validated and renewed by lucia 3, which was asked for by name. Upstream maintained it
 * until March 2025 and has since been a guide to writing one's own (github.com/lucia-auth/lucia/discussions/1714), so no
 * fix is to be expected from there. That is borne because little rests on it: four functions over the adapter below, and
 * in http/session.ts its origin check, a pure function. To replace it, write `create`, `validate` and the two
 * `invalidate` functions here on the same table; nothing else changes, and open sessions stay valid.
 */
import { type Adapter, Lucia, TimeSpan } from 'lucia';
import type { Role } from '../../shared/endpoint.ts';
import type { Database } from '../db/database.ts';
import type { OpenDatabase } from '../db/open.ts';
import * as queries from './queries.ts';
import { Recent } from './recent.ts';
import { hashOf, newSecret } from './secrets.ts';

interface Person {
  name: string;
  email: string;
  role: Role;
}

declare module 'lucia' {
  interface Register {
    Lucia: Lucia<object, Person>;
    DatabaseUserAttributes: Person;
  }
}

/** Whoever asks. */
export interface SignedIn {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
  /** SHA-256 of the session id that came with the request; null where an API token did. */
  readonly sessionHash: string | null;
}

export interface Sessions {
  /** Begins to hear what other processes change. */
  start(): Promise<void>;
  readonly cookieName: string;
  /** Begins a session. `cookie` is the value of a Set-Cookie header. */
  create(userId: string): Promise<{ id: string; cookie: string }>;
  /** Who has this session; null for nobody. Where the session was renewed, `onRenewal` gets the cookie to send. */
  validate(id: string, onRenewal?: (cookie: string) => void): Promise<SignedIn | null>;
  /** Ends a session; answers with the Set-Cookie header that removes the cookie. */
  invalidate(id: string): Promise<{ cookie: string }>;
  /** Ends all sessions of a person but one, together with the rest of the transaction. */
  invalidateAll(tx: Database, userId: string, exceptHash?: string | null): Promise<void>;
  /** Has every process look a person up again once the transaction is committed. */
  changed(tx: Database, userId: string): Promise<void>;
  /** Who has this API token; null for nobody. */
  ofToken(token: string): Promise<SignedIn | null>;
}

/** What API tokens begin with, so that one is recognised where it should not be: in a repository, a log. */
const tokenPrefix = 'duo_';
/** The use of a token is noted at most this often, in milliseconds. */
const useNotedEvery = 60_000;

export function newApiToken(): string {
  return tokenPrefix + newSecret();
}

export interface SessionOptions {
  /** Whether people reach the server by https. */
  readonly secure: boolean;
  /** For the notes on tokens; lucia takes the lifetime of sessions from the system's clock. */
  readonly clock: () => Date;
}

export function createSessions(database: OpenDatabase, { secure, clock }: SessionOptions): Sessions {
  const { db } = database;
  const recent = new Recent<SignedIn>();
  const lucia = new Lucia<object, Person>(adapter(), {
    sessionExpiresIn: new TimeSpan(30, 'd'),
    sessionCookie: { name: 'session', attributes: { secure, sameSite: 'lax', path: '/' } },
    getUserAttributes: (person) => person,
  });

  async function changed(tx: Database, userId: string): Promise<void> {
    recent.forget(userId, performance.now());
    await queries.notifyOfAccount(tx, userId);
  }

  /** Lucia's ids are raw; what reaches the table is hashed. */
  function adapter(): Adapter {
    return {
      async getSessionAndUser(id) {
        const found = await queries.selectSession(db, hashOf(id));
        if (found === null) return [null, null];
        const { expiresAt, user } = found;
        const person = personOf(user);
        return [{ id, userId: user.id, expiresAt, attributes: {} }, person && { id: user.id, attributes: person }];
      },
      /** The raw ids are not known any more: these bear the hashes. */
      async getUserSessions(userId) {
        const rows = await queries.selectSessions(db, userId);
        return rows.map(({ hash, expiresAt }) => ({ id: hash, userId, expiresAt, attributes: {} }));
      },
      setSession: ({ id, userId, expiresAt }) => queries.insertSession(db, { hash: hashOf(id), userId, expiresAt }),
      updateSessionExpiration: (id, expiresAt) => queries.updateSession(db, hashOf(id), expiresAt),
      async deleteSession(id) {
        const userId = await queries.deleteSession(db, hashOf(id));
        if (userId !== null) await changed(db, userId);
      },
      async deleteUserSessions(userId) {
        await queries.deleteSessions(db, userId, null);
        await changed(db, userId);
      },
      deleteExpiredSessions: () => queries.deleteExpiredSessions(db),
    };
  }

  return {
    start: () => database.listen(queries.accountsChannel, (userId) => recent.forget(userId, performance.now())),

    cookieName: lucia.sessionCookieName,

    async create(userId) {
      await lucia.deleteExpiredSessions();
      const { id } = await lucia.createSession(userId, {});
      return { id, cookie: lucia.createSessionCookie(id).serialize() };
    },

    async validate(id, onRenewal) {
      const sessionHash = hashOf(id);
      // Prefixed, so that a token is not taken for a session or the other way round.
      const key = `session ${sessionHash}`;
      const known = recent.get(key, performance.now());
      if (known !== null) return known;
      const { session, user } = await lucia.validateSession(id);
      if (session === null) return null;
      if (session.fresh) onRenewal?.(lucia.createSessionCookie(id).serialize());
      const { name, email, role } = user;
      const person = { id: user.id, name, email, role, sessionHash };
      recent.keep(key, person, performance.now());
      return person;
    },

    async invalidate(id) {
      await lucia.invalidateSession(id);
      return { cookie: lucia.createBlankSessionCookie().serialize() };
    },

    async invalidateAll(tx, userId, exceptHash = null) {
      // Lucia's own knows neither our transaction nor the exception.
      await queries.deleteSessions(tx, userId, exceptHash);
      await changed(tx, userId);
    },

    changed,

    async ofToken(token) {
      if (!token.startsWith(tokenPrefix)) return null;
      const hash = hashOf(token);
      const key = `token ${hash}`;
      const known = recent.get(key, performance.now());
      if (known !== null) return known;
      const found = await queries.selectToken(db, hash);
      const attributes = found && personOf(found.user);
      if (!attributes) return null;
      const now = clock();
      if (found.lastUsedAt === null || now.getTime() - found.lastUsedAt.getTime() >= useNotedEvery)
        await queries.updateTokenUse(db, hash, now);
      const person = { id: found.user.id, ...attributes, sessionHash: null };
      recent.keep(key, person, performance.now());
      return person;
    },
  };
}

/** Null for those who may not come in: the disabled, and people without an account. */
function personOf({ name, email, role, disabled }: queries.UserRow): Person | null {
  return disabled || email === null ? null : { name, email, role };
}
