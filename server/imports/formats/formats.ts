import type { ImportFormat } from '../../../shared/imports.ts';
import { readComparison } from './comparisons.ts';
import { readConversation } from './conversations.ts';
import type { ImportedConversation } from './imported.ts';
import { readTree } from './oasst.ts';
import { readPrompt } from './prompts.ts';

export interface Format {
  /** Ids of different families do not meet: a prompt and a comparison of one data set often share theirs. */
  family: string;
  /** Throws `BadRecord`. */
  read: (value: unknown) => ImportedConversation;
}

export const formats: Record<ImportFormat, Format> = {
  prompts: { family: 'prompt', read: readPrompt },
  conversations: { family: 'conversation', read: readConversation },
  comparisons: { family: 'comparison', read: readComparison },
  oasst: { family: 'oasst', read: readTree },
};
