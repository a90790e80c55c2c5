import { once } from 'node:events';
import { createWriteStream, openAsBlob } from 'node:fs';
import { sql } from 'drizzle-orm';
import type { Database } from '../../server/db/database.ts';
import { importLines, importResult } from '../../shared/imports.ts';
import { createProject } from '../../shared/projects.ts';
import { fillPath } from '../../shared/endpoint.ts';
import { callAt, type Headers, type ServerProcess } from '../support/server.ts';
import { watchMemory } from './figures.ts';

/** Writes so many comparisons of a prompt and four completions of some 200 characters. */
export async function writeComparisons(file: string, count: number): Promise<void> {
  const out = createWriteStream(file);
  for (let n = 0; n < count; n += 1) {
    const completions = [1, 2, 3, 4].map((i) => ({
      content: `Answer ${i} to ${n}: ${'because of this. '.repeat(11)}`,
      model: `model-${i}`,
    }));
    const line = { id: `c-${n}`, prompt: `Question ${n}: ${'why is this so? '.repeat(10)}`, completions };
    if (!out.write(`${JSON.stringify(line)}\n`)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
}

export interface Transfer {
  perSecond: number;
  /** The server's highest resident memory meanwhile, in MB. */
  peakMb: number;
}

async function measured(server: ServerProcess, count: number, work: () => Promise<void>): Promise<Transfer> {
  const peak = watchMemory(server.child.pid ?? 0);
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  return { perSecond: count / seconds, peakMb: peak() };
}

/** Uploads a file of comparisons into a new project. */
export async function upload(
  server: ServerProcess,
  admin: Headers,
  file: string,
  count: number,
): Promise<Transfer & { projectId: string }> {
  const { project } = await callAt(server.url, createProject, { body: { name: `Import of ${count}` } }, admin);
  const url = `${server.url}${fillPath(importLines.path, { projectId: project.id })}?format=comparisons`;
  const transfer = await measured(server, count, async () => {
    const headers = { ...admin, 'content-type': 'application/jsonl' };
    const response = await fetch(url, { method: 'POST', headers, body: await openAsBlob(file) });
    const text = await response.text();
    if (!response.ok) throw new Error(`the import was answered ${response.status} ${text}`);
    const { created } = importResult.parse(JSON.parse(text));
    if (created !== count) throw new Error(`of ${count} lines, ${created} were created`);
  });
  return { ...transfer, projectId: project.id };
}

/** Gives so many comparisons of a project a ranking without ties: with four completions, six pairs each. */
export async function rankSome(db: Database, projectId: string, count: number): Promise<void> {
  await db.execute(sql`
    insert into rankings (id, project_id, comparison_id, groups)
    select gen_random_uuid(), ${projectId}, id, '[[2],[0],[3],[1]]' from comparisons where project_id = ${projectId} limit ${count}`);
  await db.execute(sql`analyze rankings`);
}
