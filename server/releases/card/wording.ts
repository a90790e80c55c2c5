import type { ReleaseDefinition, ReleaseFilter } from '../../../shared/releases.ts';
import { code, count, inline, plural } from './markdown.ts';

/*
 * A release's definition in sentences, for people who read the card. Values that somebody typed are made safe for Markdown.
 */

/** What the filter asks, a phrase each; none where it takes everything. */
export function filterWords(filter: ReleaseFilter): string[] {
  const { overall, minAgreement, minRankings, minCharacters, maxCharacters, from, until } = filter;
  const anyOf = (what: string, values: readonly (string | number)[]): string[] =>
    values.length === 0 ? [] : [`${what} ${values.map((value) => code(String(value))).join(', ')}`];
  const bound = (what: string, min: number | null, max: number | null): string[] =>
    min === null && max === null
      ? []
      : [[what, min === null ? '' : ` at least ${count(min)}`, max === null ? '' : ` at most ${count(max)}`].join('')];
  return [
    ...anyOf('made in a round of', filter.rounds),
    ...anyOf('from tasks of the kind', filter.taskKinds),
    ...bound('with a mean overall rating of', overall?.min ?? null, overall?.max ?? null),
    ...anyOf('without the flags', filter.withoutFlags),
    ...anyOf('with one of the flags', filter.withFlags),
    ...bound('with an agreement in a hundred of', minAgreement, null),
    ...bound('with rankings,', minRankings, null),
    ...(filter.trainers.length > 0 ? [`by ${plural(filter.trainers.length, 'chosen trainer')} only`] : []),
    ...(filter.withoutTrainers.length > 0 ? [`without ${plural(filter.withoutTrainers.length, 'trainer')}`] : []),
    ...anyOf('written by', filter.origins),
    ...anyOf('in the languages', filter.languages),
    ...bound('with characters,', minCharacters, maxCharacters),
    ...anyOf('imported from', filter.sources),
    ...(from === null ? [] : [`made from ${inline(from)} on`]),
    ...(until === null ? [] : [`made before ${inline(until)}`]),
  ];
}

/** What becomes of ties and of several rankings; null for kinds that rank nothing. */
export function tieWords({ kind, format, rankings }: ReleaseDefinition): string | null {
  if (kind !== 'comparisons') return null;
  const several = {
    each: 'Every ranking makes rows of its own, so a comparison that several people ranked weighs more.',
    majority:
      'Of each two completions of a comparison, the one that more rankings place above the other is better; as many for each is a tie.',
    consensus:
      'The rankings of a comparison are put together into one by ranked pairs (Tideman); ties of strength are broken by the ids of the completions.',
  }[rankings];
  const tied =
    format === 'kwise' || format === 'oasst'
      ? 'Completions that are tied share a rank.'
      : 'Two completions that are tied make no pair.';
  return `${several} ${tied}`;
}

/** How it was split, in sentences. */
export function splitWords({ split }: ReleaseDefinition): string {
  const { train, validation, test, heldOutTrainers } = split;
  const rest = Math.round((100 - train - validation - test) * 1_000) / 1_000;
  return [
    'A row is in the split that a hash of its near-duplicate group gives: all conversations whose beginnings are nearly the same are one group.',
    'So no conversation, and no two that begin nearly alike, are in two splits, and every kind of dataset of this project is split the same way.',
    `Shares of the groups: train ${train} %, validation ${validation} %, test ${test} %${rest > 0 ? `, left out ${rest} %` : ''}.`,
    ...(heldOutTrainers.length > 0
      ? [
          `Rows with work of ${plural(heldOutTrainers.length, 'held-out trainer')} are in a split of their own, ${code('held_out')}.`,
        ]
      : []),
  ].join(' ');
}

/** What was done about duplicates, sources and benchmarks; empty where nothing was. */
export function hygieneWords({ hygiene }: ReleaseDefinition): string[] {
  const { exactDuplicates, nearDuplicates, perSource, perTrainer, benchmarks } = hygiene;
  return [
    ...(exactDuplicates === 'drop' ? ['Of rows with the same text, the first is kept.'] : []),
    ...(nearDuplicates === 'drop'
      ? ['Of conversations that begin nearly alike, those that begin just as the first are kept.']
      : []),
    ...(perSource === null ? [] : [`At most ${plural(perSource, 'row')} of one import source are kept.`]),
    ...(perTrainer === null ? [] : [`At most ${plural(perTrainer, 'row')} with work of one trainer are kept.`]),
    ...(benchmarks.length === 0
      ? []
      : [`Rows that hold a prompt of ${plural(benchmarks.length, 'uploaded benchmark list')} are left out.`]),
  ];
}

/** What was done about personal data, and under which names people stand. */
export function personalWords({ hygiene, names }: ReleaseDefinition): string {
  const { pii, piiKinds } = hygiene;
  const kinds = piiKinds.map(code).join(', ');
  const scanned = {
    keep: 'Texts were not searched for personal data: what people wrote stands as they wrote it.',
    mark: `Texts were searched for personal data (${kinds}); a column names the kinds that were found, and the texts stand as they were.`,
    mask: `Texts were searched for personal data (${kinds}); what was found is replaced by its kind in brackets.`,
    leave_out: `Texts were searched for personal data (${kinds}); rows in which some was found are left out.`,
  }[pii];
  const known = pii === 'keep' ? '' : ' The search goes by patterns and finds neither names nor everything else.';
  const people =
    names === 'pseudonyms'
      ? 'Trainers stand under pseudonyms, the same in every release of this server.'
      : 'Trainers stand under their names.';
  return `${scanned}${known} ${people}`;
}
