import type { ReportReason } from '../../../shared/feedback.ts';

/** What a report says of a message, as admins read it. */
export const reasonNames: Record<ReportReason, string> = {
  harmful: 'Harmful',
  false: 'Not true',
  refused_wrongly: 'Refused wrongly',
  moderation_wrong: 'Moderation was wrong',
};
