/** Who may import whom, file by file: the house's one-way streets, as an ESLint rule. */
import { posix, relative, sep } from 'node:path';
import type { Rule } from 'eslint';

interface Law {
  /** The importing file, from the root of the checkout. */
  who: RegExp;
  /** What it must not import: a file from the root, or `npm:name`, or `node:name`. */
  never: RegExp;
  why: string;
  /** True where an `import type` does no harm. */
  typesAllowed?: true;
}

const framework = '^npm:(svelte|sv-router|bits-ui|layerchart|shiki|katex|dompurify|marked|@lucide/)';
const fastify = '^npm:(fastify($|[-/])|@fastify/)';
const database = '^npm:(drizzle-orm|pg|pg-boss|@electric-sql/pglite)($|/)';

/** A folder of server/ is a domain, save these two. Its edge, or that of a part of it, is where requests come in. */
const domain = '^server/(?!http/|db/)[^/]+/';
const edge = '([^/]+/)?(routes|socket)\\.ts$';
/** A domain's file that touches tables, or its folder of them. */
const queries = 'queries(\\.ts$|/)';

const laws: Law[] = [
  {
    who: /^shared\//,
    never: /^(?!shared\/|npm:zod$)/,
    why: 'shared/ imports zod and itself, since both server and web carry it',
  },
  {
    who: /^web\//,
    never: /^(server|tests|migrations)\//,
    why: 'web/ imports shared/ and its own packages',
  },
  {
    who: /^web\/src\//,
    never: new RegExp(`^node:|${fastify}|${database}`),
    why: 'a browser has no such module',
  },
  {
    who: /^server\//,
    never: new RegExp(`^web/|${framework}`),
    why: 'the server knows the web only as files that it serves',
  },
  {
    who: /^server\/(?!cli\.ts$)/,
    never: /^tests\//,
    why: 'tests are not there in production',
  },
  {
    who: new RegExp(`^server/(?!db/|[^/]+/${queries})`),
    never: new RegExp(`^server/db/tables\\.ts$|${database}`),
    why: 'tables and SQL are for queries.ts, queries/ and server/db/',
  },
  {
    who: new RegExp(`${domain}${edge}`),
    never: new RegExp(`^server/db/|/${queries}`),
    why: 'routes call rules; the database comes to them in their context',
  },
  {
    who: new RegExp(`${domain}(?!${edge})`),
    never: new RegExp(`${fastify}|^server/http/|${domain}${edge}`),
    why: 'rules and queries know nothing of HTTP; errors are in server/problem.ts',
  },
  {
    who: new RegExp(`${domain}${queries}`),
    never: new RegExp(`${domain}(?!${queries})`),
    why: 'data flows from routes to rules to queries, never back',
    typesAllowed: true,
  },
  {
    who: /^server\/db\//,
    never: new RegExp(`${fastify}|^server/http/|${domain}`),
    why: 'the database knows no domain and no HTTP',
    typesAllowed: true,
  },
];

/** Why the file `from` must not import `to`, or null. Both as in `Law`. */
export function refusal(from: string, to: string, typeOnly: boolean): string | null {
  const law = laws.find(
    ({ who, never, typesAllowed }) => who.test(from) && never.test(to) && !(typesAllowed && typeOnly),
  );
  return law ? law.why : null;
}

/** `specifier` as `Law` writes what is imported. */
function target(from: string, specifier: string): string {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier);
  return specifier.startsWith('node:') ? specifier : `npm:${specifier}`;
}

/** Applies the laws to every static, dynamic and re-exporting import. */
export const layers: Rule.RuleModule = {
  meta: { type: 'problem', schema: [], messages: { refused: '{{from}} must not import {{specifier}}: {{why}}.' } },
  create(context) {
    const from = relative(context.cwd, context.filename).split(sep).join('/');

    function check(node: Rule.Node, source: unknown): void {
      if (!isLiteral(source) || typeof source.value !== 'string') return;
      const typeOnly = isTypeOnly(node);
      const why = refusal(from, target(from, source.value), typeOnly);
      if (why) context.report({ node, messageId: 'refused', data: { from, specifier: source.value, why } });
    }

    return {
      ImportDeclaration: (node) => check(node, node.source),
      ImportExpression: (node) => check(node, node.source),
      ExportAllDeclaration: (node) => check(node, node.source),
      ExportNamedDeclaration: (node) => check(node, node.source),
    };
  },
};

function isLiteral(node: unknown): node is { value: unknown } {
  return typeof node === 'object' && node !== null && 'value' in node;
}

/** `import type` and `export type` as the TypeScript parser marks them. */
function isTypeOnly(node: object): boolean {
  return ('importKind' in node && node.importKind === 'type') || ('exportKind' in node && node.exportKind === 'type');
}
