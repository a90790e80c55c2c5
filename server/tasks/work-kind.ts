import type { ChatTask } from '../../shared/chats.ts';
import type { DemonstrationTask } from '../../shared/demonstrations.ts';
import type { ComparisonTask } from '../../shared/comparisons.ts';
import type { TaskKind } from '../../shared/projects.ts';
import type { AssignmentState, Draft, Submission } from '../../shared/tasks.ts';
import type { Context } from '../context.ts';
import type { Database, Statement } from '../db/database.ts';
import type { AssignmentRow, Standing } from './queries/assignment.ts';

/** What a submission becomes: the kind's own statement, made with `submitting`, and the values behind the common ones. */
export interface Result {
  statement: Statement<{ state: AssignmentState }>;
  values: unknown[];
  /** What is to be done in the same transaction where the submission counts. */
  also?: (tx: Database) => Promise<void>;
}

/** What submitting takes beside the submission. */
export type Chance = Pick<Context, 'db' | 'clock' | 'random' | 'jobs' | 'models' | 'log'>;

/** What handing out work needs to know of a kind of task; each kind's domain has one. */
export interface WorkKind {
  kind: TaskKind;
  /** What the trainer sees. */
  view(row: AssignmentRow): ComparisonTask | DemonstrationTask | ChatTask;
  /** Checks a submission against the task and says what to write. Throws `invalid` naming the field. */
  result(standing: Standing, submission: Submission, chance: Chance): Result | Promise<Result>;
  /** What was submitted, in the shape of a submission, for a reopened assignment to go on from. */
  submission(db: Database, standing: Standing): Promise<Draft>;
}
