import { type Database, transaction } from '../db/database.ts';
import { retrying } from '../db/retry.ts';
import { invalid, notFound, Refusal } from '../problem.ts';
import { record } from './audit.ts';
import * as queries from './queries.ts';
import * as erasing from './queries/erase.ts';
import type { Sessions, SignedIn } from './sessions.ts';

/**
 * Deletes all that a person made, on their request: what they wrote with all that hangs on it, others' rankings of their chats
 * among it, and their rankings and feedback, whose places are free again. Of the account only its id is left. Releases that hold
 * some of it are marked. `confirm` is the person's email, or the name of one without.
 * Throws `not_found`, `invalid` naming `confirm`, and `conflict` for the last admin.
 */
export async function erasePerson(
  db: Database,
  sessions: Sessions,
  clock: () => Date,
  actor: SignedIn,
  userId: string,
  confirm: string,
): Promise<{ conversations: number; releases: number }> {
  return retrying(() =>
    transaction(db, async (tx) => {
      await queries.lockAdmins(tx);
      const person = await queries.selectUser(tx, userId);
      if (person === null || person.erasedAt !== null) throw notFound('person');
      const expected = person.email ?? person.name;
      if (confirm.trim().toLowerCase() !== expected.toLowerCase())
        throw invalid('confirm', `must be the ${person.email === null ? 'name' : 'email'} of the person`);
      if (person.role === 'admin' && !(await queries.hasAdmin(tx, userId)))
        throw new Refusal('conflict', `${person.name} is the last admin: make another one first.`);
      const releases = await erasing.markReleases(tx, userId);
      const conversations = await erasing.selectMade(tx, userId);
      await erasing.deleteWork(tx, userId, conversations);
      await erasing.emptyAccount(tx, userId, person.email, clock());
      await sessions.invalidateAll(tx, userId);
      const sums = { conversations: conversations.length, releases };
      await record(tx, actor, 'user.erase', userId, sums);
      return sums;
    }),
  );
}
