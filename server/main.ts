import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureAdmin, setupLink } from './accounts/setup.ts';
import { buildApp } from './app.ts';
import { BadConfig, type Config } from './config.ts';
import { migrate } from './db/migrate.ts';
import { openDatabase, writeWhole } from './db/open.ts';
import { loadDemo } from './projects/demo.ts';
import { buildWeb, serveWebForDevelopment } from './web.ts';

/** How long requests under way may take to end when the server is told to stop, in milliseconds. */
const closeWithin = 10_000;

/** Configuration -> database -> app -> listen; stops in good order on SIGINT and SIGTERM. */
export async function serve(config: Config, { dev }: { dev: boolean }): Promise<void> {
  // The pages are built, where they are stale, while the database opens.
  const web = dev ? Promise.resolve() : buildWeb();
  web.catch(() => {});
  const database = await openDatabase({ url: config.databaseUrl, dataDir: config.dataDir });
  await migrate(database.db);
  if (config.admin) await ensureAdmin(database.db, config.admin);
  if (config.demo) await loadDemo({ db: database.db, clock: () => new Date(), random: Math.random });
  await web;

  const { app, context } = await buildApp({
    database,
    secret: config.appSecret ?? keptSecret(config.dataDir),
    publicUrl: config.publicUrl,
    version: readVersion(),
    modelHosts: config.modelHosts,
    logLevel: config.logLevel,
    dataDir: config.dataDir,
    s3: config.s3,
  });
  /** The database last: what is under way is handed over in it. A hook that is added later would run earlier. */
  const close = async (): Promise<void> => {
    await app.close();
    await database.close();
  };

  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), closeWithin).unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);

  await app.listen({ port: config.port, host: config.host }).catch(async (error: unknown) => {
    await close();
    throw error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
      ? new BadConfig(
          `PORT ${config.port} of ${config.host} is taken by another program: stop that, or set another PORT.`,
        )
      : error;
  });
  console.log(`Duologue is at ${context.publicUrl()}`);
  console.log(
    database.engine === 'pglite'
      ? `Data: ${path.resolve(config.dataDir)} (embedded; set DATABASE_URL for PostgreSQL)`
      : 'Data: PostgreSQL',
  );
  const link = await setupLink(context.db, context.secret, context.publicUrl());
  if (link !== null) console.log(`\nMake the first admin (this link works once):\n  ${link}\n`);
  if (dev) console.log(`Pages with hot reload: ${await serveWebForDevelopment(context.publicUrl())}`);
}

/** Made once and kept beside the data. Several hosts on one database share APP_SECRET instead. */
function keptSecret(dataDir: string): string {
  const file = path.join(dataDir, 'secret');
  mkdirSync(dataDir, { recursive: true });
  try {
    writeWhole(file, randomBytes(32).toString('base64url'));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const secret = readFileSync(file, 'utf8').trim();
  if (secret === '') throw new BadConfig(`${file} is empty: delete it, or set APP_SECRET.`);
  return secret;
}

export function readVersion(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(fileURLToPath(new URL('../package.json', import.meta.url)), 'utf8'),
  );
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '';
}
