import type { Context } from '../context.ts';
import type { Database } from '../db/database.ts';
import type { ModerationSettings } from '../../shared/projects.ts';
import { blocked, judgeAll, keepVerdict } from './judge.ts';

/**
 * Judges what a trainer wrote before it is stored. `index` names a message in a refusal, `id` the one that will be stored.
 * Returns how to keep the verdicts once it is; null where there are none. Throws `invalid` for the first that is blocked.
 */
export async function judgeWritten(
  context: Pick<Context, 'db' | 'models' | 'log'>,
  project: { projectId: string; moderation: ModerationSettings },
  written: readonly { index: number; id: string; content: string }[],
): Promise<((tx: Database) => Promise<void>) | null> {
  const judged = await judgeAll(
    context,
    project,
    written.map(({ content }) => content),
  );
  const verdicts = written.flatMap((message, n) => {
    const judgement = judged[n] ?? null;
    return judgement === null ? [] : [{ ...message, judgement }];
  });
  const stopped = verdicts.find(({ judgement }) => judgement.action === 'block');
  if (stopped) throw blocked(`messages.${stopped.index}.content`, stopped.judgement);
  if (verdicts.length === 0) return null;
  return async (tx) => {
    for (const { id, judgement } of verdicts) await keepVerdict(tx, project.projectId, id, judgement);
  };
}
