import { newId } from '../db/ids.ts';
import { type Database, run, statement } from '../db/database.ts';

/** The rows of a batch, column by column. */
export interface Columns {
  conversations: {
    id: string[];
    kind: string[];
    source: (string | null)[];
    importKey: string[];
    contentHash: string[];
    dialogue: boolean[];
    /** JSON; may be shorter than the others, and the rest is null. */
    extra: (string | null)[];
  };
  messages: {
    id: string[];
    conversationId: string[];
    parentId: (string | null)[];
    role: string[];
    content: string[];
    authorKind: string[];
    model: (string | null)[];
    externalId: (string | null)[];
    /** JSON; may be shorter than the others, and the rest is null. */
    extra: (string | null)[];
  };
  /** `completionIds` as array literals: arrays in an array would have to be of one length. */
  comparisons: { id: string[]; conversationId: string[]; promptMessageId: string[]; completionIds: string[] };
  tasks: {
    id: string[];
    kind: string[];
    conversationId: string[];
    promptMessageId: string[];
    comparisonId: (string | null)[];
    /** Places that past rankings take. */
    submitted: number[];
    position: number[];
  };
}

/** A ranking that came with the import; `trainer` is a name or an email, `groups` JSON. */
export interface Ranked {
  id: string;
  conversationId: string;
  comparisonId: string;
  taskId: string;
  /** Name or email; null where it is nobody's own, which takes no place. */
  trainer: string | null;
  groups: string;
  /** Of the place that it takes. */
  assignmentId: string | null;
}

/**
 * One batch, in one statement, so that it is there as a whole or not at all:
 *
 * - `project` is locked against a change of its overlap at the same time; where it is gone, nothing is written.
 * - `fresh` are the conversations that were not there; all the rest follows from it. They are taken in the order of their
 *   keys, so that two imports of one file at the same time wait for each other and do not lock each other out.
 * - What is imported while a round runs carries it, save past rankings: they were not made in it.
 * - Imported work is given the year 1970, since the import does not say when it was done: it is nobody's work of today,
 *   and nobody can take it back.
 * - What a release reads is not made before the statement by the database's clock, which is the release's.
 */
const insertBatchStatement = statement<{ id: string }>(
  'import_batch',
  `with project as materialized (
     select id, overlap, round_id from projects where id = $1::uuid for share
   ), wanted as materialized (
     select kind, (overlap ->> kind)::smallint as overlap, round_id from project, unnest(array['demonstration', 'comparison']) as kind
   ), fresh as (
     insert into conversations (id, project_id, kind, source, import_key, content_hash, dialogue, extra, round_id, created_at)
     select line.id, project.id, line.kind, line.source, line.import_key, line.content_hash, line.dialogue,
       line.extra::jsonb, project.round_id, greatest($2::timestamptz, statement_timestamp())
     from project, unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $34::boolean[],
       $35::text[]) as line(id, kind, source, import_key, content_hash, dialogue, extra)
     order by line.import_key collate "C", line.id
     on conflict (project_id, import_key) do nothing
     returning id
   ), new_messages as (
     insert into messages (id, conversation_id, parent_id, role, content, author_kind, model, external_id, extra, created_at)
     select line.id, line.conversation_id, line.parent_id, line.role, line.content, line.author_kind, line.model,
            line.external_id, line.extra::jsonb, $2::timestamptz
     from unnest($8::uuid[], $9::uuid[], $10::uuid[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[],
       $36::text[]) as line(id, conversation_id, parent_id, role, content, author_kind, model, external_id, extra)
     where line.conversation_id in (select id from fresh)
   ), new_comparisons as (
     insert into comparisons (id, project_id, conversation_id, prompt_message_id, completion_ids, round_id, created_at)
     select line.id, $1::uuid, line.conversation_id, line.prompt_message_id, line.completion_ids::uuid[], project.round_id,
            greatest($2::timestamptz, statement_timestamp())
     from project, unnest($16::uuid[], $17::uuid[], $18::uuid[], $19::text[])
       as line(id, conversation_id, prompt_message_id, completion_ids)
     where line.conversation_id in (select id from fresh)
   ), new_tasks as (
     insert into tasks (id, project_id, kind, conversation_id, prompt_message_id, comparison_id, overlap, submitted,
                        position, authors, round_id, created_at)
     select line.id, $1::uuid, line.kind, line.conversation_id, line.prompt_message_id, line.comparison_id,
            wanted.overlap, line.submitted, line.position, '{}', wanted.round_id, $2::timestamptz
     from wanted join unnest($20::uuid[], $21::text[], $22::uuid[], $23::uuid[], $24::uuid[], $25::smallint[], $26::int[])
       as line(id, kind, conversation_id, prompt_message_id, comparison_id, submitted, position) on line.kind = wanted.kind
     where line.conversation_id in (select id from fresh)
     returning kind, overlap, submitted
   ), ranked as materialized (
     select * from unnest($27::uuid[], $28::uuid[], $29::uuid[], $30::uuid[], $31::uuid[], $32::uuid[], $33::text[])
       as line(id, conversation_id, comparison_id, task_id, assignment_id, trainer_id, groups)
   ), new_rankings as (
     insert into rankings (id, project_id, comparison_id, trainer_id, assignment_id, groups, created_at)
     select line.id, $1::uuid, line.comparison_id, line.trainer_id, line.assignment_id, line.groups::jsonb,
       greatest($2::timestamptz, statement_timestamp())
     from ranked line where line.conversation_id in (select id from fresh)
   ), new_assignments as (
     insert into assignments (id, task_id, trainer_id, project_id, kind, state, lease_until, seed, claimed_at, ended_at)
     select line.assignment_id, line.task_id, line.trainer_id, $1::uuid, 'comparison', 'submitted', 'epoch', 0, 'epoch', 'epoch'
     from ranked line where line.assignment_id is not null and line.conversation_id in (select id from fresh)
   ), sums as (
     insert into task_progress (project_id, kind, slot, tasks, wanted, submitted)
     select $1::uuid, kind, 0, count(*), sum(overlap), sum(submitted) from new_tasks group by kind
     on conflict (project_id, kind, slot) do update
       set tasks = task_progress.tasks + excluded.tasks, wanted = task_progress.wanted + excluded.wanted,
           submitted = task_progress.submitted + excluded.submitted
   )
   select id from fresh`,
);

/**
 * Ids as an array literal. They have nothing to escape, and there are two dozen of them in a line: made by the driver, one
 * by one, they take as long as all the rest of a line.
 */
const ids = (list: readonly (string | null)[]): string => `{${list.map((id) => id ?? 'NULL').join(',')}}`;

/** Writes what is new in a batch; the ids of the conversations that were. `trainers` knows every trainer in `ranked`. */
export async function insertBatch(
  db: Database,
  projectId: string,
  now: Date,
  { conversations, messages, comparisons, tasks }: Columns,
  ranked: readonly Ranked[],
  trainers: ReadonlyMap<string, string>,
): Promise<Set<string>> {
  const rows = await run(db, insertBatchStatement, [
    projectId,
    now.toISOString(),
    ids(conversations.id),
    conversations.kind,
    conversations.source,
    conversations.importKey,
    conversations.contentHash,
    ids(messages.id),
    ids(messages.conversationId),
    ids(messages.parentId),
    messages.role,
    messages.content,
    messages.authorKind,
    messages.model,
    messages.externalId,
    ids(comparisons.id),
    ids(comparisons.conversationId),
    ids(comparisons.promptMessageId),
    comparisons.completionIds,
    ids(tasks.id),
    tasks.kind,
    ids(tasks.conversationId),
    ids(tasks.promptMessageId),
    ids(tasks.comparisonId),
    tasks.submitted,
    tasks.position,
    ids(ranked.map(({ id }) => id)),
    ids(ranked.map(({ conversationId }) => conversationId)),
    ids(ranked.map(({ comparisonId }) => comparisonId)),
    ids(ranked.map(({ taskId }) => taskId)),
    ids(ranked.map(({ assignmentId }) => assignmentId)),
    ids(ranked.map(({ trainer }) => (trainer === null ? null : (trainers.get(trainer) ?? null)))),
    ranked.map(({ groups }) => groups),
    conversations.dialogue,
    conversations.extra,
    messages.extra,
  ]);
  return new Set(rows.map(({ id }) => id));
}

const selectHashes = statement<{ import_key: string; content_hash: string }>(
  'import_hashes',
  `select import_key, content_hash from conversations where project_id = $1::uuid and import_key = any($2::text[])`,
);

/** Of conversations that are there already: import key -> content hash. */
export async function contentHashes(
  db: Database,
  projectId: string,
  importKeys: string[],
): Promise<Map<string, string>> {
  const rows = await run(db, selectHashes, [projectId, importKeys]);
  return new Map(rows.map((row) => [row.import_key, row.content_hash]));
}

const insertTrainers = statement(
  'import_trainers',
  `insert into users (id, name, role, created_at)
   select line.id, line.name, 'trainer', $3::timestamptz from unnest($1::uuid[], $2::text[]) as line(id, name)
   where not exists (select from users u where u.email = lower(line.name))
   order by line.name collate "C"
   on conflict (name) where email is null do nothing`,
);
const selectTrainers = statement<{ name: string; id: string | null }>(
  'import_trainers_found',
  `select line.name, coalesce(
     (select u.id from users u where u.email = lower(line.name)),
     (select u.id from users u where u.email is null and u.name = line.name)) as id
   from unnest($1::text[]) as line(name)`,
);

/**
 * The people of these names: whoever has it as their email, else whoever an import brought along under it before, else
 * someone new, who has no account. In the order of names, for the same reason as the keys of a batch.
 */
export async function provideTrainers(db: Database, now: Date, names: string[]): Promise<[name: string, id: string][]> {
  await run(db, insertTrainers, [names.map(() => newId()), names, now.toISOString()]);
  return findTrainers(db, names);
}

/** The people of these names that are there. */
export async function findTrainers(db: Database, names: string[]): Promise<[name: string, id: string][]> {
  return (await run(db, selectTrainers, [names])).flatMap(({ name, id }) => (id === null ? [] : [[name, id]]));
}
