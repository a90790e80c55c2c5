import type { ReleaseFilter } from '../../shared/releases.ts';
import type { Example, Facts } from './examples.ts';

/** What was said of a completion, or of the better one of a pair, by all who rated it. */
export interface Quality {
  /** The mean overall rating; null where nobody gave one. */
  readonly overall: number | null;
  /** Raised by anyone. */
  readonly flags: ReadonlySet<string>;
}

export const unrated: Quality = { overall: null, flags: new Set() };

const allows = <T>(wanted: readonly T[], value: T | null): boolean =>
  wanted.length === 0 || (value !== null && wanted.includes(value));

/** Whether the facts of an example are wanted. `characters`: of all its texts, in UTF-16 code units. */
export function passesFacts(filter: ReleaseFilter, facts: Facts, characters: number): boolean {
  const { rounds, taskKinds, trainers, withoutTrainers, origins, languages, sources } = filter;
  const { minCharacters, maxCharacters, from, until } = filter;
  const at = facts.createdAt.getTime();
  return (
    allows(rounds, facts.round ?? 0) &&
    allows(taskKinds, facts.task) &&
    allows(origins, facts.origin) &&
    allows(languages, facts.language) &&
    allows(sources, facts.source) &&
    (trainers.length === 0 || facts.trainers.some((id) => trainers.includes(id))) &&
    !facts.trainers.some((id) => withoutTrainers.includes(id)) &&
    (minCharacters === null || characters >= minCharacters) &&
    (maxCharacters === null || characters <= maxCharacters) &&
    (from === null || at >= Date.parse(from)) &&
    (until === null || at < Date.parse(until))
  );
}

/** Whether the ratings are wanted. What nobody rated is wanted only where nothing is asked of ratings. */
export function passesQuality({ overall, withFlags, withoutFlags }: ReleaseFilter, quality: Quality): boolean {
  if (withoutFlags.some((flag) => quality.flags.has(flag))) return false;
  if (withFlags.length > 0 && !withFlags.some((flag) => quality.flags.has(flag))) return false;
  if (overall === null || (overall.min === null && overall.max === null)) return true;
  return (
    quality.overall !== null &&
    quality.overall >= (overall.min ?? -Infinity) &&
    quality.overall <= (overall.max ?? Infinity)
  );
}

/** Whether one person's ranking is looked at: the filter by trainers and dates holds for each by itself. */
export function passesRanking(
  { trainers, withoutTrainers, from, until }: ReleaseFilter,
  { trainerId, at }: { trainerId: string | null; at: Date },
): boolean {
  return (
    allows(trainers, trainerId) &&
    (trainerId === null || !withoutTrainers.includes(trainerId)) &&
    (from === null || at.getTime() >= Date.parse(from)) &&
    (until === null || at.getTime() < Date.parse(until))
  );
}

/** Of all its texts together, in UTF-16 code units. */
export function charactersOf(example: Example): number {
  switch (example.shape) {
    case 'dialogue':
      return lengthOf(example.turns);
    case 'tree':
      return lengthOf(example.messages);
    case 'prompt':
      return lengthOf(example.prompt);
    case 'pair':
      return lengthOf(example.prompt) + example.chosen.content.length + example.rejected.content.length;
    case 'ranked':
      return lengthOf(example.prompt) + lengthOf(example.completions);
    case 'judged':
    case 'rated':
    case 'said':
      return lengthOf(example.prompt) + example.completion.content.length;
  }
}

function lengthOf(messages: readonly { content: string }[]): number {
  let length = 0;
  for (const { content } of messages) length += content.length;
  return length;
}

/** All texts of an example, in their order. */
export function textsOf(example: Example): string[] {
  switch (example.shape) {
    case 'dialogue':
      return example.turns.map(({ content }) => content);
    case 'tree':
      return example.messages.map(({ content }) => content);
    case 'prompt':
      return example.prompt.map(({ content }) => content);
    case 'pair':
      return [...example.prompt.map(({ content }) => content), example.chosen.content, example.rejected.content];
    case 'ranked':
      return [...example.prompt, ...example.completions].map(({ content }) => content);
    case 'judged':
    case 'rated':
    case 'said':
      return [...example.prompt.map(({ content }) => content), example.completion.content];
  }
}
