/** A disposable PostgreSQL server: one for the tests, which forget, and one for the load bench, which must be durable. */
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFile, chown, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { canInstallPackages, findOnPath, installPackages, isExecutable, MissingProgram } from './programs.ts';

const run = promisify(execFile);

const OLDEST_MAJOR = 15;
const START_TIMEOUT_S = 60;
const START_ATTEMPTS = 3;

export interface PostgresOptions {
  /** True: a commit is on disk before it is answered, with settings for a server that has work to do. */
  durable?: boolean;
}

export interface Postgres {
  /** `postgres://...` of a superuser, for the database `postgres`. */
  url: string;
  /** Folder of `psql`, `pgbench` and the like; null if the server was given by TEST_DATABASE_URL and none lie here. */
  binaries: string | null;
  /** Stops the server and removes its files. Also done when the process ends, by itself or by a signal. */
  stop(): Promise<void>;
}

/** A user to run as, since PostgreSQL refuses root. */
interface Account {
  uid: number;
  gid: number;
}

/**
 * Starts a server of its own on a free loopback port, with its files in a temporary folder; TEST_DATABASE_URL names one
 * to use instead. The binaries are those on PATH, else Debian's newest, else installed if we are root.
 * Throws `MissingProgram`.
 */
export async function startPostgres({ durable = false }: PostgresOptions = {}): Promise<Postgres> {
  const given = process.env.TEST_DATABASE_URL;
  if (given) return { url: given, binaries: await findBinaries(), stop: () => Promise.resolve() };

  const binaries = await provideBinaries();
  const account = await serverAccount();
  // Another account may not enter a root's private TMPDIR.
  const folder = await mkdtemp(join(account ? '/tmp' : tmpdir(), 'duologue-postgres-'));
  const data = join(folder, 'data');
  const as = { ...account, cwd: folder, env: { ...process.env, LC_ALL: 'C' } };
  const control = (...parameters: string[]) => ['-D', data, '-s', '-w', '-t', String(START_TIMEOUT_S), ...parameters];
  const program = (name: string) => join(binaries, name);

  const stopAtExit = () => {
    try {
      execFileSync(program('pg_ctl'), control('-m', 'immediate', 'stop'), { ...as, stdio: 'ignore' });
    } catch {
      // It was not running.
    }
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', stopAtExit);
  endOnSignals();

  const password = randomBytes(16).toString('hex');
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (account) {
    await chown(folder, account.uid, account.gid);
    await chown(passwordFile, account.uid, account.gid);
  }
  const locale = process.platform === 'linux' ? 'C.UTF-8' : 'en_US.UTF-8';
  await run(
    program('initdb'),
    [
      '-D',
      data,
      '-U',
      'postgres',
      '-E',
      'UTF8',
      `--locale=${locale}`,
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
    ]
      // The files of a server that forgets need not reach the disk either.
      .concat(durable ? [] : ['--no-sync']),
    as,
  );
  await appendFile(join(data, 'postgresql.conf'), settings(durable));

  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      // Standard streams must not be pipes: the server would hold them open.
      const options = control('-l', join(folder, 'log'), '-o', `-p ${port}`, 'start');
      execFileSync(program('pg_ctl'), options, { ...as, stdio: 'ignore' });
    } catch (error) {
      // Somebody may have taken the port in between.
      if (attempt < START_ATTEMPTS) continue;
      throw new Error(`PostgreSQL did not start; its log is in ${folder}`, { cause: error });
    }
    return {
      url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
      binaries,
      stop: async () => {
        process.off('exit', stopAtExit);
        try {
          await run(program('pg_ctl'), control('-m', 'immediate', 'stop'), as);
        } finally {
          await rm(folder, { recursive: true, force: true });
        }
      },
    };
  }
}

function settings(durable: boolean): string {
  const forBoth = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
`;
  const forgetful = `
fsync = off
synchronous_commit = off
full_page_writes = off
`;
  const forWork = `
synchronous_commit = on
shared_buffers = 1GB
`;
  return forBoth + (durable ? forWork : forgetful);
}

/** The folder of the server's programs, realpath: a link to `initdb` alone does not show where `pgbench` lies. */
async function findBinaries(): Promise<string | null> {
  const onPath = await findOnPath(['initdb']);
  const versions = await readdir('/usr/lib/postgresql').catch(() => []);
  const debian = versions.sort((a, b) => Number(b) - Number(a)).map((version) => `/usr/lib/postgresql/${version}/bin`);
  for (const folder of onPath ? [dirname(await realpath(onPath)), ...debian] : debian) {
    if (await servesUs(folder)) return folder;
  }
  return null;
}

async function servesUs(folder: string): Promise<boolean> {
  for (const name of ['initdb', 'pg_ctl', 'postgres']) {
    if (!(await isExecutable(join(folder, name)))) return false;
  }
  const { stdout } = await run(join(folder, 'postgres'), ['--version']);
  return Number(/\d+/.exec(stdout)?.[0]) >= OLDEST_MAJOR;
}

async function provideBinaries(): Promise<string> {
  const found = await findBinaries();
  if (found) return found;

  let remedy = `install PostgreSQL ${OLDEST_MAJOR} or newer, set TEST_DATABASE_URL to one, or run as root on Debian`;
  if (await canInstallPackages()) {
    try {
      await installPackages(['postgresql']);
      const installed = await findBinaries();
      if (installed) return installed;
    } catch (error) {
      const complaint = error instanceof Error ? error.message : String(error);
      remedy = `set TEST_DATABASE_URL to a server, since "apt-get install postgresql" failed (${complaint})`;
    }
  }
  throw new MissingProgram('PostgreSQL', remedy);
}

/** Whom the server runs as: ourselves (null), or if we are root `postgres` or `nobody`. */
async function serverAccount(): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
    } catch {
      // No such user on this machine.
    }
  }
  throw new MissingProgram('PostgreSQL', 'run the tests as a user that is not root, since PostgreSQL refuses root');
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === 'object' && address) resolve(address.port);
        else reject(new Error('The system gave no port'));
      });
    });
  });
}

let ending = false;

/** Turns the signals that would end the process at once into an exit, which runs what is to be done at exit. */
function endOnSignals(): void {
  if (ending) return;
  ending = true;
  const signals = { SIGINT: 2, SIGHUP: 1, SIGTERM: 15 } as const;
  for (const [signal, number] of Object.entries(signals)) process.once(signal, () => process.exit(128 + number));
}
