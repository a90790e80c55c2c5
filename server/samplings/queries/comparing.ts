/**
 * The completions as messages, the comparison of them, its task and its count, of what `made` gives: the ids of the
 * project, the conversation, the prompt and the round, the sampling, who is not to rank it, and the overlap that the
 * project wants. Behind its own: $n the completions in the order of the comparison, those of them that are generations, the
 * comparison, the task, its position, the slot of the progress sums and the time. What a release reads is not made before
 * the statement by the database's clock, which is the release's.
 */
export const comparing = (n: number): string => `new_messages as (
     insert into messages (id, conversation_id, parent_id, role, content, author_kind, model, generation_id, created_at)
     select g.id, made.conversation_id, made.prompt_message_id, 'assistant', g.text, 'model', m.name, g.id,
       greatest($${n + 6}::timestamptz, statement_timestamp())
     from made, generations g join models m on m.id = g.model_id where g.id = any($${n + 1}::uuid[])
   ), new_comparison as (
     insert into comparisons (id, project_id, conversation_id, prompt_message_id, completion_ids, round_id, sampling_id, created_at)
     select $${n + 2}::uuid, project_id, conversation_id, prompt_message_id, $${n}::uuid[], round_id, id,
       greatest($${n + 6}::timestamptz, statement_timestamp())
     from made
   ), new_task as (
     insert into tasks (id, project_id, kind, conversation_id, prompt_message_id, comparison_id, overlap, position, authors,
       round_id, created_at)
     select $${n + 3}::uuid, project_id, 'comparison', conversation_id, prompt_message_id, $${n + 2}::uuid, overlap, $${n + 4}::int,
       authors, round_id, $${n + 6}::timestamptz from made
   ), sums as (
     insert into task_progress (project_id, kind, slot, tasks, wanted)
     select project_id, 'comparison', $${n + 5}::int, 1, overlap from made
     on conflict (project_id, kind, slot) do update set
       tasks = task_progress.tasks + 1, wanted = task_progress.wanted + excluded.wanted
   )`;

/** A comparison to be made of completions. */
export interface Comparing {
  comparisonId: string;
  taskId: string;
  /** In the order of the comparison. */
  completionIds: readonly string[];
  /** Those of them that are generations and no messages yet. */
  generationIds: readonly string[];
  position: number;
  slot: number;
  now: Date;
}

export const comparingValues = (made: Comparing): unknown[] => [
  made.completionIds,
  made.generationIds,
  made.comparisonId,
  made.taskId,
  made.position,
  made.slot,
  made.now.toISOString(),
];
