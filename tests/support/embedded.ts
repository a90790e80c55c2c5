import { createHash } from 'node:crypto';
import { cpSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrate } from '../../server/db/migrate.ts';
import { openDatabase } from '../../server/db/open.ts';

const migrations = fileURLToPath(new URL('../../migrations', import.meta.url));
const engine = fileURLToPath(new URL('../../node_modules/@electric-sql/pglite/package.json', import.meta.url));
const results = fileURLToPath(new URL('../.results', import.meta.url));

/**
 * A temporary data folder whose embedded database is migrated and empty. It is a copy: making a database anew takes
 * seconds, and there are dozens of tests that want one.
 */
export async function embeddedFolder(prefix: string): Promise<string> {
  const dataDir = await mkdtemp(path.join(tmpdir(), prefix));
  // A thousand small files: one by one they would take ten times as long.
  cpSync(await template(), dataDir, { recursive: true });
  return dataDir;
}

/** Vitest and Playwright call this before they start their workers, so that not each of these makes one. */
export default async function makeTemplate(): Promise<void> {
  await template();
}

/** The folder that is copied, for these migrations and this engine; made where it is not there. */
async function template(): Promise<string> {
  const hash = createHash('sha256').update(await readFile(engine));
  for (const name of (await readdir(migrations)).sort())
    if (name.endsWith('.sql')) hash.update(name).update(await readFile(path.join(migrations, name)));
  const made = path.join(results, `embedded-${hash.digest('hex').slice(0, 16)}`);
  if (await isThere(made)) return made;

  await mkdir(results, { recursive: true });
  const making = await mkdtemp(path.join(results, 'embedded-making-'));
  const database = await openDatabase({ url: null, dataDir: making });
  await migrate(database.db);
  await database.close();
  try {
    await rename(making, made);
  } catch (error) {
    // Another process was quicker.
    await rm(making, { recursive: true });
    if (!(await isThere(made))) throw error;
  }
  return made;
}

const isThere = (folder: string): Promise<boolean> =>
  stat(folder).then(
    () => true,
    () => false,
  );
