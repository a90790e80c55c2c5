import type { Context } from '../context.ts';
import { judge, judgeByRules, keepVerdict } from './judge.ts';
import { selectProject } from '../projects/queries.ts';
import type { GenerationRow, Inspection } from '../streams/streams.ts';

/** A growing text is judged by so many UTF-16 code units at its end: what was before them has been looked at. */
const looksBack = 1_000;

const nothing: Inspection = { stops: () => false, ended: () => Promise.resolve(false) };

/** Has moderation look at what a model says to somebody. Alternatives, which nobody sees yet, are looked at where they are sampled. */
export async function inspectAnswer(
  context: Pick<Context, 'db' | 'models' | 'log'>,
  generation: GenerationRow,
): Promise<Inspection> {
  const { id, projectId } = generation;
  const project = await selectProject(context.db, projectId);
  if (project === null) return nothing;
  return {
    // A moderation server is asked once the answer is whole; the built-in rules are at hand for every few words of it.
    stops: (text) =>
      project.moderation.modelId === null && judgeByRules(project, text.slice(-looksBack))?.action === 'block',
    async ended(text) {
      const judgement = text === '' ? null : await judge(context, project, text);
      if (judgement !== null) await keepVerdict(context.db, projectId, id, judgement);
      return judgement?.action === 'block';
    },
  };
}
