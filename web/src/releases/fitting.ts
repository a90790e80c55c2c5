import type { TaskKind } from '../../../shared/projects.ts';
import type { ReleaseFormat, ReleaseKind, SftPart, unpairedBys } from '../../../shared/releases.ts';

interface Chosen {
  readonly kind: ReleaseKind;
  readonly format: ReleaseFormat;
  readonly parts: readonly SftPart[];
  readonly unpairedBy: (typeof unpairedBys)[number];
}

/** Which parts of a definition mean something for what is chosen. */
export function fitting({ kind, format, parts, unpairedBy }: Chosen) {
  const all = kind === 'raw';
  const best = kind === 'sft' && parts.includes('best');
  const judged = kind === 'unpaired' && unpairedBy !== 'thumbs';
  const compared = kind === 'comparisons' || kind === 'ratings' || best || judged;
  return {
    parts: kind === 'sft',
    mix: kind === 'sft' && format !== 'oasst',
    /** Several rankings of one comparison become one only where rankings are what is asked for. */
    policy: kind === 'comparisons' || best || (kind === 'unpaired' && unpairedBy === 'best_worst'),
    unpaired: kind === 'unpaired',
    filter: !all,
    rubric: compared,
    rankings: compared,
    taskKinds: taskKindsOf[kind],
    split: !all,
    hygiene: !all,
    /** Whether it has columns. */
    parquet: !all && format !== 'oasst',
  };
}

/** Kinds of task that rows of a kind of release can come from; what is imported comes from none. */
const taskKindsOf: Record<ReleaseKind, readonly TaskKind[]> = {
  sft: ['demonstration', 'chat', 'comparison'],
  comparisons: ['comparison'],
  unpaired: ['chat', 'comparison'],
  ratings: ['comparison'],
  prompts: ['demonstration', 'chat', 'comparison'],
  feedback: [],
  raw: [],
};
