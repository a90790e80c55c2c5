import type { KindProgress, Project, TaskKind } from '../../../shared/projects.ts';
import type { QueueReason } from '../../../shared/tasks.ts';

/** What each kind of task is called where its progress is told. */
export const kindNames: Record<TaskKind, string> = {
  demonstration: 'Demonstrations',
  chat: 'Chats',
  comparison: 'Comparisons',
  review: 'Reviews',
};

/** The kinds that have a page to work on, with that page and the word on its button, most wanted first. */
export const workKinds = [
  { kind: 'comparison', route: '/projects/:projectId/rank', verb: 'Rank', key: 'r' },
  { kind: 'demonstration', route: '/projects/:projectId/write', verb: 'Write', key: 'w' },
  { kind: 'chat', route: '/projects/:projectId/chat', verb: 'Chat', key: 'c' },
] as const satisfies { kind: TaskKind; route: string; verb: string; key: string }[];

/** Places that nobody has done or holds; they need not be for everyone. */
export function open({ wanted, submitted, inHand }: KindProgress): number {
  return Math.max(0, wanted - submitted - inHand);
}

/** Whether the round that runs asks for this kind; without one, every kind is handed out. */
export function wants(round: Project['round'], kind: TaskKind): boolean {
  return round === null || round.kinds.includes(kind);
}

/** Why there is nothing to do, as told to the person who wants to work. */
export const reasons: Record<Exclude<QueueReason, 'open'>, string> = {
  none: 'None were made yet.',
  done: 'All are done.',
  in_hands: 'The rest is in other hands and may come back.',
  share: 'You have done your share of what is left.',
  authored: 'You wrote what is left, so others have to judge it.',
  not_wanted: 'The round that runs does not ask for these.',
  archived: 'The project is archived.',
};
