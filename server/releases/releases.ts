import { buffer } from 'node:stream/consumers';
import { newId } from '../db/ids.ts';
import type { Output } from '../../shared/endpoint.ts';
import {
  type newRelease,
  type PiiKind,
  type Release,
  type ReleaseDefinition,
  type ReleaseFile,
} from '../../shared/releases.ts';
import { z } from 'zod';
import type * as endpoints from '../../shared/releases.ts';
import type { Queue } from '../db/jobs.ts';
import { record } from '../accounts/audit.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import type { Context } from '../context.ts';
import { type Database, transaction } from '../db/database.ts';
import { invalid, notFound, Refusal } from '../problem.ts';
import type { ProjectRow } from '../projects/projects.ts';
import { changesOf } from './definition.ts';
import { type Stores, storeOf } from './files/stores.ts';
import { selectHeader } from './queries/raw.ts';
import * as queries from './queries/releases.ts';
import { differencesOf, indexName } from './row-index.ts';
import { releaseView, splitsOf } from './view.ts';

type Releasing = Pick<Context, 'db' | 'jobs' | 'clock' | 'stores' | 'publicUrl'>;

const releaseJob = z.object({ releaseId: z.uuid() });

/** Jobs that build releases. One at a time in a process: each takes what a processor gives. */
export const releaseQueue: Queue<z.output<typeof releaseJob>> = {
  name: 'release',
  data: releaseJob,
  atOnce: 1,
  retryLimit: 5,
  retryDelaySeconds: 2,
  retryDelayMaxSeconds: 60,
};

/** Has a release of what is collected up to now built in the background. Throws `invalid` naming the field. */
export async function createRelease(
  context: Adding,
  user: SignedIn,
  project: ProjectRow,
  body: z.output<typeof newRelease>,
): Promise<Release> {
  const id = await addRelease(context, user, project, body, { inBackground: true });
  return (await readRelease(context.db, id)).release;
}

type Adding = Pick<Releasing, 'db' | 'jobs' | 'stores' | 'publicUrl'>;

/** The same; unless it is to be in the background, whoever adds it builds it. Answers with its id. */
export async function addRelease(
  context: Adding,
  user: SignedIn | null,
  project: ProjectRow,
  { name, notes, definition, destination }: z.output<typeof newRelease>,
  { inBackground }: { inBackground: boolean },
): Promise<string> {
  const { db, jobs, stores } = context;
  if (destination === 's3' && stores.s3 === null)
    throw invalid('destination', 'this server is told of no S3: set S3_BUCKET');
  const id = newId();
  await transaction(db, async (tx) => {
    await checkDefinition(tx, definition);
    const moment = await queries.databaseNow(tx);
    const header = definition.kind === 'raw' ? await selectHeader(tx, { projectId: project.id, moment }) : null;
    const basis = {
      ...{ project: project.name, rubric: project.rubric, publicUrl: context.publicUrl() },
      names: definition.names === 'names' ? await queries.selectNames(tx) : null,
      raw: header && { header },
    };
    const row = { id, projectId: project.id, notes, destination, basis, createdBy: user?.id ?? null };
    const number = await queries.insertRelease(tx, { ...row, name, definition, moment });
    await record(tx, user, 'release.create', id, { number, kind: definition.kind, format: definition.format });
    if (inBackground) await jobs.send(tx, releaseQueue, [{ releaseId: id }]);
  });
  return id;
}

/** Throws `invalid` where a definition names what is not there. */
export async function checkDefinition(db: Database, { hygiene, mix }: ReleaseDefinition): Promise<void> {
  const known = new Set((await queries.selectBenchmarks(db)).map(({ id }) => id));
  for (const [at, id] of hygiene.benchmarks.entries())
    if (!known.has(id)) throw invalid(`definition.hygiene.benchmarks.${at}`, 'there is no such list of prompts');
  const pools = mix.length === 0 ? [] : await queries.selectSources(db);
  for (const [at, { projectId, source }] of mix.entries())
    if (!pools.some((pool) => pool.projectId === projectId && (source === null || pool.source === source)))
      throw invalid(`definition.mix.${at}`, 'there are no imported dialogues of this project and source');
}

export async function listReleases(db: Database, project: { id: string }): Promise<{ releases: Release[] }> {
  const rows = await queries.selectReleases(db, project.id);
  const counts = await queries.selectSplits(
    db,
    rows.map(({ id }) => id),
  );
  return {
    releases: rows.map((row) =>
      releaseView(
        row,
        counts.filter(({ releaseId }) => releaseId === row.id),
      ),
    ),
  };
}

/** Throws `not_found`. */
export async function readRelease(db: Database, id: string): Promise<{ release: Release; files: ReleaseFile[] }> {
  const row = await queries.selectRelease(db, id);
  if (row === null) throw notFound('release');
  const files = await queries.selectFiles(db, id);
  return { release: releaseView(row, splitsOf(files)), files };
}

/** Stops a build; what is written of it is removed by who builds it. Throws `not_found`, and `conflict` where it has ended. */
export async function cancelRelease(
  { db, clock }: Releasing,
  user: SignedIn,
  id: string,
): Promise<{ release: Release }> {
  await readRelease(db, id);
  await transaction(db, async (tx) => {
    if (!(await queries.endBuilding(tx, id, { state: 'cancelled', detail: null, now: clock() })))
      throw new Refusal('conflict', 'The release is not being built: there is nothing to cancel.');
    await record(tx, user, 'release.cancel', id);
  });
  return { release: (await readRelease(db, id)).release };
}

/** Builds a release again, of the same moment. Throws `not_found`, and `conflict` where it is being built or cannot be. */
export async function rebuildRelease(
  { db, jobs }: Releasing,
  user: SignedIn,
  id: string,
): Promise<{ release: Release }> {
  const { release } = await readRelease(db, id);
  if (release.holdsDeleted)
    throw new Refusal('conflict', 'Data in this release was deleted on request: it cannot be built again as it was.');
  await transaction(db, async (tx) => {
    await checkDefinition(tx, release.definition);
    if (!(await queries.restart(tx, id))) throw new Refusal('conflict', 'The release is being built already.');
    await record(tx, user, 'release.rebuild', id);
    await jobs.send(tx, releaseQueue, [{ releaseId: id }]);
  });
  return { release: (await readRelease(db, id)).release };
}

/** Removes a release with its files. Throws `not_found`, and `conflict` while it is being built. */
export async function deleteRelease({ db, stores }: Releasing, user: SignedIn, id: string): Promise<null> {
  const { release, files } = await readRelease(db, id);
  if (release.state === 'waiting' || release.state === 'building')
    throw new Refusal('conflict', 'The release is being built: cancel that first.');
  await transaction(db, async (tx) => {
    await queries.deleteRelease(tx, id);
    await record(tx, user, 'release.delete', id, { number: release.number, name: release.name });
  });
  await storeOf(stores, release).remove(id, files);
  return null;
}

/** What differs from another release of the same kind. Throws `not_found`, `invalid` and `conflict`. */
export async function compareReleases(
  { db, stores }: Pick<Releasing, 'db' | 'stores'>,
  id: string,
  fromId: string,
): Promise<Output<typeof endpoints.compareReleases>> {
  const [to, from] = await Promise.all([readRelease(db, id), readRelease(db, fromId)]);
  if (from.release.definition.kind !== to.release.definition.kind)
    throw invalid('from', `is no release of kind ${to.release.definition.kind}`);
  for (const { release } of [from, to])
    if (release.state !== 'ready') throw new Refusal('conflict', `Release ${release.number} is not ready.`);
  return {
    ...differencesOf(await indexOf(stores, from), await indexOf(stores, to)),
    definition: changesOf(from.release.definition, to.release.definition),
  };
}

async function indexOf(
  stores: Stores,
  { release, files }: { release: Release; files: readonly ReleaseFile[] },
): Promise<Buffer> {
  const file = files.find(({ name }) => name === indexName);
  if (file === undefined) throw new Error(`release ${release.id} has no ${indexName}`);
  return buffer(await storeOf(stores, release).openFile(release.id, file, null));
}

/** Findings on a page. */
const findingsAtOnce = 50;

export async function listFindings(
  db: Database,
  id: string,
  { kind, after }: { kind?: PiiKind | undefined; after: number },
): Promise<Output<typeof endpoints.listFindings>> {
  await readRelease(db, id);
  const [sums, rows] = await Promise.all([
    queries.sumFindings(db, id),
    queries.selectFindings(db, id, { kind, after, limit: findingsAtOnce + 1 }),
  ]);
  const findings = rows.slice(0, findingsAtOnce);
  return { sums, findings, next: rows.length > findingsAtOnce ? (findings.at(-1)?.id ?? null) : null };
}

/** What a definition can name. */
export async function releaseChoices(
  { db, stores }: Pick<Releasing, 'db' | 'stores'>,
  project: ProjectRow,
): Promise<Output<typeof endpoints.releaseChoices>> {
  const [rounds, trainers, sources, languages, benchmarks] = await Promise.all([
    queries.selectRounds(db, project.id),
    queries.selectTrainers(db, project.id),
    queries.selectSources(db),
    queries.selectLanguages(db, project.id),
    queries.selectBenchmarks(db),
  ]);
  const { flags, overall } = project.rubric;
  return {
    ...{ rounds, trainers, languages, benchmarks, s3: stores.s3 !== null, overallMax: overall?.max ?? null },
    sources: sources.flatMap(({ projectId, source }) => (projectId === project.id && source !== null ? source : [])),
    flags: flags.map(({ key, label }) => ({ key, label })),
    instructions: sources
      .filter(({ dialogues }) => dialogues > 0)
      .map(({ projectId, project: name, source, dialogues }) => ({ projectId, project: name, source, dialogues })),
  };
}
