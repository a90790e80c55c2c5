import { Readable } from 'node:stream';
import type { Feedback, FeedbackItem } from '../../shared/feedback.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import type { Database } from '../db/database.ts';
import { invalid, notFound } from '../problem.ts';
import { pages } from '../releases/pages.ts';
import * as queries from './queries.ts';

/**
 * Says what a trainer thinks of a model-written message of their own chat, in the place of what they said before; saying
 * nothing takes it back. Throws `not_found` for any other message.
 */
export async function giveFeedback(
  db: Database,
  user: SignedIn,
  messageId: string,
  feedback: Feedback,
  clock: () => Date,
): Promise<Feedback> {
  const projectId = await queries.projectOfOwn(db, messageId, user.id);
  if (projectId === null) throw notFound('message');
  if (feedback.thumb === null && feedback.text === '' && feedback.report === null)
    await queries.removeFeedback(db, messageId, user.id, clock());
  // Said in two tabs at once: the one that comes second is put in the place of the first.
  else while (!(await queries.putFeedback(db, { projectId, messageId, userId: user.id, feedback, now: clock() })));
  return feedback;
}

/** What a person said of these messages; those that they said nothing of are absent. */
export async function feedbackOf(db: Database, messageIds: string[], userId: string): Promise<Map<string, Feedback>> {
  if (messageIds.length === 0) return new Map();
  const rows = await queries.selectFeedback(db, messageIds, userId);
  return new Map(rows.map(({ messageId, feedback }) => [messageId, feedback]));
}

/** Those of the messages that anybody reported, for whatever reason. */
export async function reportedAmong(db: Database, messageIds: string[]): Promise<Set<string>> {
  return new Set(messageIds.length === 0 ? [] : await queries.selectReported(db, messageIds));
}

/** A page of feedback, the newest first, with sums for each model. `next` as in the request for the page that follows. */
export async function listFeedback(
  db: Database,
  project: { id: string },
  { kind, before = null, limit }: { kind: queries.FeedbackKind; before?: string | null | undefined; limit: number },
): Promise<{ sums: queries.FeedbackSum[]; items: FeedbackItem[]; next: string | null }> {
  if (before !== null && !/^[0-9a-f-]{36}$/.test(before)) throw invalid('before', 'is no place to go on from');
  const [sums, rows] = await Promise.all([
    queries.feedbackSums(db, project.id),
    queries.newestFeedback(db, project.id, kind, before, limit + 1),
  ]);
  const items = rows.slice(0, limit);
  return { sums, items, next: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
}

/** All feedback of a project as JSON lines, the oldest first. It reads on only as far as it is read. */
export function exportFeedback(db: Database, project: { id: string }): Readable {
  return Readable.from(feedbackLines(db, project.id), { highWaterMark: 2 });
}

async function* feedbackLines(db: Database, projectId: string): AsyncGenerator<string> {
  for await (const { rows } of pages(async (after, limit) => {
    const rows = await queries.nextFeedback(db, projectId, after, limit);
    return { rows, size: rows.reduce((sum, row) => sum + sizeOf(row), 0) };
  }))
    yield rows.map(feedbackLine).join('');
}

/** Much as the exports of comparisons have it: the path as messages, and the completion as one. */
function feedbackLine({ prompt, completion, model, feedback, trainer }: queries.FeedbackLine): string {
  const { thumb, text, report } = feedback;
  const said = [{ role: 'assistant', content: completion }];
  return `${JSON.stringify({ prompt, completion: said, model, thumb, text, report, trainer })}\n`;
}

function sizeOf({ prompt, completion, feedback }: queries.FeedbackLine): number {
  const before = prompt.reduce((sum, { content }) => sum + content.length, 0);
  return before + completion.length + feedback.text.length + (feedback.report?.text.length ?? 0);
}
