import { newId } from '../db/ids.ts';
import type { Output, Parsed } from '../../shared/endpoint.ts';
import type { openChats as openChatsEndpoint } from '../../shared/chats.ts';
import { record } from '../accounts/audit.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import { type Database, transaction } from '../db/database.ts';
import { retrying } from '../db/retry.ts';
import { notFound, Refusal } from '../problem.ts';
import { selectProject } from '../projects/queries.ts';
import { insertFreeChats, insertPromptedChats, lockOpenings } from './queries.ts';

/** Without a limit, so many prompts get a chat; more than are ever imported. */
const allPrompts = 2 ** 31 - 1;

/**
 * Makes chat tasks: so many that the trainer opens, or one for each imported prompt that has none yet. Throws `not_found`,
 * `archived`.
 *
 * @param user null where the demo or the command line makes them
 */
export async function openChats(
  db: Database,
  user: Pick<SignedIn, 'id'> | null,
  projectId: string,
  body: Parsed<typeof openChatsEndpoint>['body'],
): Promise<Output<typeof openChatsEndpoint>> {
  return retrying(() =>
    transaction(db, async (tx) => {
      // Two at once would each find the same prompts without a chat.
      await lockOpenings(tx, projectId);
      const project = await selectProject(tx, projectId);
      if (project === null) throw notFound('project');
      if (project.archived) throw new Refusal('archived', 'The project is archived: no tasks are made in it.');
      const tasks =
        body.opening === 'none'
          ? await insertFreeChats(
              tx,
              projectId,
              Array.from({ length: body.count }, () => newId()),
            )
          : await insertPromptedChats(tx, projectId, body.count ?? allPrompts);
      await record(tx, user, 'chats.open', projectId, { opening: body.opening, tasks });
      return { tasks };
    }),
  );
}
