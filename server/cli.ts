import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { Database } from './db/database.ts';
import type { OpenDatabase } from './db/open.ts';
import { keepCompiled } from './compiled.ts';
import { Refusal, rootCause } from './problem.ts';

const usage = `duologue <command>

  serve                      run the server (npm start); --dev for pages with hot reload
  migrate                    bring the database up to date and end
  user create                --email E --role admin|reviewer|trainer --name N --password-stdin
  token create               --email E --name N: an API token that acts as that person
  import                     --project P --format F FILE, with F one of prompts, conversations (OpenAI messages too),
                             comparisons, oasst, sharegpt, alpaca, dolly, hh, raw
  release create             --project P --kind K --out DIR [--format F] [--container jsonl|parquet]
                             [--compression none|gzip|zstd] [--name N] [--definition FILE]: DIR is new or empty

P is a project's id or its name. Settings come from the environment; the README lists them.`;

/** What a person at the console should read instead of a stack. */
class Stop extends Error {
  override readonly name = 'Stop';
}

const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 24) {
  console.error(
    `Duologue needs Node 24 or newer; this is ${process.version}. "npm start" brings its own where "npm ci" found one for this system.`,
  );
  process.exit(1);
}

keepCompiled();

async function main([command = '', ...rest]: string[]): Promise<void> {
  if (command === 'serve') {
    const { values } = parseArgs({ args: rest, options: { dev: { type: 'boolean', default: false } } });
    const { serve } = await import('./main.ts');
    return serve((await import('./config.ts')).readConfig(), values);
  }
  if (command === 'migrate') return withDatabase(() => Promise.resolve());
  if (command === 'user' && rest[0] === 'create') return createUser(rest.slice(1));
  if (command === 'token' && rest[0] === 'create') return createToken(rest.slice(1));
  if (command === 'import') return importFile(rest);
  if (command === 'release' && rest[0] === 'create') return createRelease(rest.slice(1));
  if (['', 'help', '--help', '-h'].includes(command)) return console.log(usage);
  throw new Stop(`There is no command "${[command, ...rest].join(' ')}".\n\n${usage}`);
}

/** Opens the configured database, brings it up to date, and closes it after `work`. */
async function withDatabase(work: (db: Database, database: OpenDatabase) => Promise<void>): Promise<void> {
  const { readConfig } = await import('./config.ts');
  const { openDatabase } = await import('./db/open.ts');
  const { migrate } = await import('./db/migrate.ts');
  const { databaseUrl, dataDir } = readConfig();
  const database = await openDatabase({ url: databaseUrl, dataDir });
  try {
    await migrate(database.db);
    await work(database.db, database);
  } finally {
    await database.close();
  }
}

function needed(values: Record<string, string | boolean | undefined>, ...names: string[]): string[] {
  return names.map((name) => {
    const value = values[name];
    if (typeof value !== 'string' || value === '') throw new Stop(`--${name} is missing.\n\n${usage}`);
    return value;
  });
}

const string = { type: 'string' } as const;

async function createUser(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { email: string, role: string, name: string, 'password-stdin': { type: 'boolean' } },
  });
  const [email, role, name] = needed(values, 'email', 'role', 'name') as [string, string, string];
  if (!values['password-stdin']) throw new Stop('Give the password on standard input, with --password-stdin.');
  const password = (await text(process.stdin)).replace(/\r?\n$/, '');
  const accounts = await import('../shared/accounts.ts');
  const parsed = accounts.newUser.safeParse({ email, role, name, password });
  if (!parsed.success)
    throw new Stop(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'));
  const users = await import('./accounts/users.ts');
  await withDatabase(async (db) => {
    const user = await users.createUser(db, parsed.data);
    console.log(`Made ${user.role} ${user.name} <${user.email}>, ${user.id}`);
  });
}

async function createToken(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { email: string, name: string } });
  const [given, name] = needed(values, 'email', 'name') as [string, string];
  const email = given.trim().toLowerCase();
  const { createTokenFor } = await import('./accounts/tokens.ts');
  await withDatabase(async (db) => {
    console.log((await createTokenFor(db, email, name)).token);
  });
}

async function importFile(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    options: { project: string, format: string },
    allowPositionals: true,
  });
  const [project, given] = needed(values, 'project', 'format') as [string, string];
  const [file] = positionals;
  if (file === undefined) throw new Stop(`Which file?\n\n${usage}`);
  const { importFormat, importFormats } = await import('../shared/imports.ts');
  const format = importFormat.safeParse(given);
  if (!format.success) throw new Stop(`There is no import format "${given}"; there are ${importFormats.join(', ')}.`);
  const { importInto } = await import('./imports/imports.ts');
  await withDatabase(async (db) => {
    const row = await projectNamed(db, project);
    const result = await importInto(db, null, row, format.data, createReadStream(file), {
      clock: () => new Date(),
      random: Math.random,
    });
    for (const { line, reason } of result.rejected) console.error(`line ${line}: ${reason}`);
    console.log(
      `${result.read} read, ${result.created} created, ${result.duplicates} duplicates, ${result.rejectedCount} rejected; ` +
        `${result.messages} messages, ${result.comparisons} comparisons, ${result.rankings} rankings, ${result.tasks} tasks`,
    );
  });
}

async function createRelease(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      ...{ project: string, kind: string, format: string, out: string, definition: string },
      ...{ container: string, compression: string, name: string },
    },
  });
  const [project, out] = needed(values, 'project', 'out') as [string, string];
  const { newRelease, releaseKinds } = await import('../shared/releases.ts');
  const given: unknown = values.definition === undefined ? {} : await readJson(values.definition);
  const { kind, format, container, compression, name } = values;
  if (kind === undefined && values.definition === undefined) needed(values, 'kind');
  if (kind !== undefined && !(releaseKinds as readonly string[]).includes(kind))
    throw new Stop(`There is no kind of dataset "${kind}"; there are ${releaseKinds.join(', ')}.`);
  const definition = withUsualFormat({
    ...(typeof given === 'object' && given),
    ...present({ kind, format, container, compression }),
  });
  const parsed = newRelease.safeParse({ definition, ...present({ name }) });
  if (!parsed.success)
    throw new Stop(parsed.error.issues.map((issue) => `${issue.path.slice(1).join('.')}: ${issue.message}`).join('\n'));
  const { releaseInto } = await import('./releases/command.ts');
  const { openStores } = await import('./releases/files/stores.ts');
  const { openJobs } = await import('./db/jobs.ts');
  const { webhookQueue } = await import('./webhooks/webhooks.ts');
  const { readConfig } = await import('./config.ts');
  const { dataDir, publicUrl, port } = readConfig();
  await withDatabase(async (db, database) => {
    const row = await projectNamed(db, project);
    const jobs = await openJobs(database, (error) => console.error(error));
    try {
      await jobs.provide(webhookQueue);
      const context = {
        ...{ db, jobs, clock: () => new Date(), stores: openStores({ dataDir, s3: null }) },
        log: { error: (details: unknown) => console.error(details) },
        publicUrl: () => publicUrl ?? `http://localhost:${port}`,
      };
      const { release, files } = await releaseInto(context, row, parsed.data, out);
      for (const { name: file, rows, bytes, sha256 } of files)
        if (rows !== null) console.log(`${file}: ${rows} rows, ${bytes} bytes, sha256 ${sha256}`);
      for (const { text, count } of release.remarks) console.log(`${count} ${text}`);
    } finally {
      await jobs.close();
    }
  });
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new Stop(`${file} cannot be read: ${error instanceof Error ? error.message : ''}`);
  }
}

/** The usual format of the kind, where none is named. */
function withUsualFormat(definition: Record<string, unknown>): Record<string, unknown> {
  const usual: Record<string, string> = { ratings: 'helpsteer', feedback: 'duologue', raw: 'duologue' };
  return { format: usual[String(definition['kind'])] ?? 'trl', ...definition };
}

const present = (values: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));

async function projectNamed(db: Database, idOrName: string) {
  const { findProject } = await import('./projects/projects.ts');
  const row = await findProject(db, idOrName);
  if (row === null) throw new Stop(`There is no project, or more than one, called "${idOrName}". Its id always works.`);
  return row;
}

/** What to tell of an error: where its message says what to do, only that, for a stack would hide it. */
function toTell(error: unknown): unknown {
  if (error instanceof Refusal) return error.message;
  if (error instanceof Error && ['Stop', 'BadConfig', 'FolderInUse'].includes(error.name)) return error.message;
  const cause = rootCause(error);
  const { code, message } = z.object({ code: z.string(), message: z.string() }).partial().catch({}).parse(cause);
  if (/^(ECONNREFUSED|ENOTFOUND|28|3D)/.test(code ?? ''))
    return `The database at DATABASE_URL cannot be used: ${message || code}`;
  return /^(ERR_PARSE_ARGS|ENOENT|EACCES|EISDIR|ENOSPC)/.test(code ?? '') ? message : cause;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(toTell(error));
  process.exit(1);
});
