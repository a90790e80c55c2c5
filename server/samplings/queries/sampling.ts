import type { Message } from '../../../shared/conversations.ts';
import type { Parameters } from '../../../shared/models.ts';
import type { ModerationSettings } from '../../../shared/projects.ts';
import type { Mix } from '../../../shared/rounds.ts';
import { type Database, run, statement } from '../../db/database.ts';
import { type Comparing, comparing, comparingValues } from './comparing.ts';

/** A sampling in this process's hands, with what it takes to go on with it. */
export interface Begun {
  id: string;
  /** Counts how often it was begun. Whoever began it last has it: what an earlier one still does changes nothing. */
  attempt: number;
  projectId: string;
  /** The project is archived or the batch cancelled: it has just been ended. */
  cancelled: boolean;
  moderation: ModerationSettings;
  /** The path that is answered. */
  messages: Message[];
  original: { id: string; content: string } | null;
  mix: Mix;
  wanted: number;
  parameters: Parameters | null;
  seed: number;
  /** Completions that an earlier attempt came by. */
  written: { id: string; modelId: string; text: string }[];
}

/**
 * Plans are kept, also those made while the table was small: saying which states a sampling is not in keeps the planner off
 * the index of states, which would lead through everything that waits.
 */
export const beginStatement = statement<Begun>(
  'sampling_begin',
  `with recursive about as materialized (
     select s.id, p.moderation, p.archived or coalesce(b.cancelled, false) as cancelled
     from samplings s join projects p on p.id = s.project_id left join batches b on b.id = s.batch_id
     where s.id = $1::uuid
   ), mine as (
     update samplings s set state = case when about.cancelled then 'failed' else 'running' end, attempts = s.attempts + 1,
       detail = case when about.cancelled then 'cancelled' end, retry_at = null,
       ended_at = case when about.cancelled then $2::timestamptz end
     from about where s.id = $1::uuid and s.state not in ('done', 'failed')
     returning s.*, about.cancelled, about.moderation
   ), path as (
     select m.parent_id, m.role, m.content, 0 as height from mine join messages m on m.id = mine.prompt_message_id
     union all
     select m.parent_id, m.role, m.content, path.height + 1 from path join messages m on m.id = path.parent_id
   )
   select mine.id, mine.attempts as attempt, mine.project_id as "projectId", mine.cancelled, mine.moderation, mine.mix,
     mine.wanted, mine.parameters, mine.seed,
     (select json_agg(json_build_object('role', role, 'content', content) order by height desc) from path) as messages,
     (select json_build_object('id', m.id, 'content', m.content) from messages m where m.id = mine.original_id) as original,
     coalesce((select json_agg(json_build_object('id', g.id, 'modelId', g.model_id, 'text', g.text) order by g.id)
       from generations g where g.group_id = mine.id), '[]') as written
   from mine`,
);

/** Takes a sampling into this process's hands; null where it is over. */
export async function begin(db: Database, samplingId: string, now: Date): Promise<Begun | null> {
  const [row] = await run(db, beginStatement, [samplingId, now.toISOString()]);
  return row ?? null;
}

/** A completion as it came from its model. */
export interface Written {
  id: string;
  modelId: string;
  text: string;
  parameters: Parameters;
  seed: number;
  finishReason: string;
  usage: { input: number; output: number } | null;
  createdAt: Date;
  firstTokenAt: Date;
  endedAt: Date;
}

/** The prompt is left out: it is the path, which the sampling names. */
const keepStatement = statement(
  'sampling_keep',
  `insert into generations (id, purpose, project_id, round_id, model_id, group_id, prompt, parameters, seed, state, text,
     finish_reason, usage, created_at, first_token_at, ended_at)
   select line.id, 'alternative', s.project_id, s.round_id, line.model_id, s.id, '[]', line.parameters::jsonb, line.seed, 'done',
     line.text, line.finish_reason, line.usage::jsonb, line.created_at, line.first_token_at, line.ended_at
   from samplings s, unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::int[], $8::text[], $9::text[],
     $10::timestamptz[], $11::timestamptz[], $12::timestamptz[])
     as line(id, model_id, text, parameters, seed, finish_reason, usage, created_at, first_token_at, ended_at)
   where s.id = $1::uuid and s.attempts = $2::int`,
);

/** Keeps completions, so that no later attempt has to ask for them again. */
export async function keep(db: Database, { id, attempt }: Begun, written: readonly Written[]): Promise<void> {
  await run(db, keepStatement, [
    id,
    attempt,
    written.map((one) => one.id),
    written.map(({ modelId }) => modelId),
    written.map(({ text }) => text),
    written.map(({ parameters }) => JSON.stringify(parameters)),
    written.map(({ seed }) => seed),
    written.map(({ finishReason }) => finishReason),
    written.map(({ usage }) => usage && JSON.stringify(usage)),
    written.map(({ createdAt }) => createdAt.toISOString()),
    written.map(({ firstTokenAt }) => firstTokenAt.toISOString()),
    written.map(({ endedAt }) => endedAt.toISOString()),
  ]);
}

/**
 * Ends a sampling, in one statement, so that it is there as a whole or not at all. The project is locked against a change of
 * its overlap at the same time.
 */
const finishStatement = statement<{ id: string }>(
  'sampling_finish',
  `with project as materialized (
     select p.id, (p.overlap ->> 'comparison')::smallint as overlap
     from samplings s join projects p on p.id = s.project_id where s.id = $1::uuid for key share of p
   ), made as (
     update samplings s set state = 'done', detail = null, comparison_id = $5::uuid, ended_at = $9::timestamptz
     from project where s.id = $1::uuid and s.state = 'running' and s.attempts = $2::int
     returning s.*, project.overlap
   ), ${comparing(3)}
   select id from made`,
);

/** Makes the comparison of a sampling. False where the sampling is no longer in these hands. */
export async function finish(db: Database, { id, attempt }: Begun, made: Comparing): Promise<boolean> {
  return (await run(db, finishStatement, [id, attempt, ...comparingValues(made)])).length > 0;
}

const failStatement = statement<{ id: string }>(
  'sampling_fail',
  `update samplings set state = case when $4::timestamptz is null then 'failed' else 'waiting' end, detail = $3::text,
     retry_at = $4::timestamptz, ended_at = case when $4::timestamptz is null then $5::timestamptz end
   where id = $1::uuid and state = 'running' and attempts = $2::int returning id`,
);

/** Says why a sampling failed: for good, or until `retryAt`. False where it is no longer in these hands. */
export async function fail(
  db: Database,
  { id, attempt }: Begun,
  { detail, retryAt, now }: { detail: string; retryAt: Date | null; now: Date },
): Promise<boolean> {
  const rows = await run(db, failStatement, [id, attempt, detail, retryAt?.toISOString() ?? null, now.toISOString()]);
  return rows.length > 0;
}
