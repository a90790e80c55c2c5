import { newId } from '../db/ids.ts';
import type { Output } from '../../shared/endpoint.ts';
import type { TaskKind } from '../../shared/projects.ts';
import type { listRounds as listRoundsEndpoint, Mix, NewRound, Round } from '../../shared/rounds.ts';
import { record } from '../accounts/audit.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import { type Database, transaction } from '../db/database.ts';
import { retrying } from '../db/retry.ts';
import { type ModelRow, selectModelsOf } from '../models/queries.ts';
import { writersOf } from '../models/writers.ts';
import { notFound, Refusal } from '../problem.ts';
import { lockProject, selectProject } from '../projects/queries.ts';
import * as queries from './queries.ts';

/** So many rounds are listed, the newest ones: for each, all its rankings are read. */
const listed = 20;

/** The round that runs, with what models are asked by. */
export interface CurrentRound {
  id: string;
  number: number;
  /** Whom trainers chat with, and whose suggestions they see. */
  policyModel: ModelRow;
  mix: Mix;
  /** Kinds of task that are handed out. */
  kinds: TaskKind[];
}

/** The round that runs in a project; null before the first. */
export async function currentRound(db: Database, projectId: string): Promise<CurrentRound | null> {
  const found = await queries.selectCurrent(db, projectId);
  if (found === null) return null;
  const { id, number, mix, kinds } = found.round;
  return { id, number, policyModel: found.policyModel, mix, kinds };
}

/**
 * Ends the round that runs and begins the next. Throws `not_found`, `archived`, and `invalid` naming the model that cannot
 * be asked to write.
 *
 * @param user null where the demo or the command line begins it
 */
export async function startRound(
  db: Database,
  user: Pick<SignedIn, 'id'> | null,
  projectId: string,
  body: NewRound,
  clock: () => Date,
): Promise<Round> {
  return retrying(() =>
    transaction(db, async (tx) => {
      const project = await lockProject(tx, projectId);
      if (project === null) throw notFound('project');
      if (project.archived) throw new Refusal('archived', 'The project is archived: no round is begun in it.');
      const models = await writersOf(tx, [
        { path: 'policyModelId', modelId: body.policyModelId },
        ...body.mix.map(({ modelId }, index) => ({ path: `mix.${index}.modelId`, modelId })),
      ]);
      const row = await queries.insertNext(tx, {
        ...body,
        id: newId(),
        projectId,
        kinds: [...new Set(body.kinds)],
        startedAt: clock(),
      });
      const { number, name, policyModelId, mix, kinds } = row;
      await record(tx, user, 'round.start', projectId, { number, name, policyModelId, mix, kinds });
      return roundView(row, models);
    }),
  );
}

/** The latest rounds, the newest first, with what was collected in each. Throws `not_found`. */
export async function listRounds(db: Database, projectId: string): Promise<Output<typeof listRoundsEndpoint>> {
  if ((await selectProject(db, projectId)) === null) throw notFound('project');
  const rows = await queries.selectRounds(db, projectId, listed);
  const ids = rows.map(({ id }) => id);
  const [models, sums, preferences] = await Promise.all([
    selectModelsOf(db, [
      ...new Set(rows.flatMap(({ policyModelId, mix }) => [policyModelId, ...mix.map(({ modelId }) => modelId)])),
    ]),
    queries.selectSums(db, ids),
    queries.selectPreferences(db, ids),
  ]);
  const nothing = { demonstrations: 0, chats: 0, comparisons: 0, rankings: 0 };
  return {
    rounds: rows.map((row) => ({
      ...roundView(row, models),
      figures: { ...(sums.get(row.id) ?? nothing), preferences: preferences.get(row.id) ?? [] },
    })),
  };
}

function roundView(row: queries.RoundRow, models: ReadonlyMap<string, ModelRow>): Round {
  // Models are archived, never deleted.
  const model = (id: string) => ({ id, name: models.get(id)?.name ?? '' });
  return {
    id: row.id,
    number: row.number,
    name: row.name,
    policyModel: model(row.policyModelId),
    mix: row.mix.map(({ modelId, count }) => ({ model: model(modelId), count })),
    kinds: row.kinds,
    startedAt: row.startedAt.toISOString(),
    endedAt: row.endedAt?.toISOString() ?? null,
  };
}
