import { newId } from '../db/ids.ts';
import type { Token } from '../../shared/accounts.ts';
import { type Database, transaction } from '../db/database.ts';
import { notFound, Refusal } from '../problem.ts';
import { record } from './audit.ts';
import * as queries from './queries.ts';
import { hashOf } from './secrets.ts';
import { newApiToken, type Sessions, type SignedIn } from './sessions.ts';

interface CreatedToken {
  /** Not stored: it cannot be had again. */
  token: string;
  id: string;
  name: string;
}

/** Makes an API token that acts as this person, with the role that the person has at the time. */
export async function createToken(db: Database, person: SignedIn, name: string): Promise<CreatedToken> {
  return transaction(db, (tx) => addToken(tx, person, person.id, name));
}

/** The same for the person with this email, for the command line. @throws not_found */
export async function createTokenFor(db: Database, email: string, name: string): Promise<CreatedToken> {
  return transaction(db, async (tx) => {
    const person = await queries.selectUserByEmail(tx, email);
    if (person === null) throw new Refusal('not_found', `There is no person with the email ${email}.`);
    return addToken(tx, null, person.id, name);
  });
}

async function addToken(tx: Database, actor: SignedIn | null, userId: string, name: string): Promise<CreatedToken> {
  const token = newApiToken();
  const id = newId();
  await queries.insertToken(tx, { id, userId, name, hash: hashOf(token) });
  await record(tx, actor, 'token.create', id, { name, userId });
  return { token, id, name };
}

/** One's own tokens, newest first. */
export async function listTokens(db: Database, person: SignedIn): Promise<Token[]> {
  return (await queries.selectTokens(db, person.id)).map(({ id, name, createdAt, lastUsedAt }) => ({
    id,
    name,
    createdAt: createdAt.toISOString(),
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
  }));
}

/** Revokes one of one's own tokens. @throws not_found */
export async function revokeToken(db: Database, sessions: Sessions, person: SignedIn, tokenId: string): Promise<null> {
  return transaction(db, async (tx) => {
    const name = await queries.deleteToken(tx, person.id, tokenId);
    if (name === null) throw notFound('token');
    await sessions.changed(tx, person.id);
    await record(tx, person, 'token.revoke', tokenId, { name });
    return null;
  });
}
