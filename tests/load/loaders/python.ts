import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findOnPath, isExecutable } from '../../support/programs.ts';

const run = promisify(execFile);

/** Downloads included, in milliseconds. */
const installsWithin = 900_000;

/** Is kept from one run to the next. */
const cache = fileURLToPath(new URL('../../.results/loaders/venv', import.meta.url));

export interface Python {
  readonly program: string;
  readonly version: string;
}

export interface Missing {
  readonly what: string;
  readonly why: string;
}

/** What the environment holds, and how pip installs it. */
const packages = [
  { module: 'yaml', install: ['pyyaml'] },
  { module: 'datasets', install: ['datasets'] },
  { module: 'pyarrow', install: ['pyarrow'] },
  { module: 'duckdb', install: ['duckdb'] },
  { module: 'mlcroissant', install: ['mlcroissant'] },
  // With which `datasets` opens what zstd compressed.
  { module: 'zstandard', install: ['zstandard'] },
  { module: 'transformers', install: ['transformers'] },
  // Without what it depends on: its functions for rows need no torch, which has gigabytes.
  { module: 'trl', install: ['--no-deps', 'trl'] },
];

/**
 * A Python with the programs that are to load releases: the one that LOADERS_PYTHON names, as it is, or an environment of our own,
 * into which pip installs what is missing. Whatever cannot be had is said in words.
 */
export async function preparePython(
  say: (text: string) => void,
): Promise<{ python: Python | null; missing: Missing[] }> {
  const given = process.env.LOADERS_PYTHON;
  const program = given === undefined || given === '' ? await environment() : given;
  if (typeof program !== 'string') return { python: null, missing: [program] };
  const version = await run(program, ['--version']).then(
    ({ stdout }) => stdout.trim(),
    (error: unknown) => ({ what: 'Python', why: `${program} does not run: ${lastLine(error)}` }),
  );
  if (typeof version !== 'string') return { python: null, missing: [version] };
  const missing: Missing[] = [];
  for (const { module, install } of packages) {
    if (await has(program, module)) continue;
    if (program === given) {
      missing.push({ what: module, why: 'the Python of LOADERS_PYTHON has none' });
      continue;
    }
    say(`installing ${module}`);
    try {
      const parameters = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...install];
      await run(program, parameters, { timeout: installsWithin });
    } catch (error) {
      missing.push({ what: module, why: `pip could not install it: ${lastLine(error)}` });
    }
  }
  if (!(await has(program, 'torch')))
    missing.push({ what: "TRL's trainers", why: 'they need torch, which has gigabytes and is not installed' });
  return { python: { program, version }, missing };
}

async function environment(): Promise<string | Missing> {
  const program = path.join(cache, 'bin', 'python');
  if ((await isExecutable(program)) && (await has(program, 'pip'))) return program;
  const system = await findOnPath(['python3']);
  if (system === null) return { what: 'Python', why: 'there is no python3 on PATH' };
  await mkdir(path.dirname(cache), { recursive: true });
  try {
    await run(system, ['-m', 'venv', '--clear', cache]);
  } catch (error) {
    return { what: 'Python', why: `${system} makes no virtual environment: ${lastLine(error)}` };
  }
  return program;
}

/** Found, not imported: that would take seconds for each. */
async function has(program: string, module: string): Promise<boolean> {
  const code = `import importlib.util, sys; sys.exit(importlib.util.find_spec('${module}') is None)`;
  return run(program, ['-c', code]).then(
    () => true,
    () => false,
  );
}

export function lastLine(error: unknown): string {
  const { stderr } = error as { stderr?: unknown };
  const text =
    typeof stderr === 'string' && stderr.trim() !== '' ? stderr : error instanceof Error ? error.message : '';
  return text.trim().split('\n').at(-1) ?? '';
}
