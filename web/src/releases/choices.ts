import type { Output } from '../../../shared/endpoint.ts';
import type { releaseChoices } from '../../../shared/releases.ts';

/** What a definition can name. */
export type Choices = Output<typeof releaseChoices>;

/** Imported dialogues that can be mixed in, as one text. */
export function instructionWords({ project, source }: Choices['instructions'][number]): string {
  return source === null ? `${project}: all that is imported` : `${project}: ${source}`;
}
