import {
  type ModerationAction,
  moderationActions,
  type ModerationCategory,
  moderationCategories,
} from '../../shared/moderation-terms.ts';
import type { Verdict } from '../../shared/moderation.ts';
import type { ModerationSettings } from '../../shared/projects.ts';
import type { Context } from '../context.ts';
import type { Database } from '../db/database.ts';
import { modelOf } from '../models/models.ts';
import { invalid, type Refusal, rootCause } from '../problem.ts';
import { insertVerdict, selectVerdicts } from './queries.ts';
import { categoriesByRules } from './rules.ts';

/** What moderation says of a text that it does not simply pass. */
export interface Judgement {
  /** `rules`, or the name of the model that judged. */
  source: string;
  /** Those that the project does not ignore. */
  categories: ModerationCategory[];
  /** The strictest that the project has for them; never `ignore`. */
  action: ModerationAction;
}

type Judges = Pick<Context, 'db' | 'models' | 'log'>;
interface Judged {
  moderation: ModerationSettings;
}
interface Found {
  source: string;
  categories: ModerationCategory[];
}

const byRules = 'rules';
/** How long a moderation server may take, in milliseconds, for all the texts that are judged together. */
const judgeWithin = 5_000;

/**
 * What the project's moderation says of a text; null where it has nothing to say. Where a moderation server is set and fails,
 * the log says so, and the built-in rules judge instead.
 */
export async function judge(context: Judges, project: Judged, text: string): Promise<Judgement | null> {
  const [judgement = null] = await judgeAll(context, project, [text]);
  return judgement;
}

/** The same for several texts at once, each with its own judgement. */
export async function judgeAll(
  context: Judges,
  project: Judged,
  texts: readonly string[],
): Promise<(Judgement | null)[]> {
  if (texts.length === 0 || heeded(project).length === 0) return texts.map(() => null);
  return (await findAll(context, project, texts)).map((found) => judgementOf(project, found));
}

/**
 * What the built-in rules say, at once, of a text that is still being written: its last word is left out, for it may go on.
 * Takes some 10 ms for 100,000 characters: not to be asked at every token of a long text.
 */
export function judgeByRules(project: Judged, text: string): Judgement | null {
  if (heeded(project).length === 0) return null;
  const whole = text.slice(0, text.search(/\S*$/));
  return judgementOf(project, { source: byRules, categories: categoriesByRules(whole) });
}

/** What is found in a text, whether or not the project heeds it, and what the project does with that. */
export async function tryModeration(
  context: Judges,
  project: Judged,
  text: string,
): Promise<Found & { action: ModerationAction }> {
  const [found = { source: byRules, categories: [] }] = await findAll(context, project, [text]);
  return { ...found, action: strictest(project, found.categories) };
}

/** The refusal of a text that is blocked. `path` as in `messages.0.content`. */
export function blocked(path: string, { categories }: Pick<Judgement, 'categories'>): Refusal {
  const named = categories.map((category) => inWords[category]).join(', ');
  return invalid(path, `was stopped by this project’s moderation: ${named}. What you wrote is kept for you to change`);
}

const inWords: Record<ModerationCategory, string> = {
  harassment: 'harassment',
  hate: 'hate',
  illicit: 'help with crime',
  'self-harm': 'self-harm',
  sexual: 'sexual content',
  'sexual/minors': 'sexual content with minors',
  violence: 'violence',
};

/**
 * Keeps what was said of a message, or of the generation that becomes it. A later judgement of the same message takes the
 * place of an earlier one, unless that one is disputed by now.
 */
export async function keepVerdict(
  db: Database,
  projectId: string,
  messageId: string,
  judgement: Judgement,
): Promise<void> {
  await insertVerdict(db, { projectId, messageId, ...judgement });
}

/** What was said of messages, as this person sees it. */
export async function verdictsOf(db: Database, messageIds: string[], userId: string): Promise<Map<string, Verdict>> {
  if (messageIds.length === 0) return new Map();
  const rows = await selectVerdicts(db, messageIds, userId);
  return new Map(rows.map(({ messageId, ...verdict }) => [messageId, verdict]));
}

async function findAll({ db, models, log }: Judges, project: Judged, texts: readonly string[]): Promise<Found[]> {
  const { modelId } = project.moderation;
  if (modelId !== null)
    try {
      const model = await modelOf(db, modelId);
      if (model.provider !== 'moderations') throw new Error('the model set for moderation judges no texts');
      const signal = AbortSignal.timeout(judgeWithin);
      return await Promise.all(
        texts.map(async (text) => ({ source: model.name, categories: await models.judge(model, text, signal) })),
      );
    } catch (error) {
      log.warn({ err: rootCause(error), modelId }, 'the moderation server failed; the built-in rules judged instead');
    }
  return texts.map((text) => ({ source: byRules, categories: categoriesByRules(text) }));
}

function judgementOf(project: Judged, { source, categories }: Found): Judgement | null {
  const some = heeded(project).filter((category) => categories.includes(category));
  return some.length === 0 ? null : { source, categories: some, action: strictest(project, some) };
}

/** The categories that a project does not ignore. */
function heeded({ moderation: { actions } }: Judged): ModerationCategory[] {
  return moderationCategories.filter((category) => (actions[category] ?? 'ignore') !== 'ignore');
}

function strictest({ moderation: { actions } }: Judged, categories: readonly ModerationCategory[]): ModerationAction {
  const taken = categories.map((category) => moderationActions.indexOf(actions[category] ?? 'ignore'));
  return moderationActions[Math.max(0, ...taken)] ?? 'ignore';
}
