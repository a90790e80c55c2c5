import type { User } from '../../shared/accounts.ts';
import { record } from '../accounts/audit.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import { userView } from '../accounts/users.ts';
import { type Database, transaction } from '../db/database.ts';
import { retrying } from '../db/retry.ts';
import { notFound } from '../problem.ts';
import * as queries from './queries.ts';

export async function listMembers(db: Database, projectId: string): Promise<User[]> {
  await mustExist(db, projectId);
  return (await queries.selectMembers(db, projectId)).map(userView);
}

export async function addMember(db: Database, user: SignedIn, projectId: string, userId: string): Promise<null> {
  return transaction(db, async (tx) => {
    await mustExist(tx, projectId);
    if (!(await queries.insertMember(tx, projectId, userId))) throw notFound('person');
    await record(tx, user, 'member.add', projectId, { userId });
    return null;
  });
}

/** Ends a membership: what the person made stays, what they have in hand goes back. */
export async function removeMember(db: Database, user: SignedIn, projectId: string, userId: string): Promise<null> {
  return retrying(() =>
    transaction(db, async (tx) => {
      await mustExist(tx, projectId);
      await queries.deleteMember(tx, projectId, userId);
      await queries.endLeases(tx, projectId, userId);
      await record(tx, user, 'member.remove', projectId, { userId });
      return null;
    }),
  );
}

async function mustExist(db: Database, projectId: string): Promise<void> {
  if ((await queries.selectProject(db, projectId)) === null) throw notFound('project');
}
