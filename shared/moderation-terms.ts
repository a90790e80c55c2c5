import { z } from 'zod';

/** The categories of the moderations protocol, those below one of them counted with it. */
export const moderationCategories = [
  'harassment',
  'hate',
  'illicit',
  'self-harm',
  'sexual',
  'sexual/minors',
  'violence',
] as const;
export const moderationCategory = z.enum(moderationCategories);
export type ModerationCategory = z.infer<typeof moderationCategory>;

/** What is done with a text of a category, from least to most. */
export const moderationActions = ['ignore', 'warn', 'collapse', 'block'] as const;
export const moderationAction = z.enum(moderationActions);
export type ModerationAction = z.infer<typeof moderationAction>;
