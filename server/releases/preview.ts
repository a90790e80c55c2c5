import { setImmediate as breathe } from 'node:timers/promises';
import type { Output } from '../../shared/endpoint.ts';
import { type ReleaseDefinition, type Split, splits } from '../../shared/releases.ts';
import type * as endpoints from '../../shared/releases.ts';
import type { Database } from '../db/database.ts';
import { Refusal } from '../problem.ts';
import type { ProjectRow } from '../projects/projects.ts';
import { loadGrams } from './hygiene/benchmarks.ts';
import { naming } from './names.ts';
import { Pass } from './pass.ts';
import { databaseNow, selectNames } from './queries/releases.ts';
import { countSources } from './queries/sources.ts';
import { rawLines } from './raw.ts';
import { checkDefinition } from './releases.ts';
import { groups, provideRoots } from './roots/roots.ts';
import { emptyWords, sourcesOf } from './writing.ts';

/** Rows that are shown. */
const mostShown = 10;
/** How long is counted, in milliseconds, and how much of it is for beginnings that nobody looked at yet. */
const usuallyCountsFor = 2_000;
const looksFor = 500;

/**
 * What a definition would give now: the same pass that builds it, without writing, for as long as somebody waits gladly, and at
 * least its first batch however slow the database is. What keeps it from being built is told as `fault`. Throws `invalid` naming
 * the field.
 *
 * @param countsFor in milliseconds
 */
export async function previewRelease(
  db: Database,
  project: ProjectRow,
  definition: ReleaseDefinition,
  countsFor = usuallyCountsFor,
): Promise<Output<typeof endpoints.previewRelease>> {
  await checkDefinition(db, definition);
  if (definition.kind === 'raw') return previewRaw(db, project, countsFor);
  const began = performance.now();
  const moment = await databaseNow(db);
  await lookAtSome(db, [project.id, ...definition.mix.map(({ projectId }) => projectId)], moment);
  const { groupOf } = await groups(db, null);
  const scope = { projectId: project.id, moment };
  const pass = new Pass(db, {
    ...{ definition, scope, groupOf, rubric: project.rubric },
    nameOf: naming(definition.names === 'names' ? await selectNames(db) : null),
    grams: await loadGrams(db, definition.hygiene.benchmarks),
  });
  const counts = new Map<Split, number>();
  const rows: { split: Split; json: string }[] = [];
  let gone = 0;
  let complete = true;
  let counted = false;
  let fault: string | null = null;
  try {
    for await (const { emitted, sources } of pass.batches()) {
      // Whether there is more is known only when it comes.
      complete = !counted || performance.now() - began < countsFor;
      if (!complete) break;
      counted = true;
      for (const { split, row } of emitted) {
        counts.set(split, (counts.get(split) ?? 0) + 1);
        if (rows.length < mostShown) rows.push({ split, json: JSON.stringify(row) });
      }
      gone += sources;
      await breathe();
    }
    if (complete && counts.size === 0) fault = emptyWords(pass.remarks);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    fault = error.message;
  }
  const all = complete ? gone : await countSources(db, scope, sourcesOf(definition));
  return {
    ...{ complete, rows, fault, remarks: pass.remarks },
    share: complete || all === 0 ? 1 : Math.min(1, gone / all),
    splits: splits.flatMap((split) => (counts.has(split) ? [{ split, rows: counts.get(split) ?? 0 }] : [])),
  };
}

/** Looks at the beginnings of new conversations, as far as there is time; the build looks at the rest. */
async function lookAtSome(db: Database, projectIds: readonly string[], moment: string): Promise<void> {
  const enough = AbortSignal.timeout(looksFor);
  try {
    await provideRoots(db, [...new Set(projectIds)], new Date(moment), { signal: enough });
  } catch (error) {
    if (!enough.aborted) throw error;
  }
}

/** The first lines of what moves a project. */
async function previewRaw(
  db: Database,
  project: ProjectRow,
  countsFor: number,
): Promise<Output<typeof endpoints.previewRelease>> {
  const began = performance.now();
  const lines: string[] = [];
  let rows = 0;
  let complete = true;
  for await (const text of rawLines(db, project.id, await databaseNow(db), { names: null })) {
    const some = text.split('\n').slice(0, -1);
    lines.push(...some.slice(0, mostShown - lines.length));
    rows += some.length;
    complete = performance.now() - began < countsFor;
    if (!complete) break;
  }
  return {
    ...{ complete, share: 1, remarks: [], fault: null, splits: [{ split: 'train', rows }] },
    rows: lines.map((json) => ({ split: 'train', json })),
  };
}
