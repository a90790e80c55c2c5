/*
 * `npm run loaders`: releases of every kind in every format, loaded by programs that nobody here wrote. Says what it ran, and what it
 * could not; ends with 1 where a release was not loaded or not as it is.
 *
 *   --only sft,prompts    these kinds alone
 *   --keep                leaves the releases where they are
 *
 * LOADERS_PYTHON names a Python that has what is to be tried; without it, an environment is made below tests/.results.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { releaseKind, releaseKinds } from '../../shared/releases.ts';
import { startApp } from '../support/app.ts';
import { findOnPath } from '../support/programs.ts';
import { type Built, buildAll } from './loaders/built.ts';
import { collect } from './loaders/collected.ts';
import { lastLine, type Missing, preparePython, type Python } from './loaders/python.ts';

const run = promisify(execFile);
const say = (text: string): void => console.error(`  ${text}`);

const { values } = parseArgs({
  options: { only: { type: 'string', default: releaseKinds.join(',') }, keep: { type: 'boolean', default: false } },
});
const kinds = z.array(releaseKind).parse(values.only.split(','));

/** `unable`: the program cannot, and the release is not at fault. */
const outcome = z.enum(['loaded', 'unable', 'failed']);

/** What a Python program writes, a line each. */
const said = z.union([
  z.object({ program: z.string(), version: z.string() }),
  z.object({ release: z.string(), outcome, told: z.string() }),
]);

interface Loading {
  program: string;
  version: string;
  release: string;
  outcome: z.infer<typeof outcome>;
  told: string;
}

/** Those in loaders/, with what they need beside what they are called after. */
const programs: Record<string, string[]> = {
  datasets: ['yaml'],
  pyarrow: ['yaml'],
  duckdb: ['yaml'],
  mlcroissant: [],
  trl: ['datasets', 'transformers'],
};

/** One of them, in milliseconds. */
const loadsWithin = 1_800_000;

const folder = await mkdtemp(path.join(tmpdir(), 'duologue-loaders-'));
const loadings: Loading[] = [];
const missing: Missing[] = [];
try {
  const built = await releases();
  loadings.push(...(await checksums(built)));
  const prepared = await preparePython(say);
  missing.push(...prepared.missing);
  if (prepared.python !== null) {
    say(`${prepared.python.version} (${prepared.python.program})`);
    await writeFile(path.join(folder, 'releases.json'), JSON.stringify(built));
    for (const [module, needed] of Object.entries(programs))
      if (!missing.some(({ what }) => what === module || needed.includes(what)))
        loadings.push(...(await loadWith(prepared.python, module)));
  }
} finally {
  if (values.keep) say(`the releases are in ${folder}`);
  else await rm(folder, { recursive: true, force: true });
}

const table = loadings.map(({ program, version, release, outcome, told }) => [
  program,
  version,
  release,
  outcome,
  told,
]);
const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...table.map((row) => row[column]?.length ?? 0)));
for (const row of table) console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
for (const { what, why } of missing) console.log(`not tried with ${what}: ${why}`);
const count = (outcome: Loading['outcome']): number => loadings.filter((one) => one.outcome === outcome).length;
console.log(
  `${count('loaded')} loaded, ${count('failed')} failed, ${count('unable')} not to be loaded by that program`,
);
process.exit(count('failed') > 0 ? 1 : 0);

/** Builds them on an embedded database of their own. */
async function releases(): Promise<Built[]> {
  const t = await startApp();
  try {
    const { project, holds } = await collect(t);
    say(`a project with ${holds.join(' and ')}`);
    const built = await buildAll(t, project.id, { kinds, folder: path.join(folder, 'releases') });
    say(`${built.length} releases`);
    return built;
  } finally {
    await t.close();
  }
}

async function checksums(built: readonly Built[]): Promise<Loading[]> {
  const program = await findOnPath(['sha256sum']);
  if (program === null) {
    missing.push({ what: 'sha256sum', why: 'it is not on PATH' });
    return [];
  }
  const version = (await run(program, ['--version'])).stdout.split('\n')[0]?.replace('sha256sum ', '') ?? '';
  return Promise.all(
    built.map(async ({ name, folder: cwd }): Promise<Loading> => {
      const common = { program: 'sha256sum', version, release: name };
      try {
        const { stdout } = await run(program, ['--check', '--strict', 'SHA256SUMS'], { cwd });
        return { ...common, outcome: 'loaded', told: `${stdout.trim().split('\n').length} files` };
      } catch (error) {
        return { ...common, outcome: 'failed', told: lastLine(error) };
      }
    }),
  );
}

/** Runs the program of that name in loaders/. One that ends early is a failure, with the last that it said. */
async function loadWith({ program }: Python, module: string): Promise<Loading[]> {
  say(`loading with ${module}`);
  const script = fileURLToPath(new URL(`loaders/with_${module}.py`, import.meta.url));
  const own = {
    HF_HUB_OFFLINE: '1',
    HF_HOME: path.join(folder, 'home'),
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONUTF8: '1',
  };
  const { stdout, fault } = await run(
    program,
    [script, path.join(folder, 'releases.json'), path.join(folder, 'cache')],
    { cwd: folder, env: { ...process.env, ...own }, timeout: loadsWithin, maxBuffer: 1 << 28 },
  ).then(
    ({ stdout }) => ({ stdout, fault: null }),
    (error: unknown) => ({ stdout: (error as { stdout?: string }).stdout ?? '', fault: lastLine(error) }),
  );
  const found: Loading[] = [];
  let version = '';
  for (const line of stdout.split('\n').filter((text) => text.startsWith('{'))) {
    const one = said.parse(JSON.parse(line));
    if ('version' in one) version = one.version;
    else found.push({ program: module, version, ...one });
  }
  if (fault !== null) found.push({ program: module, version, release: 'all', outcome: 'failed', told: fault });
  return found;
}
