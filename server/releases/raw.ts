import type { RawLine, RawMessage, RawOf } from '../../shared/raw.ts';
import type { Database } from '../db/database.ts';
import { pseudonym } from './names.ts';
import { pages } from './pages.ts';
import * as queries from './queries/raw.ts';

export interface RawOptions {
  /** By id, where lines name people; null where pseudonyms stand for them. */
  names: Readonly<Record<string, string>> | null;
  /** The header, where it is to be another than the project's settings make now: it is not as of a moment. */
  header?: RawOf<'duologue'>;
}

/** People are shown as they were imported where they came under a pseudonym: moved on, they stay the same. */
const isPseudonym = /^trainer-[0-9a-f]{10}$/;

/**
 * All of a project at a moment (ISO 8601, to the microsecond) as the lines that shared/raw.ts describes, many at a time, each with
 * its newline. The same data give the same bytes; memory does not grow with it.
 */
export async function* rawLines(
  db: Database,
  projectId: string,
  moment: string,
  { names, header }: RawOptions,
): AsyncGenerator<string> {
  const scope = { projectId, moment };
  const first = header ?? (await queries.selectHeader(db, scope));
  if (first === null) return;
  const people = peopleOf(await queries.selectPeople(db, scope), names);
  const named = (id: string): string => people.get(id) ?? pseudonym(id);
  const orNobody = (id: string | null): string | null => (id === null ? null : named(id));
  yield text([
    first,
    ...[...people.values()].toSorted(byText).map((name): RawLine => ({ type: 'person', name })),
    ...(await queries.selectRounds(db, scope)),
  ]);

  // What is answered comes before the answers to it.
  for (const kind of ['prompt', 'dialogue', 'demonstration', 'chat'] as const)
    yield* texts(async (after, limit) => {
      const rows = await queries.nextConversations(db, scope, kind, after, limit);
      const ids = rows.map(({ id }) => id);
      const messages = Map.groupBy(
        await queries.selectMessages(db, moment, ids),
        ({ conversationId }) => conversationId,
      );
      const lines = rows.map((row): RawLine => {
        const ordered = parentsFirst((messages.get(row.id) ?? []).map(({ message }) => message));
        return {
          ...{ ...row, author: orNobody(row.author) },
          messages: ordered.map((message) => ({ ...message, author: orNobody(message.author) })),
        };
      });
      return { rows, lines };
    });
  // Comparisons, each with its rankings, are found by their conversations.
  for (const kind of ['prompt', 'dialogue', 'demonstration', 'chat'] as const)
    yield* texts(async (after, limit) => {
      const rows = await queries.nextIds(db, scope, kind, after, limit);
      const comparisons = await queries.selectComparisons(
        db,
        moment,
        rows.map(({ id }) => id),
      );
      const rankings = await queries.selectRankings(
        db,
        moment,
        comparisons.map(({ id }) => id),
      );
      const of = Map.groupBy(rankings, ({ comparison }) => comparison);
      const lines = comparisons.flatMap((line): RawLine[] => [
        {
          ...line,
          sampling: line.sampling && { ...line.sampling, authors: line.sampling.authors.map(named) },
        },
        ...(of.get(line.id) ?? []).map((ranking) => ({ ...ranking, trainer: orNobody(ranking.trainer) })),
      ]);
      return { rows, lines };
    });
  yield* texts(async (after, limit) => {
    const rows = await queries.nextFeedback(db, scope, after, limit);
    return { rows, lines: rows.map((line) => ({ ...line, person: named(line.person) })) };
  });
}

/** The lines that pages of rows make. */
async function* texts(
  load: (after: string, limit: number) => Promise<{ rows: { id: string }[]; lines: RawLine[] }>,
): AsyncGenerator<string> {
  for await (const page of pages(async (after, limit) => {
    const { rows, lines } = await load(after, limit);
    const made = text(lines);
    return { rows, made, size: made.length };
  }))
    if (page.made !== '') yield page.made;
}

const text = (lines: readonly RawLine[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Under which name each person stands; no two under the same. */
function peopleOf(
  people: readonly { id: string; name: string; account: boolean }[],
  names: RawOptions['names'],
): Map<string, string> {
  const taken = new Set<string>();
  return new Map(
    people.map(({ id, name, account }) => {
      const as =
        names === null ? (!account && isPseudonym.test(name) ? name : pseudonym(id)) : (names[id] ?? pseudonym(id));
      const own = taken.has(as) ? `${as} (${pseudonym(id)})` : as;
      taken.add(own);
      return [id, own];
    }),
  );
}

/** The messages of a conversation with parents before children; those of one parent in the order of their ids. */
function parentsFirst(messages: readonly RawMessage[]): RawMessage[] {
  const ids = new Set(messages.map(({ id }) => id));
  const children = Map.groupBy(messages, ({ parent }) => (parent !== null && ids.has(parent) ? parent : null));
  const lastFirst = (a: RawMessage, b: RawMessage): number => byText(b.id, a.id);
  const ordered: RawMessage[] = [];
  // A list instead of recursion, for depth is in people's hands.
  const open = (children.get(null) ?? []).toSorted(lastFirst);
  for (let next = open.pop(); next; next = open.pop()) {
    ordered.push(next);
    open.push(...(children.get(next.id) ?? []).toSorted(lastFirst));
  }
  return ordered;
}
