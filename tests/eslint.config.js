import { fileURLToPath } from 'node:url';
import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import svelte from 'eslint-plugin-svelte';
import ts from 'typescript-eslint';
import { layers } from './layers.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const onlyConfig = 'server/config.ts alone reads the environment.';
const environment = ['process', 'node:process'].map((name) => ({ name, importNames: ['env'], message: onlyConfig }));

/** A cast where a parse by a schema belongs; `as unknown` claims nothing. */
const castsOfJson = [
  'CallExpression[callee.object.name="JSON"][callee.property.name="parse"]',
  'AwaitExpression > CallExpression[callee.property.name="json"]',
].map((call) => ({
  selector: `TSAsExpression[typeAnnotation.type!="TSUnknownKeyword"] > ${call}`,
  message: 'Parse JSON by a schema: a cast is a promise that nobody keeps.',
}));

/** Rules whose types the linter cannot see in markup, such as those of a snippet's parameters; svelte-check does. */
const untypedInMarkup = ['argument', 'assignment', 'call', 'member-access', 'return'].map((where) => [
  `@typescript-eslint/no-unsafe-${where}`,
  'off',
]);

export default defineConfig(
  { ignores: ['web/dist/', 'data/', 'tests/.results/', 'tests/browser/fixtures/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  ts.configs.strictTypeChecked,
  svelte.configs.recommended,
  {
    files: ['**/*.{ts,svelte,js}'],
    plugins: { house: { rules: { layers } } },
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: root, extraFileExtensions: ['.svelte'] },
    },
    rules: {
      'house/layers': 'error',
      'no-restricted-syntax': ['error', ...castsOfJson],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      // The compiler knows every name.
      'no-undef': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // `async` makes a throw a rejection, awaited or not; and Fastify's plugins and one-line handlers are written so.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['server/**/*.ts', 'shared/**/*.ts', 'web/src/**/*.{ts,svelte}'],
    ignores: ['server/config.ts'],
    rules: {
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: onlyConfig }],
      'no-restricted-imports': ['error', ...environment],
    },
  },
  {
    files: ['server/*/**/*.ts'],
    ignores: ['server/db/**', 'server/*/queries.ts', 'server/*/queries/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: environment,
          patterns: [
            {
              group: ['**/db/database.ts'],
              importNames: ['run', 'statement'],
              message: 'SQL is for queries.ts, queries/ and server/db/.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['server/**/*.ts', 'shared/**/*.ts'],
    ignores: ['server/cli.ts', 'server/main.ts'],
    rules: { 'no-console': 'error' },
  },
  {
    files: ['web/src/**/*.{svelte,ts}', 'tests/web/**/*.ts'],
    rules: {
      // A $state that a method or an await changes in between keeps its narrowed type.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // The router's functions are declared as methods, and made to be taken apart.
      '@typescript-eslint/unbound-method': 'off',
      // A Map or Date that is not state need not be reactive.
      'svelte/prefer-svelte-reactivity': 'off',
      // That one is about SvelteKit.
      'svelte/no-navigation-without-resolve': 'off',
    },
  },
  {
    files: ['**/*.svelte.ts', '**/*.svelte.test.ts', '**/*.svelte'],
    languageOptions: { parserOptions: { parser: ts.parser } },
  },
  {
    files: ['**/*.svelte'],
    rules: {
      'svelte/block-lang': ['error', { script: 'ts' }],
      // A prop taken by `let` may be bound to.
      'prefer-const': 'off',
      ...Object.fromEntries(untypedInMarkup),
    },
  },
  {
    files: ['**/*.js'],
    extends: [ts.configs.disableTypeChecked],
  },
);
