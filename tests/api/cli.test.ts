import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whoAmI } from '../../shared/accounts.ts';
import { createProject, listProjects } from '../../shared/projects.ts';
import { engine, freshDatabase, type TestDatabase } from '../support/database.ts';
import { callAt, signInAdmin, startServer } from '../support/server.ts';

const cli = fileURLToPath(new URL('../../server/cli.ts', import.meta.url));
let folder: string;
let database: TestDatabase | null = null;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'duologue-cli-'));
  if (engine === 'postgres') database = await freshDatabase();
  env = { DATA_DIR: path.join(folder, 'data'), ...(database?.url ? { DATABASE_URL: database.url } : {}) };
});
afterAll(async () => {
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

async function duologue(args: string[], input = ''): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, [cli, ...args], { env });
  child.stdin.end(input);
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, out, err };
}

describe('the command line', { timeout: 120_000 }, () => {
  it('explains itself, and what is wrong with a command', async () => {
    expect(await duologue([])).toMatchObject({ code: 0, out: expect.stringContaining('release create') as string });
    const wrong: [string[], RegExp][] = [
      [['fly'], /no command "fly"/],
      [['user', 'create', '--email', 'a@example.org'], /--role is missing/],
      [
        ['user', 'create', '--email', 'no', '--role', 'admin', '--name', 'A', '--password-stdin'],
        /email: must be an email/,
      ],
      [['import', '--project', 'P', '--format', 'csv', 'file'], /no import format "csv"; there are prompts/],
      [['import', '--project', 'nowhere', '--format', 'prompts', cli], /no project.*called "nowhere"/],
      [['release', 'create', '--project', 'P', '--kind', 'sfx', '--out', 'x'], /no kind of dataset "sfx"/],
      [['token', 'create', '--email', 'nobody@example.org', '--name', 'x'], /nobody@example.org/],
    ];
    for (const [args, message] of wrong) {
      const { code, err } = await duologue(args, 'long enough password');
      expect(code, args.join(' ')).toBe(1);
      expect(err).toMatch(message);
      expect(err).not.toMatch(/\n\s+at /);
    }
    env = { ...env, PORT: 'eighty' };
    expect((await duologue(['migrate'])).err).toMatch(/^PORT /);
    delete env.PORT;
  });

  it('makes people and tokens, imports a file and writes datasets with their checksums', async () => {
    const made = await duologue(
      ['user', 'create', '--email', 'Ada@Example.org', '--role', 'admin', '--name', 'Ada', '--password-stdin'],
      'long enough password\n',
    );
    expect(made).toMatchObject({ code: 0, out: expect.stringContaining('Made admin Ada <ada@example.org>') as string });
    const token = (await duologue(['token', 'create', '--email', 'Ada@example.org', '--name', 'script'])).out.trim();
    const headers = { authorization: `Bearer ${token}` };

    const server = await startServer(env);
    expect((await callAt(server.url, whoAmI, {}, headers)).user).toMatchObject({
      email: 'ada@example.org',
      role: 'admin',
    });
    const admin = await signInAdmin(server.url).catch(() => headers);
    await callAt(server.url, createProject, { body: { name: 'From the shell' } }, admin);
    expect(await server.end('SIGTERM')).toBe(0);

    const file = path.join(folder, 'lines.jsonl');
    const line = {
      id: 'one',
      prompt: 'Q',
      completions: ['a', 'b', 'c'].map((content) => ({ content })),
      rankings: [{ trainer: 'Eve', ranking: [[2], [0, 1]] }],
    };
    await writeFile(file, `${JSON.stringify(line)}\nnot json\n`);
    const imported = await duologue(['import', '--project', 'From the shell', '--format', 'comparisons', file]);
    expect(imported.out).toContain('2 read, 1 created, 0 duplicates, 1 rejected');
    expect(imported.err).toMatch(/^line 2: /);
    const again = await duologue(['import', '--project', 'From the shell', '--format', 'comparisons', file]);
    expect(again.out).toContain('0 created, 1 duplicates');

    const out = path.join(folder, 'release');
    const definition = path.join(folder, 'definition.json');
    await writeFile(definition, JSON.stringify({ split: { train: 100, validation: 0, test: 0 } }));
    const released = await duologue([
      'release',
      'create',
      '--project',
      'From the shell',
      '--kind',
      'comparisons',
      '--out',
      out,
      '--definition',
      definition,
    ]);
    expect(await readdir(out)).toEqual(expect.arrayContaining(['README.md', 'SHA256SUMS', 'data']));
    const bytes = await readFile(path.join(out, 'data/train-00000-of-00001.jsonl'));
    expect(bytes.toString().trim().split('\n')).toHaveLength(2);
    expect(released.out).toContain(
      `2 rows, ${bytes.length} bytes, sha256 ${createHash('sha256').update(bytes).digest('hex')}`,
    );
  });

  it('loads the demo project at a first start, and not again', async () => {
    const dataDir = path.join(folder, 'demo');
    env = engine === 'pglite' ? { DATA_DIR: dataDir } : env;
    const projectsAt = async (): Promise<string[]> => {
      const server = await startServer({ ...env, DEMO: 'on' });
      const { projects } = await callAt(server.url, listProjects, {}, await signInAdmin(server.url));
      await server.end('SIGTERM');
      return projects.map(
        ({ name, progress }) =>
          `${name}: ${progress
            .map(({ kind, tasks }) => `${tasks} ${kind}`)
            .toSorted()
            .join(', ')}`,
      );
    };
    if (engine === 'postgres') {
      // This database has a project by now.
      const fresh = await freshDatabase();
      env = { DATA_DIR: dataDir, DATABASE_URL: fresh.url ?? '' };
    }
    const first = await projectsAt();
    expect(first).toEqual(['Demo: helpful answers: 12 chat, 22 demonstration, 44 comparison']);
    expect(await projectsAt()).toEqual(first);
  });
});
