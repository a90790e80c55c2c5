/** Programs of the machine that the tests need: finding them, and on Debian as root installing them. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** How long to wait for another process that is installing packages, in milliseconds. */
const LOCK_TIMEOUT_MS = 300_000;
const LOCK_RETRY_MS = 3_000;

/** A program is missing and could not be installed. */
export class MissingProgram extends Error {
  readonly program: string;
  /** What a person should do, as an imperative: `set CHROMIUM_PATH to ...`. */
  readonly remedy: string;

  constructor(program: string, remedy: string) {
    super(`The tests need ${program}: ${remedy}.`);
    this.program = program;
    this.remedy = remedy;
  }
}

/** One sentence for all that is missing; `missing` is not empty. */
export function missingSentence(missing: readonly MissingProgram[]): string {
  const [first, ...others] = missing;
  if (first && others.length === 0) return first.message;
  const programs = missing.map(({ program }) => program).join(' and ');
  const remedies = missing.map(({ program, remedy }) => `for ${program}, ${remedy}`).join('; ');
  return `The tests need ${programs}: ${remedies}.`;
}

/** True if `path` names something that may be executed. */
export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The first of `names` found on PATH, as a full path. */
export async function findOnPath(names: readonly string[]): Promise<string | null> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      if (await isExecutable(path)) return path;
    }
  }
  return null;
}

/** True where `installPackages` has a chance: Debian or a relative of it, and we are root. */
export async function canInstallPackages(): Promise<boolean> {
  return process.getuid?.() === 0 && (await findOnPath(['apt-get'])) !== null;
}

let installing: Promise<unknown> = Promise.resolve();

/**
 * Installs Debian packages, one call after another, and says so on standard error since it takes a while.
 * Rejects with the last line of apt-get's complaint.
 */
export function installPackages(packages: readonly string[]): Promise<void> {
  const installed = installing.then(async () => {
    process.stderr.write(`Installing ${packages.join(' ')} ...\n`);
    // Debian's container images delete the shared folder of downloaded packages after every "apt-get update", also under
    // the feet of another process that is unpacking them: so ours lie elsewhere, and we wait for others to finish.
    const archives = await mkdtemp(join(tmpdir(), 'duologue-packages-'));
    try {
      await mkdir(join(archives, 'partial'));
      await waitForInstaller();
      // A repository that does not answer must not stop us: the lists at hand may do.
      await aptGet(['update']).catch(() => undefined);
      await aptGet(['-o', `Dir::Cache::archives=${archives}`, 'install', '-y', '--no-install-recommends', ...packages]);
    } finally {
      await rm(archives, { recursive: true, force: true });
    }
  });
  installing = installed.catch(() => undefined);
  return installed;
}

/** Waits while another process holds the lock that lasts for a whole installation, download included. */
async function waitForInstaller(): Promise<void> {
  const lock = await stat('/var/lib/dpkg/lock-frontend').catch(() => null);
  const deadline = Date.now() + LOCK_TIMEOUT_MS;
  while (lock && Date.now() < deadline) {
    const locks = await readFile('/proc/locks', 'utf8').catch(() => '');
    if (!locks.includes(`:${lock.ino} `)) return;
    await sleep(LOCK_RETRY_MS);
  }
}

async function aptGet(parameters: readonly string[]): Promise<void> {
  const deadline = Date.now() + LOCK_TIMEOUT_MS;
  for (;;) {
    try {
      // The option covers dpkg's own lock; those of the lists and of the downloads fail at once, hence the loop.
      await run('apt-get', ['-o', `DPkg::Lock::Timeout=${LOCK_TIMEOUT_MS / 1000}`, ...parameters], {
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
        maxBuffer: 64 * 1024 * 1024,
      });
      return;
    } catch (error) {
      const complaint = error instanceof Error ? error.message.trim() : String(error);
      const locked = /Could not get lock|Unable to lock/.test(complaint);
      if (!locked || Date.now() > deadline) {
        throw new Error(complaint.split('\n').at(-1) ?? complaint, { cause: error });
      }
      await sleep(LOCK_RETRY_MS);
    }
  }
}
