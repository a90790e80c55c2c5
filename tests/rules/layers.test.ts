import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import ts from 'typescript-eslint';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

const eslint = new ESLint({
  cwd: root,
  overrideConfigFile: 'tests/eslint.config.js',
  // The snippets are no files of the project, so there are no types to ask for; the laws need none.
  overrideConfig: [ts.configs.disableTypeChecked],
});

/** The rules that `code` would break as the file `path`. */
async function broken(path: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(`${code}\n`, { filePath: path });
  return (result?.messages ?? []).map(({ ruleId, message }) => ruleId ?? message);
}

const layers = 'house/layers';

describe('the linter refuses', () => {
  test.for<[path: string, code: string, rule: string]>([
    ['shared/sample.ts', `export * from '../server/problem.ts';`, layers],
    ['shared/sample.ts', `export { join } from 'node:path';`, layers],
    ['shared/sample.ts', `export { diffWords } from 'diff';`, layers],
    ['web/src/tasks/sample.ts', `export * from '../../../server/problem.ts';`, layers],
    ['web/src/tasks/sample.ts', `export type { Context } from '../../../server/context.ts';`, layers],
    ['web/src/tasks/sample.ts', `export { join } from 'node:path';`, layers],
    ['web/src/tasks/sample.ts', `export { sql } from 'drizzle-orm';`, layers],
    ['web/src/tasks/Sample.svelte', `<script lang="ts">\n  import '../../../server/app.ts';\n</script>`, layers],
    ['web/src/tasks/sample.svelte.ts', `export const page = () => import('../../../server/app.ts');`, layers],
    ['server/app.ts', `import '../web/src/main.ts';`, layers],
    ['server/tasks/claim.ts', `export { marked } from 'marked';`, layers],
    ['server/app.ts', `import '../tests/support/app.ts';`, layers],
    ['server/app.ts', `export { tasks } from './db/tables.ts';`, layers],
    ['server/http/session.ts', `export { sql } from 'drizzle-orm';`, layers],
    ['server/tasks/claim.ts', `export { tasks } from '../db/tables.ts';`, layers],
    ['server/tasks/claim.ts', `export type { TaskRow } from '../db/tables.ts';`, layers],
    ['server/tasks/claim.ts', `export { sql } from 'drizzle-orm';`, layers],
    ['server/tasks/claim.ts', `export { Pool } from 'pg';`, layers],
    ['server/tasks/claim.ts', `export { statement } from '../db/database.ts';`, 'no-restricted-imports'],
    ['server/tasks/claim.ts', `export type { FastifyRequest } from 'fastify';`, layers],
    ['server/tasks/claim.ts', `export type { CookieSerializeOptions } from '@fastify/cookie';`, layers],
    ['server/tasks/claim.ts', `export { route } from '../http/route.ts';`, layers],
    ['server/tasks/claim.ts', `export { taskRoutes } from './routes.ts';`, layers],
    ['server/tasks/routes.ts', `export { insertTask } from './queries.ts';`, layers],
    ['server/tasks/routes.ts', `export { insertTask } from './queries/task.ts';`, layers],
    ['server/tasks/routes.ts', `export { findUser } from '../accounts/queries.ts';`, layers],
    ['server/tasks/routes.ts', `export type { Database } from '../db/database.ts';`, layers],
    ['server/live/socket.ts', `export { transaction } from '../db/database.ts';`, layers],
    ['server/tasks/queries.ts', `export { claim } from './claim.ts';`, layers],
    ['server/tasks/queries/claim.ts', `export { claim } from '../claim.ts';`, layers],
    ['server/tasks/queries.ts', `export type { FastifyInstance } from 'fastify';`, layers],
    ['server/db/open.ts', `export { claim } from '../tasks/claim.ts';`, layers],
    ['server/tasks/claim.ts', `export const url = process.env.PUBLIC_URL;`, 'no-restricted-properties'],
    ['server/main.ts', `export const { env } = process;`, 'no-restricted-properties'],
    ['server/tasks/claim.ts', `export { env } from 'node:process';`, 'no-restricted-imports'],
    ['server/tasks/claim.ts', `console.log('claimed');`, 'no-console'],
    ['shared/sample.ts', `export const any: any = 1;`, '@typescript-eslint/no-explicit-any'],
    ['tests/api/sample.test.ts', `export const any: any = 1;`, '@typescript-eslint/no-explicit-any'],
    ['server/tasks/claim.ts', `export const a = [1].at(0)!;`, '@typescript-eslint/no-non-null-assertion'],
    ['server/tasks/claim.ts', `export const a = JSON.parse('1') as number;`, 'no-restricted-syntax'],
    [
      'tests/api/sample.test.ts',
      `export const a = (await (await fetch('/')).json()) as number;`,
      'no-restricted-syntax',
    ],
    ['web/src/tasks/Sample.svelte', `<script>\n  let { a } = $props();\n</script>\n{a}`, 'svelte/block-lang'],
    ['web/src/tasks/Sample.svelte', `{#each [1] as a}{a}{/each}`, 'svelte/require-each-key'],
  ])('in %s: %s', async ([path, code, rule]) => {
    expect(await broken(path, code)).toEqual([rule]);
  });
});

describe('the linter accepts', () => {
  test.for<[path: string, code: string]>([
    ['shared/sample.ts', `export { z } from 'zod';\nexport { roles } from './endpoint.ts';`],
    [
      'web/src/tasks/sample.svelte.ts',
      `export { roles } from '../../../shared/endpoint.ts';\nexport { marked } from 'marked';`,
    ],
    ['web/vite.config.ts', `export { join } from 'node:path';`],
    ['server/tasks/routes.ts', `export { claim } from './claim.ts';\nexport type { FastifyInstance } from 'fastify';`],
    [
      'server/tasks/routes.ts',
      `export { route } from '../http/route.ts';\nexport type { Context } from '../context.ts';`,
    ],
    ['server/tasks/claim.ts', `export { insertTask } from './queries.ts';\nexport { Refusal } from '../problem.ts';`],
    ['server/tasks/claim.ts', `export { transaction } from '../db/database.ts';\nexport { join } from 'node:path';`],
    ['server/tasks/queries.ts', `export { tasks } from '../db/tables.ts';\nexport { sql } from 'drizzle-orm';`],
    [
      'server/tasks/queries.ts',
      `export type { Claim } from './claim.ts';\nexport { users } from '../accounts/queries.ts';`,
    ],
    [
      'server/tasks/queries/task.ts',
      `export { run } from '../../db/database.ts';\nexport * from '../../db/tables.ts';`,
    ],
    ['server/tasks/queries/task.ts', `export * from './claim.ts';\nexport * from '../../accounts/queries.ts';`],
    ['server/db/migrate.ts', `export { sql } from 'drizzle-orm';\nexport * from './tables.ts';`],
    ['server/config.ts', `export const url = process.env.PUBLIC_URL;`],
    ['server/cli.ts', `console.log(await import('../tests/load/bench.ts'));`],
    ['tests/api/sample.test.ts', `export { buildApp } from '../../server/app.ts';\nexport const { env } = process;`],
    ['server/tasks/claim.ts', `export const a = JSON.parse('1') as unknown;`],
  ])('in %s: %s', async ([path, code]) => {
    expect(await broken(path, code)).toEqual([]);
  });
});
