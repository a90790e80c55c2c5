import type { ModerationSettings } from '../../shared/projects.ts';
import type { Database } from '../db/database.ts';
import { selectModel } from '../models/queries.ts';
import { invalid } from '../problem.ts';

/** Throws `invalid` where a project is to be judged by what cannot judge. */
export async function checkModeration(db: Database, settings: ModerationSettings | undefined): Promise<void> {
  if (settings === undefined || settings.modelId === null) return;
  const path = 'moderation.modelId';
  const model = await selectModel(db, settings.modelId);
  if (model === null) throw invalid(path, 'there is no such model');
  if (model.archived) throw invalid(path, `${model.name} is archived`);
  if (model.provider !== 'moderations') throw invalid(path, `${model.name} writes texts, it does not judge any`);
}
