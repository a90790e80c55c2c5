import type { Database } from '../db/database.ts';
import { invalid } from '../problem.ts';
import { type ModelRow, selectModelsOf } from './queries.ts';

/** The models that a request names, by id. Throws `invalid` naming the one that cannot be asked to write. */
export async function writersOf(
  db: Database,
  named: readonly { path: string; modelId: string }[],
): Promise<Map<string, ModelRow>> {
  const models = await selectModelsOf(
    db,
    named.map(({ modelId }) => modelId),
  );
  for (const { path, modelId } of named) {
    const model = models.get(modelId);
    if (!model) throw invalid(path, 'there is no such model');
    if (model.archived) throw invalid(path, `${model.name} is archived`);
    if (model.provider === 'moderations') throw invalid(path, `${model.name} judges texts, it does not write any`);
  }
  return models;
}
