import type { ImportFormat } from '../../../shared/imports.ts';
import { readComparison } from './comparisons.ts';
import { readConversation } from './conversations.ts';
import { readTranscripts } from './hh.ts';
import { readAlpaca, readDolly } from './instructions.ts';
import type { ImportedConversation } from './imported.ts';
import { readTree } from './oasst.ts';
import { readPrompt } from './prompts.ts';
import { readShareGpt } from './sharegpt.ts';

export interface Format {
  /** Ids of different families do not meet: a prompt and a comparison of one data set often share theirs. */
  family: string;
  /** Throws `BadRecord`. */
  read: (value: unknown) => ImportedConversation;
}

/** Those of which each line is a conversation; raw data is read by `RawIntake`. */
export const formats: Record<Exclude<ImportFormat, 'raw'>, Format> = {
  prompts: { family: 'prompt', read: readPrompt },
  conversations: { family: 'conversation', read: readConversation },
  comparisons: { family: 'comparison', read: readComparison },
  oasst: { family: 'oasst', read: readTree },
  sharegpt: { family: 'sharegpt', read: readShareGpt },
  alpaca: { family: 'alpaca', read: readAlpaca },
  dolly: { family: 'dolly', read: readDolly },
  hh: { family: 'hh', read: readTranscripts },
};
