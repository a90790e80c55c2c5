/**
 * `npm test`: everything that must hold, and at the end one line that says how much of it does.
 *
 *     npm test                                    all stages; `npm run check` = --static, those that run nothing
 *     npm test -- --only rules,web                some stages
 *     npm test -- --only browser -- -g ranking    with arguments for Vitest or Playwright
 *
 * Whatever is missing is installed if we may; else its stage fails, and the last line says what to do.
 */
import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, stripVTControlCharacters, styleText } from 'node:util';
import { z } from 'zod';
import { provideChromium } from './support/chromium.ts';
import { startPostgres } from './support/postgres.ts';
import { MissingProgram, missingSentence } from './support/programs.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const results = join(root, 'tests/.results');

/** Test counts of one stage. */
interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

interface Report {
  counts: Counts;
  failures: Failure[];
}

interface Failure {
  /** The file, and the test's name below those of its suites. */
  test: string;
  /** What was expected and what came, first line first. */
  message: string;
}

interface Outcome {
  name: string;
  ok: boolean;
  /** Null for a stage that counts no tests. */
  report: Report | null;
  seconds: number;
}

interface Stage {
  name: string;
  /** Reads the code and runs nothing. */
  static?: true;
  /** The tool's script below node_modules, and its arguments. */
  command: readonly [script: string, ...parameters: string[]];
  /** How its JSON report is read. The report lies at `reportPath`. */
  report?: z.ZodType<Report>;
  /** What must be there first, as environment variables. Throws `MissingProgram`. */
  needs?: () => Promise<Record<string, string>>;
  /** The stage that must have ended before, where it runs at all. */
  after?: string;
}

const vitestReport = z
  .object({
    numPassedTests: z.number(),
    numFailedTests: z.number(),
    numPendingTests: z.number(),
    numTodoTests: z.number(),
    testResults: z.array(
      z.object({
        name: z.string(),
        message: z.string().default(''),
        assertionResults: z.array(
          z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() }),
        ),
      }),
    ),
  })
  .transform((report): Report => ({
    counts: {
      passed: report.numPassedTests,
      failed: report.numFailedTests,
      skipped: report.numPendingTests + report.numTodoTests,
    },
    failures: report.testResults.flatMap(({ name, message, assertionResults }) => {
      const file = relative(root, name);
      const failed = assertionResults.filter(({ status }) => status === 'failed');
      // A file that could not be loaded has a message and no tests.
      if (failed.length === 0 && message !== '') return [{ test: file, message }];
      return failed.map(({ fullName, failureMessages }) => ({
        test: `${file} > ${fullName}`,
        message: failureMessages?.join('\n') ?? '',
      }));
    }),
  }));

const playwrightSuite = z.object({
  title: z.string(),
  specs: z.array(
    z.object({
      title: z.string(),
      file: z.string(),
      tests: z.array(
        z.object({
          status: z.string(),
          results: z.array(z.object({ errors: z.array(z.object({ message: z.string().default('') })) })),
        }),
      ),
    }),
  ),
  get suites() {
    return z.array(playwrightSuite).optional();
  },
});

const playwrightReport = z
  .object({
    stats: z.object({ expected: z.number(), unexpected: z.number(), flaky: z.number(), skipped: z.number() }),
    errors: z.array(z.object({ message: z.string().default('') })),
    suites: z.array(playwrightSuite),
  })
  .transform(({ stats, errors, suites }): Report => ({
    counts: { passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped },
    failures: [
      ...errors.map(({ message }) => ({ test: 'tests/browser', message })),
      ...suites.flatMap((suite) => failuresOf(suite, [])),
    ],
  }));

function failuresOf(suite: z.infer<typeof playwrightSuite>, above: readonly string[]): Failure[] {
  const failed = suite.specs.flatMap(({ title, file, tests }) =>
    tests
      .filter(({ status }) => status === 'unexpected' || status === 'flaky')
      .map(({ results: tries }) => ({
        test: [`tests/browser/${file}`, ...above, title].join(' > '),
        message: tries.flatMap(({ errors }) => errors.map(({ message }) => message)).join('\n'),
      })),
  );
  // The outermost suite is the file, which its tests name themselves.
  return [...failed, ...(suite.suites ?? []).flatMap((inner) => failuresOf(inner, [...above, inner.title]))];
}

const reportPath = (name: string): string => join(results, `${name}.json`);

function check(name: string, ...command: Stage['command']): Stage {
  return { name, static: true, command };
}

function vitest(name: string, project: string, needs?: Stage['needs']): Stage {
  return {
    name,
    command: [
      'vitest/vitest.mjs',
      'run',
      '--config=tests/vitest.config.ts',
      `--project=${project}`,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${reportPath(name)}`,
    ],
    report: vitestReport,
    ...(needs && { needs }),
  };
}

/** In the order in which they begin: the long ones first, so that no lane is left alone at the end. */
const stages: Stage[] = [
  { name: 'build', command: ['vite/bin/vite.js', 'build', '--config=web/vite.config.ts', '--logLevel=warn'] },
  {
    name: 'browser',
    command: ['@playwright/test/cli.js', 'test', '--config=tests/browser/playwright.config.ts', '--reporter=list,json'],
    after: 'build',
    report: playwrightReport,
    needs: async () => ({ CHROMIUM_PATH: await chromium(), PLAYWRIGHT_JSON_OUTPUT_FILE: reportPath('browser') }),
  },
  vitest('api', 'api', () => Promise.resolve({ TEST_ENGINE: 'pglite' })),
  vitest('postgres', 'api', async () => ({ TEST_ENGINE: 'postgres', TEST_DATABASE_URL: (await postgres()).url })),
  check('lint', 'eslint/bin/eslint.js', '--config=tests/eslint.config.js', '--max-warnings=0', '.'),
  check('svelte', 'svelte-check/bin/svelte-check', '--tsconfig=web/tsconfig.json', '--fail-on-warnings'),
  check('format', 'prettier/bin/prettier.cjs', '--config=tests/prettier.config.js', '--check', '.'),
  check('types', 'typescript/bin/tsc', '-p', '.'),
  vitest('rules', 'rules'),
  vitest('web', 'web'),
];

/** Stages at a time, for two processors: what one leaves idle while it waits, the other takes. */
const lanes = 2;

const postgres = once(startPostgres);
const chromium = once(provideChromium);

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/** Runs a stage with its output held back until it is over, so that stages side by side do not mix theirs. */
async function runStage({ name, command, report, needs }: Stage, extra: readonly string[]): Promise<Outcome> {
  const started = performance.now();
  const environment = { ...process.env, ...(await needs?.()) };
  await rm(reportPath(name), { force: true });

  const [script, ...parameters] = command;
  const { code, output } = await runTool(
    [join(root, 'node_modules', script), ...parameters, ...(report ? extra : [])],
    environment,
  );
  const outcome = {
    name,
    ok: code === 0,
    report: report ? await readReport(name, report) : null,
    seconds: (performance.now() - started) / 1000,
  };
  console.log(`${heading(outcome)}\n${output.trimEnd()}\n`);
  return outcome;
}

const running = new Set<ReturnType<typeof spawn>>();

function runTool(parameters: string[], environment: NodeJS.ProcessEnv): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const tool = spawn(process.execPath, parameters, {
      cwd: root,
      env: {
        ...environment,
        // What tests start must be this Node too, whatever the system's is.
        PATH: [dirname(process.execPath), environment.PATH].join(delimiter),
        ...(process.stdout.isTTY && { FORCE_COLOR: '1' }),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(tool);
    const chunks: Buffer[] = [];
    tool.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    tool.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    tool.on('error', reject);
    tool.on('close', (code) => {
      running.delete(tool);
      resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() });
    });
  });
}

/** Null if the tool wrote no report, as when it could not start. */
async function readReport(name: string, report: z.ZodType<Report>): Promise<Report | null> {
  const text = await readFile(reportPath(name), 'utf8').catch(() => null);
  return text === null ? null : report.parse(JSON.parse(text));
}

const missing: MissingProgram[] = [];

/** Runs the stages, each lane one after another; one that fails does not keep the next from running. */
async function runAll(chosen: readonly Stage[], extra: readonly string[]): Promise<Outcome[]> {
  const waiting = [...chosen];
  const outcomes = new Map<string, Promise<Outcome>>();
  const lane = async (): Promise<void> => {
    for (let stage = waiting.shift(); stage; stage = waiting.shift()) {
      const { name, after } = stage;
      if (after !== undefined) await outcomes.get(after);
      const outcome = runStage(stage, extra).catch((error: unknown) => notRun(name, error));
      outcomes.set(name, outcome);
      await outcome;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return Promise.all(outcomes.values());
}

function notRun(name: string, error: unknown): Outcome {
  if (error instanceof MissingProgram) missing.push(error);
  const outcome = { name, ok: false, report: null, seconds: 0 };
  console.log(`${heading(outcome)}\n${error instanceof MissingProgram ? error.message : String(error)}\n`);
  return outcome;
}

const heading = ({ name, ok }: Outcome): string =>
  styleText('bold', `── ${name} ${ok ? styleText('green', 'passed') : styleText('red', 'FAILED')} ──`);

/** `12 passed, 1 failed`; what counts nothing yet failed, as a type error or a missing program, counts as one failure. */
function sum(outcomes: readonly Outcome[]): Counts {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const { ok, report } of outcomes) {
    total.passed += report?.counts.passed ?? 0;
    total.failed += Math.max(report?.counts.failed ?? 0, ok ? 0 : 1);
    total.skipped += report?.counts.skipped ?? 0;
  }
  return total;
}

function words({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

function table(outcomes: readonly Outcome[]): string {
  return outcomes
    .map(({ name, ok, report, seconds }) => {
      const result = report ? words(report.counts) : ok ? 'ok' : 'failed';
      return `${ok ? ' ' : '!'} ${name.padEnd(10)} ${result.padEnd(36)} ${seconds.toFixed(1).padStart(6)} s`;
    })
    .join('\n');
}

/** Each failed test with the beginning of its message, for a log whose end is all that is kept of it. */
function failures(outcomes: readonly Outcome[]): string {
  return outcomes
    .flatMap(({ name, report }) => (report?.failures ?? []).map((failure) => ({ name, ...failure })))
    .map(({ name, test, message }) => `! ${name}: ${test}\n${indented(stripVTControlCharacters(message))}\n`)
    .join('\n');
}

const indented = (message: string): string =>
  message
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, 12)
    .map((line) => `    ${line.slice(0, 200)}`)
    .join('\n');

function chooseStages(only: string | undefined): Stage[] {
  if (only === undefined) return stages;
  const names = new Set(only.split(','));
  for (const name of names) {
    if (!stages.some((stage) => stage.name === name)) {
      throw new Error(`There is no stage ${name}; there are ${stages.map((stage) => stage.name).join(', ')}.`);
    }
  }
  // The browser is shown what was built.
  if (names.has('browser')) names.add('build');
  return stages.filter((stage) => names.has(stage.name));
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { static: { type: 'boolean', default: false }, only: { type: 'string' } },
    allowPositionals: true,
  });
  const chosen = values.static ? stages.filter((stage) => stage.static) : chooseStages(values.only);
  await mkdir(results, { recursive: true });

  // Downloads take the network and not the processors, so they start now; a failure is the stage's to report.
  if (chosen.some(({ name }) => name === 'postgres')) postgres().catch(() => undefined);
  if (chosen.some(({ name }) => name === 'browser')) chromium().catch(() => undefined);

  const outcomes = await runAll(chosen, positionals);
  console.log([failures(outcomes), table(outcomes), '', words(sum(outcomes))].join('\n'));
  if (missing.length > 0) console.log(missingSentence(missing));
  return outcomes.every(({ ok }) => ok) ? 0 : 1;
}

process.on('exit', () => {
  for (const tool of running) tool.kill();
});
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.once(signal, () => process.exit(code));

try {
  process.exit(await main());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(2);
}
