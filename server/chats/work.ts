import { newId } from '../db/ids.ts';
import type { ChatTask } from '../../shared/chats.ts';
import type { Draft, Submission } from '../../shared/tasks.ts';
import type { Database } from '../db/database.ts';
import { reportedAmong } from '../feedback/feedback.ts';
import { invalid, Refusal } from '../problem.ts';
import { selectProject } from '../projects/queries.ts';
import { pick } from '../samplings/pick.ts';
import { sampleQueue } from '../samplings/sampling.ts';
import type { AssignmentRow, Standing } from '../tasks/queries/assignment.ts';
import type { Chance, Result, WorkKind } from '../tasks/work-kind.ts';
import * as queries from './queries.ts';

/** Seeds are from 0 up to, not including, this. */
const seeds = 2 ** 31;

/** Chats as work: an opening prompt, or none; the tree of what was said; and the message picked from it to be compared. */
export const chatWork: WorkKind = {
  kind: 'chat',

  view({ conversation }: AssignmentRow): ChatTask {
    return { conversation };
  },

  async result({ id, projectId }: Standing, submission: Submission, chance: Chance): Promise<Result> {
    if (!('leafId' in submission)) throw invalid('leafId', 'is required: this assignment is a chat');
    const { db, random, jobs } = chance;
    const { leafId, comment = null } = submission;
    const [messages, generations, round, project] = await Promise.all([
      queries.selectMessages(db, id),
      queries.selectGenerations(db, id),
      queries.selectRoundOf(db, id),
      selectProject(db, projectId),
    ]);
    if (generations.some(({ state }) => state === 'waiting' || state === 'streaming'))
      throw new Refusal('conflict', 'The model is still answering: wait for that, or stop it.');
    const leaf = messages.find((message) => message.id === leafId);
    if (leaf === undefined) throw invalid('leafId', 'there is no such message in this chat');
    if (!messages.some(({ authorKind }) => authorKind === 'model'))
      throw invalid('leafId', 'the model has not said anything yet');
    if (project === null) throw new Error(`the project of assignment ${id} is missing`);

    const ids = generations.map((generation) => generation.id);
    const stopped = new Set(
      generations
        .filter(({ state, finishReason }) => state !== 'done' || finishReason === 'blocked')
        .map(({ id }) => id),
    );
    const notToPick = {
      stopped,
      reported: await reportedAmong(db, ids),
      blocked: await queries.selectBlocked(db, ids),
    };
    const pickSeed = Math.floor(random() * seeds);
    const picked = round === null ? null : pick(messages, project.pick, notToPick, pickSeed);
    const samplingId = picked === null ? null : newId();
    return {
      statement: queries.submitChat,
      values: [
        newId(),
        leafId,
        comment,
        samplingId,
        picked?.messageId ?? null,
        picked?.parentId ?? null,
        pickSeed,
        picked?.from ?? null,
        // Also of a chat in which the trainer wrote nothing, but had the model answer the opening.
        project.rankOwnChats ? [] : [...new Set(generations.flatMap(({ trainerId }) => trainerId ?? []))],
        JSON.stringify(round?.mix ?? []),
        project.completionsPerComparison - 1,
        Math.floor(random() * seeds),
      ],
      ...(samplingId !== null && { also: (tx: Database) => jobs.send(tx, sampleQueue, [{ samplingId }]) }),
    };
  },

  async submission(db: Database, { id }: Standing): Promise<Draft> {
    const ending = await queries.selectEnding(db, id);
    if (ending === null) return {};
    return { leafId: ending.leafId, ...(ending.comment !== null && { comment: ending.comment }) };
  },
};
