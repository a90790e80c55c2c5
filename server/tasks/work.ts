import { taskKinds } from '../../shared/projects.ts';
import type { WorkItem } from '../../shared/tasks.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import type { Database } from '../db/database.ts';
import { invalid } from '../problem.ts';
import { reopenUntil } from './assignment.ts';
import { workBegun, workEnded, type WorkRow, workSums } from './queries/work.ts';

type Sums = Record<(typeof taskKinds)[number] | 'activeMs', number>;

export interface Work {
  today: Sums;
  total: Sums;
  begun: WorkItem[];
  items: WorkItem[];
  next: string | null;
}

/** What a trainer did: sums since a moment and in all, what is begun, and a page of what is finished. */
export async function myWork(
  db: Database,
  user: SignedIn,
  request: { since: string; projectId?: string | undefined; after?: string | undefined; limit: number },
  clock: () => Date,
): Promise<Work> {
  const { since, projectId = null, limit } = request;
  const after = request.after === undefined ? null : cursorOf(request.after);
  const [sums, begun, rows] = await Promise.all([
    workSums(db, user.id, new Date(since), projectId),
    workBegun(db, user.id, projectId),
    workEnded(db, user.id, projectId, after, limit + 1),
  ]);
  const today: Sums = { demonstration: 0, chat: 0, comparison: 0, review: 0, activeMs: 0 };
  const total: Sums = { ...today };
  for (const sum of sums) {
    today[sum.kind] = sum.today;
    total[sum.kind] = sum.total;
    today.activeMs += sum.todayMs;
    total.activeMs += sum.totalMs;
  }
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return {
    today,
    total,
    begun: begun.map((row) => itemView(row, clock())),
    items: items.map((row) => itemView(row, clock())),
    next: rows.length > limit && last?.endedAt ? `${last.endedAt.toISOString()}_${last.id}` : null,
  };
}

function itemView({ reopenMinutes, endedAt, ...row }: WorkRow, now: Date): WorkItem {
  const until = endedAt && reopenUntil(row.state, endedAt, reopenMinutes);
  return {
    ...row,
    endedAt: endedAt?.toISOString() ?? null,
    reopenUntil: until && until > now ? until.toISOString() : null,
  };
}

function cursorOf(text: string): { endedAt: Date; id: string } {
  const [moment = '', id = ''] = text.split('_');
  const endedAt = new Date(moment);
  if (Number.isNaN(endedAt.getTime()) || !/^[0-9a-f-]{36}$/.test(id))
    throw invalid('after', 'is no place to go on from');
  return { endedAt, id };
}
