import { newId } from '../../db/ids.ts';
import type { TaskKind } from '../../../shared/projects.ts';
import type { RawOf } from '../../../shared/raw.ts';
import { type Database, run, type Statement, statement } from '../../db/database.ts';

type Row = Readonly<Record<string, unknown>>;

/** Of each table that raw data fills: its columns with their types, save `project_id` where `ofProject`. */
const tables = {
  rounds: {
    ofProject: true,
    columns:
      'id uuid, number int, name text, policy_model_id uuid, mix jsonb, kinds text[], started_at timestamptz, ended_at timestamptz',
  },
  conversations: {
    ofProject: true,
    columns: `id uuid, kind text, source text, import_key text, content_hash text, extra jsonb, author_id uuid, prompt_id uuid,
      assignment_id uuid, round_id uuid, dialogue boolean, comment text, active_ms int, created_at timestamptz,
      withdrawn_at timestamptz, surplus boolean`,
  },
  chat_endings: {
    ofProject: false,
    columns: `id uuid, conversation_id uuid, leaf_id uuid, comment text, surplus boolean, active_ms int, created_at timestamptz,
      withdrawn_at timestamptz`,
  },
  messages: {
    ofProject: false,
    columns: `id uuid, conversation_id uuid, parent_id uuid, role text, content text, author_kind text, author_id uuid, model text,
      generation_id uuid, edit_distance real, external_id text, extra jsonb, created_at timestamptz`,
  },
  generations: {
    ofProject: true,
    columns: `id uuid, purpose text, model_id uuid, role text, prompt jsonb, parameters jsonb, seed int, state text, text text,
      finish_reason text, usage jsonb, created_at timestamptz, ended_at timestamptz`,
  },
  verdicts: {
    ofProject: true,
    columns: `id uuid, message_id uuid, source text, categories text[], action text, created_at timestamptz`,
  },
  comparisons: {
    ofProject: true,
    columns: `id uuid, conversation_id uuid, prompt_message_id uuid, completion_ids uuid[], round_id uuid, sampling_id uuid,
      created_at timestamptz`,
  },
  samplings: {
    ofProject: true,
    columns: `id uuid, round_id uuid, origin text, conversation_id uuid, prompt_message_id uuid, original_id uuid, pick_seed int,
      picked_from int, authors uuid[], mix jsonb, wanted smallint, parameters jsonb, seed int, state text, comparison_id uuid,
      created_at timestamptz, ended_at timestamptz`,
  },
  tasks: {
    ofProject: true,
    columns: `id uuid, kind text, conversation_id uuid, prompt_message_id uuid, comparison_id uuid, overlap smallint,
      position int, authors uuid[], round_id uuid`,
  },
  rankings: {
    ofProject: true,
    columns: `id uuid, comparison_id uuid, trainer_id uuid, assignment_id uuid, groups jsonb, shown jsonb, ratings jsonb,
      round_id uuid, comment text, all_bad boolean, rewrite text, surplus boolean, active_ms int, created_at timestamptz,
      withdrawn_at timestamptz`,
  },
  feedback: {
    ofProject: true,
    columns: `id uuid, message_id uuid, user_id uuid, thumb text, text text, report_reason text, report_text text,
      at timestamptz, replaced_at timestamptz`,
  },
} as const;
export type RawTable = keyof typeof tables;

const inserts = new Map<RawTable, Statement<{ id: string }>>();

function insertInto(table: RawTable): Statement<{ id: string }> {
  const known = inserts.get(table);
  if (known) return known;
  const { ofProject, columns } = tables[table];
  const names = columns
    .split(',')
    .map((column) => column.trim().split(' ')[0])
    .join(', ');
  // The project is a parameter in any case, so that all of them take the same.
  const made = statement<{ id: string }>(
    `raw_into_${table}`,
    `insert into ${table} (${ofProject ? 'project_id, ' : ''}${names})
     select ${ofProject ? '$1::uuid, ' : ''}${names} from jsonb_to_recordset($2::jsonb) as line(${columns})
     where $1::uuid is not null on conflict do nothing returning id`,
  );
  inserts.set(table, made);
  return made;
}

/** Writes rows, by the names of their columns; the ids of those that could be. */
export async function insertRows(
  tx: Database,
  projectId: string,
  table: RawTable,
  rows: readonly Row[],
): Promise<Set<string>> {
  if (rows.length === 0) return new Set();
  return new Set((await run(tx, insertInto(table), [projectId, JSON.stringify(rows)])).map(({ id }) => id));
}

const lockStatement = statement<{ overlap: Record<TaskKind, number> }>(
  'raw_lock_project',
  `select overlap from projects where id = $1::uuid for no key update`,
);
const releasedStatement = statement<{ released: boolean }>(
  'raw_released',
  `select exists (
     select from releases where project_id = $1::uuid
       or definition -> 'mix' @> jsonb_build_array(jsonb_build_object('projectId', $1::text))
   ) as released`,
);

/**
 * Has other imports, and releases that are begun, wait until the transaction ends. Says how many trainers a task wants, and
 * whether any release has looked at the project. Null where it is gone.
 */
export async function lockForRaw(
  tx: Database,
  projectId: string,
): Promise<{ overlap: Record<TaskKind, number>; released: boolean } | null> {
  const [project] = await run(tx, lockStatement, [projectId]);
  if (project === undefined) return null;
  const [row] = await run(tx, releasedStatement, [projectId]);
  return { overlap: project.overlap, released: row?.released ?? false };
}

const settingsStatement = statement<{ id: string }>(
  'raw_settings',
  `update projects p set guidelines = s.guidelines, rubric = s.rubric, overlap = s.overlap,
     completions_per_comparison = s."completionsPerComparison", limits = s.limits, lease_minutes = s."leaseMinutes",
     reopen_minutes = s."reopenMinutes", pick = s.pick, own_words = s."ownWords", rank_own_chats = s."rankOwnChats",
     moderation = jsonb_build_object('modelId', null, 'actions', s.moderation)
   from jsonb_to_record($2::jsonb) as s(guidelines text, rubric jsonb, overlap jsonb, "completionsPerComparison" smallint,
     limits jsonb, "leaseMinutes" int, "reopenMinutes" int, pick jsonb, "ownWords" smallint, "rankOwnChats" boolean,
     moderation jsonb)
   where p.id = $1::uuid and not exists (select from conversations c where c.project_id = p.id)
     and not exists (select from rounds r where r.project_id = p.id)
     and not exists (select from task_progress t where t.project_id = p.id and t.tasks > 0)
   returning p.id`,
);

/** Gives an empty project these settings; false where it is not empty. */
export async function takeSettings(
  db: Database,
  projectId: string,
  settings: RawOf<'duologue'>['project'],
): Promise<boolean> {
  return (await run(db, settingsStatement, [projectId, JSON.stringify(settings)])).length > 0;
}

const modelsStatement = statement<never>(
  'raw_models',
  `insert into models (id, name, provider, model, parameters, concurrency, archived)
   select line.id, line.name, 'openai', line.name, '{}', 1, true from unnest($1::uuid[], $2::text[]) as line(id, name)
   order by line.name collate "C"
   on conflict (name) do nothing`,
);
const modelIdsStatement = statement<{ name: string; id: string }>(
  'raw_model_ids',
  `select name, id from models where name = any($1::text[])`,
);

/** The models of these names. One that is not there is made, archived and without an address: only its name is known. */
export async function provideModels(db: Database, names: readonly string[]): Promise<Map<string, string>> {
  await run(db, modelsStatement, [names.map(() => newId()), names]);
  return new Map((await run(db, modelIdsStatement, [names])).map(({ name, id }) => [name, id]));
}

const roundIdsStatement = statement<{ id: string; number: number }>(
  'raw_round_ids',
  `select id, number from rounds where project_id = $1::uuid`,
);

export async function selectRoundIds(db: Database, projectId: string): Promise<Map<number, string>> {
  return new Map((await run(db, roundIdsStatement, [projectId])).map(({ number, id }) => [number, id]));
}

const runsStatement = statement<never>(
  'raw_round_runs',
  `update projects set round_id = $2::uuid where id = $1::uuid and round_id is null`,
);

/** Has a round go on, where none does. */
export async function letRun(tx: Database, projectId: string, roundId: string): Promise<void> {
  await run(tx, runsStatement, [projectId, roundId]);
}

const owned = (table: 'conversations' | 'rankings' | 'feedback'): Statement<{ id: string; project_id: string }> =>
  statement(`raw_known_${table}`, `select id, project_id from ${table} where id = any($1::uuid[])`);
const ownedStatements = {
  conversations: owned('conversations'),
  rankings: owned('rankings'),
  feedback: owned('feedback'),
};

/** Of those that are there, the projects. */
export async function projectsOf(
  tx: Database,
  table: keyof typeof ownedStatements,
  ids: readonly string[],
): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  return new Map((await run(tx, ownedStatements[table], [ids])).map((row) => [row.id, row.project_id]));
}

const keysStatement = statement<{ import_key: string }>(
  'raw_keys',
  `select import_key from conversations where project_id = $1::uuid and import_key = any($2::text[])`,
);

/** Those of the keys that conversations of the project have. */
export async function takenKeys(tx: Database, projectId: string, keys: readonly string[]): Promise<Set<string>> {
  if (keys.length === 0) return new Set();
  return new Set((await run(tx, keysStatement, [projectId, keys])).map(({ import_key }) => import_key));
}

const messagesStatement = statement<{ id: string; conversation_id: string; project_id: string }>(
  'raw_known_messages',
  `select m.id, m.conversation_id, c.project_id from messages m join conversations c on c.id = m.conversation_id
   where m.id = any($1::uuid[])`,
);

/** Where these messages are, of those that are there. */
export async function placesOf(
  tx: Database,
  ids: readonly string[],
): Promise<Map<string, { conversationId: string; projectId: string }>> {
  if (ids.length === 0) return new Map();
  const rows = await run(tx, messagesStatement, [ids]);
  return new Map(rows.map((row) => [row.id, { conversationId: row.conversation_id, projectId: row.project_id }]));
}

const comparisonsStatement = statement<{ id: string; project_id: string; completions: number }>(
  'raw_known_comparisons',
  `select id, project_id, cardinality(completion_ids) as completions from comparisons where id = any($1::uuid[])`,
);

/** Of those that are there, the projects and how many completions they have. */
export async function comparisonsOf(
  tx: Database,
  ids: readonly string[],
): Promise<Map<string, { projectId: string; completions: number }>> {
  if (ids.length === 0) return new Map();
  const rows = await run(tx, comparisonsStatement, [ids]);
  return new Map(rows.map((row) => [row.id, { projectId: row.project_id, completions: row.completions }]));
}

const countTasksStatement = statement<never>(
  'raw_count_tasks',
  `insert into task_progress (project_id, kind, slot, tasks, wanted)
   select $1::uuid, kind, 0, count(*), sum(overlap) from tasks where id = any($2::uuid[]) group by kind
   on conflict (project_id, kind, slot) do update
     set tasks = task_progress.tasks + excluded.tasks, wanted = task_progress.wanted + excluded.wanted`,
);

/** Writes tasks, and counts them. */
export async function insertTasks(tx: Database, projectId: string, rows: readonly Row[]): Promise<number> {
  const made = await insertRows(tx, projectId, 'tasks', rows);
  if (made.size > 0) await run(tx, countTasksStatement, [projectId, [...made]]);
  return made.size;
}

const assignmentsStatement = statement<{ id: string }>(
  'raw_assignments',
  `with made as (
     insert into assignments (id, task_id, trainer_id, project_id, kind, state, lease_until, seed, active_ms, claimed_at, ended_at)
     select line.id, t.id, line.trainer_id, $1::uuid, t.kind, line.state, 'epoch', 0, line.active_ms, 'epoch', 'epoch'
     from jsonb_to_recordset($2::jsonb) as line(id uuid, task_id uuid, trainer_id uuid, state text, active_ms int)
     join tasks t on t.id = line.task_id
     on conflict do nothing
     returning id, task_id, kind, state
   ), counted as (
     update tasks t set submitted = t.submitted + done.count
     from (select task_id, count(*)::smallint as count from made where state = 'submitted' group by task_id) done
     where t.id = done.task_id
   ), summed as (
     insert into task_progress (project_id, kind, slot, submitted)
     select $1::uuid, kind, 0, count(*) from made where state = 'submitted' group by kind
     on conflict (project_id, kind, slot) do update set submitted = task_progress.submitted + excluded.submitted
   )
   select id from made`,
);

/**
 * Writes past work on tasks, and counts it. Like all imported work it is given the year 1970, so that it is nobody's of today. The
 * ids of what could be written: a task that is not there, or that the same person has done, makes none.
 */
export async function insertAssignments(tx: Database, projectId: string, rows: readonly Row[]): Promise<Set<string>> {
  if (rows.length === 0) return new Set();
  return new Set((await run(tx, assignmentsStatement, [projectId, JSON.stringify(rows)])).map(({ id }) => id));
}
