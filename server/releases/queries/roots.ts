import { type Database, run, statement } from '../../db/database.ts';
import type { ConversationKind } from '../../db/tables.ts';

/** Any number, the same in every process. */
const rootsLock = 7_305_004;

const lockStatement = statement('roots_lock', 'select pg_advisory_xact_lock($1::bigint)');

/** Has whoever else places roots wait until the transaction ends: groups are found by what was there before. */
export async function lockRoots(tx: Database): Promise<void> {
  await run(tx, lockStatement, [rootsLock]);
}

const rootlessStatement = statement<{ last: string | null; ids: string[] }>(
  'roots_rootless',
  `with page as materialized (
     select id, created_at from conversations where project_id = $1::uuid and kind = $2::text and id > $3::uuid
     order by id limit $5::int
   )
   select (select id from page order by id desc limit 1) as last, array(
     select id from page
     where created_at < $4::timestamptz + interval '1 ms'
       and not exists (select from conversation_roots r where r.conversation_id = page.id)
     order by id) as ids`,
);

/**
 * Looks through conversations of a project from behind `after`, in the order of ids; says which of them were made up to
 * `until` and have no root yet, and the last one looked at, or null where there was none.
 */
export async function selectRootless(
  db: Database,
  looked: { projectId: string; kind: ConversationKind; until: Date; after: string; limit: number },
): Promise<{ last: string | null; ids: string[] }> {
  const { projectId, kind, until, after, limit } = looked;
  const [row] = await run(db, rootlessStatement, [projectId, kind, after, until.toISOString(), limit]);
  if (!row) throw new Error('a select without a table gives one row');
  return row;
}

export interface Beginning {
  conversationId: string;
  system: string | null;
  user: string;
  /** The language that an import named; null where it named none. */
  language: string | null;
}

const beginningsStatement = statement<{
  conversation_id: string;
  system: string | null;
  said: string;
  language: string | null;
}>(
  'roots_beginnings',
  `select c.id as conversation_id, case when first.role = 'system' then left(first.content, $2::int) end as system,
     left(said.content, $2::int) as said,
     coalesce(said.extra ->> 'lang', first.extra ->> 'lang', c.extra ->> 'lang') as language
   from conversations c
   join messages first on first.conversation_id = c.id and first.parent_id is null
   join lateral (
     select first.id, first.content, first.extra, first.created_at where first.role = 'user'
     union all
     select m.id, m.content, m.extra, m.created_at from messages m
     where first.role = 'system' and m.conversation_id = c.id and m.parent_id = first.id and m.role = 'user'
   ) said on true
   where c.id = any($1::uuid[])
   order by c.id, said.created_at, said.id`,
);

/**
 * How these conversations begin: the user's first message and the system message above it, each at most its first
 * `maxCharacters`. Mostly one row for each; a chat may have been begun more than once, and has the first beginning first.
 * One in which the user said nothing has none.
 */
export async function selectBeginnings(
  db: Database,
  conversationIds: readonly string[],
  maxCharacters: number,
): Promise<Beginning[]> {
  return (await run(db, beginningsStatement, [conversationIds, maxCharacters])).map((row) => ({
    conversationId: row.conversation_id,
    system: row.system,
    user: row.said,
    language: row.language,
  }));
}

const groupsOfRoots = statement<{ id: string; group_id: string }>(
  'roots_known',
  'select id, group_id from roots where id = any($1::uuid[])',
);

/** The groups, by root, of those of these roots that are known. */
export async function selectRoots(db: Database, ids: readonly string[]): Promise<Map<string, string>> {
  return new Map((await run(db, groupsOfRoots, [ids])).map(({ id, group_id }) => [id, group_id]));
}

const groupsOfBands = statement<{ band: string; group_id: string }>(
  'roots_bands',
  `select b.band::text as band, r.group_id from root_bands b join roots r on r.id = b.root_id
   where b.band = any($1::bigint[])`,
);

/** The groups, by band, of the roots that own them; bands that nobody owns are not in it. */
export async function selectBands(db: Database, bands: readonly bigint[]): Promise<Map<bigint, string>> {
  const rows = await run(db, groupsOfBands, [bands.map(String)]);
  return new Map(rows.map(({ band, group_id }) => [BigInt(band), group_id]));
}

export interface Merge {
  id: number;
  from: string;
  into: string;
}

const mergesStatement = statement<{ id: string; from_group: string; into_group: string }>(
  'roots_merges',
  `select m.id::text as id, m.from_group, m.into_group from root_merges m
   where m.id > $1::bigint and ($2::bigint is null or m.id <= $2::bigint) order by m.id`,
);

/** Merges of groups from behind `after` up to `upTo`, or to the last, in their order. */
export async function selectMerges(db: Database, after: number, upTo: number | null): Promise<Merge[]> {
  return (await run(db, mergesStatement, [after, upTo])).map(({ id, from_group, into_group }) => ({
    ...{ id: Number(id), from: from_group, into: into_group },
  }));
}

/** What becomes of a page of conversations. */
export interface Placed {
  roots: readonly { id: string; group: string }[];
  bands: readonly { band: bigint; rootId: string }[];
  merges: readonly { from: string; into: string }[];
  conversations: readonly { id: string; rootId: string; language: string | null }[];
}

/**
 * In one statement, so that it is there as a whole or not at all. Bands are most of it: whoever holds the lock has looked which
 * of them nobody owns, and they go in by their order, for neighbours share pages of the index.
 */
const placeStatement = statement(
  'roots_place',
  `with new_roots as (
     insert into roots (id, group_id) select * from unnest($1::uuid[], $2::uuid[]) on conflict (id) do nothing
   ), new_bands as (
     insert into root_bands (band, root_id)
     select band, root_id from unnest($3::bigint[], $4::uuid[]) as line(band, root_id) order by band
   ), new_merges as (
     insert into root_merges (from_group, into_group)
     select from_group, into_group from unnest($5::uuid[], $6::uuid[]) with ordinality as line(from_group, into_group, n)
     order by n
   )
   insert into conversation_roots (conversation_id, root_id, language)
   select * from unnest($7::uuid[], $8::uuid[], $9::text[]) on conflict (conversation_id) do nothing`,
);

/** The caller holds the lock, and has looked at what there is of these roots and bands since. */
export async function insertPlaced(tx: Database, { roots, bands, merges, conversations }: Placed): Promise<void> {
  await run(tx, placeStatement, [
    roots.map(({ id }) => id),
    roots.map(({ group }) => group),
    bands.map(({ band }) => String(band)),
    bands.map(({ rootId }) => rootId),
    merges.map(({ from }) => from),
    merges.map(({ into }) => into),
    conversations.map(({ id }) => id),
    conversations.map(({ rootId }) => rootId),
    conversations.map(({ language }) => language),
  ]);
}
