import type { Environment } from 'vitest/runtime';

/**
 * Where the tests of web/'s state classes run: compiled and resolved as for a browser, so that runes react, yet without
 * a document, which state has no need of.
 */
export default {
  name: 'runes',
  viteEnvironment: 'client',
  setup: () => ({ teardown: () => undefined }),
} satisfies Environment;
