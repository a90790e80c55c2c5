import { execFile, spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Database } from '../../server/db/database.ts';
import { callAt, type Headers, type ServerProcess, signInAdmin } from '../support/server.ts';
import {
  createRelease,
  readRelease,
  type Release,
  type ReleaseDefinitionInput,
  type ReleaseFile,
} from '../../shared/releases.ts';
import { median, type Row, watchMemory, whole } from './figures.ts';
import { drive, type Field, prepare } from './handing-out.ts';
import { rankSome } from './transfer.ts';

/** Pairs of a ranking of four without ties. */
const pairsEach = 6;
const fewRows = 10_000;
const rounds = 3;
const seconds = 8;
/** How often it is asked whether a release is ready, in milliseconds: asking takes of the same two cores. */
const askedEvery = 200;

interface Built {
  seconds: number;
  bytes: number;
  /** The server's highest resident memory meanwhile, in MB. */
  peakMb: number;
}

/** Releases of comparison pairs, beside what PostgreSQL itself writes of the same rows, and beside trainers at work. */
export async function measureReleases(
  start: () => Promise<ServerProcess>,
  {
    db,
    url,
    binaries,
    rows,
    say,
  }: { db: Database; url: string; binaries: string; rows: number; say: (text: string) => void },
): Promise<Row[]> {
  const counts = [fewRows, rows].map((count) => Math.ceil(count / pairsEach));
  const fields: Field[] = [];
  const people = 32;
  for (const [at, count] of counts.entries()) {
    // The trainers of the first are those of the second.
    const field = await prepare(db, count + 20_000, at === 0 ? people : 0);
    await rankSome(db, field.projectId, count);
    fields.push(field);
  }
  const [few, many] = fields;
  if (!few || !many) throw new Error('no projects');
  let server = await start();
  const admin = await signInAdmin(server.url);
  const beginnings = await build(server, admin, many.projectId, {
    kind: 'comparisons',
    format: 'trl',
    filter: { maxCharacters: 1 },
  });
  say(
    `looking at the beginnings of ${whole(counts[1] ?? 0)} and more conversations took ${beginnings.seconds.toFixed(1)} s`,
  );
  await build(server, admin, few.projectId, { kind: 'comparisons', format: 'trl' });

  const table: Row[] = [];
  const took: Record<'jsonl' | 'parquet', number[]> = { jsonl: [], parquet: [] };
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const limit = await copied(url, binaries, many.projectId);
    const jsonl = await build(server, admin, many.projectId, { kind: 'comparisons', format: 'trl' });
    const parquet = await build(server, admin, many.projectId, {
      kind: 'comparisons',
      format: 'trl',
      container: 'parquet',
    });
    took.jsonl.push(jsonl.seconds);
    took.parquet.push(parquet.seconds);
    ratios.push(jsonl.bytes / jsonl.seconds / (limit.bytes / limit.seconds));
    say(
      `round ${round + 1}: COPY ${mbs(limit)}, JSON Lines ${mbs(jsonl)} in ${jsonl.seconds.toFixed(1)} s, Parquet in ${parquet.seconds.toFixed(1)} s`,
    );
  }
  const ratio = median(ratios);
  const slower = median(took.parquet.map((one, at) => one / (took.jsonl[at] ?? Number.NaN)));
  table.push(
    {
      what: `release of ${whole(rows)} pairs as JSON Lines, beside COPY of the same rows`,
      measured: `${whole(rows / median(took.jsonl))} rows/s, ${ratio.toFixed(2)} of the bytes/s of COPY`,
      target: 'at least 0.40',
      reached: ratio >= 0.4,
    },
    {
      what: 'the same as Parquet',
      measured: `${slower.toFixed(2)} times the time of JSON Lines`,
      target: 'at most 2.5 times',
      reached: slower <= 2.5,
    },
  );
  await server.end('SIGTERM');

  for (const container of ['jsonl', 'parquet'] as const) {
    const peaks: number[] = [];
    for (const { projectId } of [few, many]) {
      server = await start();
      await build(server, admin, few.projectId, { kind: 'comparisons', format: 'trl', container });
      peaks.push((await build(server, admin, projectId, { kind: 'comparisons', format: 'trl', container })).peakMb);
      await server.end('SIGTERM');
    }
    const [small = 0, large = 0] = peaks;
    table.push({
      what: `memory of it as ${container === 'jsonl' ? 'JSON Lines' : 'Parquet'}, and with ${whole(fewRows)} rows`,
      measured: `${whole(large)} MB and ${whole(small)} MB`,
      target: 'flat (80 MB more at most)',
      reached: large <= small + 80,
    });
  }

  server = await start();
  await drive(server.url, few, 3);
  const usual: number[] = [];
  const meanwhile: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    usual.push((await drive(server.url, few, seconds)).p99);
    const { release } = await begin(server, admin, many.projectId, { kind: 'comparisons', format: 'trl' });
    meanwhile.push((await drive(server.url, few, seconds)).p99);
    await ended(server, admin, release.id);
    say(
      `round ${round + 1}: p99 of a claim ${usual.at(-1)?.toFixed(1)} ms, while a release is built ${meanwhile.at(-1)?.toFixed(1)} ms`,
    );
  }
  await server.end('SIGTERM');
  const worse = median(meanwhile.map((p99, at) => p99 / (usual[at] ?? Number.NaN)));
  table.push({
    what: `p99 of a claim while a release of ${whole(rows)} rows is built, ${people} trainers`,
    measured: `${median(meanwhile).toFixed(1)} ms beside ${median(usual).toFixed(1)} ms, ${worse.toFixed(2)} times`,
    target: 'at most twice',
    reached: worse <= 2,
  });
  return table;
}

const all = { train: 100, validation: 0, test: 0 };
const mbs = ({ bytes, seconds: took }: { bytes: number; seconds: number }): string =>
  `${(bytes / took / 1e6).toFixed(0)} MB/s`;

async function begin(
  server: ServerProcess,
  admin: Headers,
  projectId: string,
  definition: ReleaseDefinitionInput,
): Promise<{ release: Release }> {
  return callAt(
    server.url,
    createRelease,
    { params: { projectId }, body: { definition: { split: all, ...definition } } },
    admin,
  );
}

async function ended(
  server: ServerProcess,
  admin: Headers,
  releaseId: string,
): Promise<{ release: Release; files: ReleaseFile[] }> {
  for (;;) {
    const found = await callAt(server.url, readRelease, { params: { releaseId } }, admin);
    if (found.release.state !== 'waiting' && found.release.state !== 'building') return found;
    await sleep(askedEvery);
  }
}

/** From asking for it until it can be downloaded. */
async function build(
  server: ServerProcess,
  admin: Headers,
  projectId: string,
  definition: ReleaseDefinitionInput,
): Promise<Built> {
  const peak = watchMemory(server.child.pid ?? 0);
  const start = performance.now();
  const { release } = await begin(server, admin, projectId, definition);
  const { release: made, files } = await ended(server, admin, release.id);
  const took = (performance.now() - start) / 1_000;
  const emptied = definition.filter?.maxCharacters === 1;
  if (made.state !== 'ready' && !emptied) throw new Error(`a release ended ${made.state}: ${made.detail}`);
  const bytes = files.reduce((sum, file) => sum + (file.rows === null ? 0 : file.bytes), 0);
  return { seconds: took, bytes, peakMb: peak() };
}

/** The same rows, made and written by PostgreSQL alone. */
async function copied(url: string, binaries: string, projectId: string): Promise<{ seconds: number; bytes: number }> {
  const query = `
    select json_build_object('prompt', json_build_array(json_build_object('role', q.role, 'content', q.content)),
      'chosen', json_build_array(json_build_object('role', 'assistant', 'content', b.content)),
      'rejected', json_build_array(json_build_object('role', 'assistant', 'content', w.content)),
      'id', r.id || ':' || better.at || ':' || worse.at, 'group_id', c.id, 'k', cardinality(c.completion_ids),
      'weight', 2.0 / (cardinality(c.completion_ids) * (cardinality(c.completion_ids) - 1)),
      'distance', worse.place - better.place, 'chosen_model', b.model, 'rejected_model', w.model, 'origin', 'model',
      'picked', null, 'ranking_id', r.id, 'sampling_id', c.sampling_id, 'round', null, 'ranker', null, 'agreement', null,
      'language', cr.language)
    from rankings r join comparisons c on c.id = r.comparison_id join messages q on q.id = c.prompt_message_id
    left join conversation_roots cr on cr.conversation_id = c.conversation_id,
    lateral (select place, (jsonb_array_elements_text(g))::int as at from jsonb_array_elements(r.groups) with ordinality p(g, place)) better,
    lateral (select place, (jsonb_array_elements_text(g))::int as at from jsonb_array_elements(r.groups) with ordinality p(g, place)) worse,
    messages b, messages w
    where r.project_id = '${projectId}' and worse.place > better.place
      and b.id = c.completion_ids[better.at + 1] and w.id = c.completion_ids[worse.at + 1]`;
  await promisify(execFile)(path.join(binaries, 'psql'), [url, '-c', 'analyze']);
  const start = performance.now();
  const psql = spawn(path.join(binaries, 'psql'), [url, '-c', `copy (${query.replaceAll('\n', ' ')}) to stdout`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let bytes = 0;
  for await (const chunk of psql.stdout as AsyncIterable<Buffer>) bytes += chunk.length;
  return { seconds: (performance.now() - start) / 1_000, bytes };
}
