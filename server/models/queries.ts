import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import type { ModelCheck } from '../../shared/models.ts';
import type { Database } from '../db/database.ts';
import { models } from '../db/tables.ts';

export type ModelRow = typeof models.$inferSelect;

/** Null where the name is taken. */
export async function insertModel(db: Database, row: typeof models.$inferInsert): Promise<ModelRow | null> {
  const [inserted] = await db.insert(models).values(row).onConflictDoNothing({ target: models.name }).returning();
  return inserted ?? null;
}

export async function selectModel(db: Database, modelId: string): Promise<ModelRow | null> {
  const [row] = await db.select().from(models).where(eq(models.id, modelId));
  return row ?? null;
}

/** Those of these models that there are. */
export async function selectModelsOf(db: Database, modelIds: readonly string[]): Promise<Map<string, ModelRow>> {
  const rows = await db
    .select()
    .from(models)
    .where(inArray(models.id, [...modelIds]));
  return new Map(rows.map((row) => [row.id, row]));
}

/** Locks a model against other changes of it until the transaction ends. */
export async function lockModel(db: Database, modelId: string): Promise<ModelRow | null> {
  const [row] = await db.select().from(models).where(eq(models.id, modelId)).for('update');
  return row ?? null;
}

/** All of them, the archived ones too; the newest last. */
export async function selectModels(db: Database): Promise<ModelRow[]> {
  return db.select().from(models).orderBy(asc(models.createdAt), asc(models.id));
}

export async function updateModel(
  db: Database,
  modelId: string,
  change: Partial<typeof models.$inferInsert>,
): Promise<ModelRow> {
  const [row] = await db.update(models).set(change).where(eq(models.id, modelId)).returning();
  if (!row) throw new Error('update returned nothing');
  return row;
}

/** Keeps what was found out about a model as it was then; not where it has moved since. */
export async function updateCheck(db: Database, { id, baseUrl, model }: ModelRow, check: ModelCheck): Promise<void> {
  await db
    .update(models)
    .set({ check })
    .where(and(eq(models.id, id), eq(models.model, model), sql`${models.baseUrl} is not distinct from ${baseUrl}`));
}
