import { newId } from '../db/ids.ts';
import { nextRole, type Message } from '../../shared/conversations.ts';
import type { Output, Parsed } from '../../shared/endpoint.ts';
import type { suggest as suggestEndpoint } from '../../shared/suggestions.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import type { Context } from '../context.ts';
import { transaction } from '../db/database.ts';
import { invalid, Refusal } from '../problem.ts';
import { projectFor } from '../projects/projects.ts';
import { currentRound } from '../rounds/rounds.ts';
import { insertGenerations } from '../streams/queries.ts';
import { noLongerOpen, standingOf } from '../tasks/assignment.ts';
import { positions } from '../tasks/claim.ts';
import type { Standing } from '../tasks/queries/assignment.ts';

import { countUnfinished, lockAssignment } from './queries.ts';
import { checkTurns, givenMessages } from './work.ts';

/** So many suggestions of one assignment are written at the same time. */
const unfinishedAtOnce = 8;

/**
 * Has the round's model suggest the turn that follows, several times over. Throws `not_found`, `archived`, `invalid` naming
 * the field, `too_many_requests` while many are being written, and `conflict` where there is nothing to suggest for or
 * nobody to do it.
 */
export async function suggest(
  context: Pick<Context, 'db' | 'streams' | 'clock' | 'random'>,
  user: SignedIn,
  assignmentId: string,
  { messages, role, count }: Parsed<typeof suggestEndpoint>['body'],
): Promise<Output<typeof suggestEndpoint>> {
  const { db, streams, clock, random } = context;
  const standing = await standingOf(db, user, assignmentId);
  const { kind, state, projectId } = standing;
  if (kind !== 'demonstration') throw new Refusal('conflict', `Suggestions are for demonstrations; this is a ${kind}.`);
  if (state !== 'active' && state !== 'expired') throw noLongerOpen(state);
  if ((await projectFor(db, user, projectId)).archived)
    throw new Refusal('archived', 'The project is archived: no model is asked any more.');
  checkAsked(messages, role, standing);
  const round = await currentRound(db, projectId);
  if (round === null) throw new Refusal('conflict', 'No model is set up for this project yet.');
  const { policyModel: model } = round;
  const first = Math.floor(random() * positions);
  const generations = await transaction(db, async (tx) => {
    await lockAssignment(tx, assignmentId);
    if ((await countUnfinished(tx, assignmentId)) + count > unfinishedAtOnce)
      throw new Refusal(
        'too_many_requests',
        `At most ${unfinishedAtOnce} suggestions are written at a time. Wait until some are finished, or stop them.`,
        [],
        { retryAfter: 5 /* seconds */ },
      );
    return insertGenerations(
      tx,
      Array.from({ length: count }, (_, index) => ({
        ...{ id: newId(), purpose: 'suggestion' as const, projectId, roundId: round.id, modelId: model.id },
        ...{ trainerId: user.id, assignmentId, role, prompt: messages, parameters: model.parameters },
        ...{ seed: (first + index) % positions, state: 'waiting' as const, owner: streams.owner, createdAt: clock() },
      })),
    );
  });
  return {
    suggestions: generations.map((generation) => streams.run(generation, model)),
    demo: model.provider === 'replay',
  };
}

/** Throws `invalid` where no demonstration can go on like this. */
function checkAsked(messages: readonly Message[], role: 'user' | 'assistant', { prompt, limits }: Standing): void {
  const given = givenMessages(messages, prompt);
  checkTurns(messages, given, { ...limits, maxTurns: Math.max(limits.maxTurns, given.size + 1) - 1 });
  const next = nextRole(messages);
  if (role !== next) throw invalid('role', `it is the turn of the ${next} here, not of the ${role}`);
}
