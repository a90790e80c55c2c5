import { releaseDefinition, type ReleaseDefinition } from '../../../shared/releases.ts';
import { kindNames } from '../projects/kinds.ts';
import { count, moment } from '../ui/figures.ts';
import { instructionWords, type Choices } from './choices.ts';
import {
  compressionWords,
  handlingWords,
  languageWords,
  originWords,
  partWords,
  piiWords,
  policyWords,
  unpairedWords,
} from './words.ts';

interface Line {
  name: string;
  says: string;
}

/** A definition in words: only where it differs from what is usual for its kind. Ids are named as far as `choices` knows them. */
export function definitionLines(stored: ReleaseDefinition, choices: Choices | null): Line[] {
  // The database keeps the members of an object in an order of its own.
  const definition = releaseDefinition.parse(stored);
  const usual = releaseDefinition.parse({ kind: definition.kind, format: definition.format });
  const lines: Line[] = [];
  const tell = (name: string, value: unknown, before: unknown, says: () => string): void => {
    if (JSON.stringify(value) !== JSON.stringify(before)) lines.push({ name, says: says() });
  };
  const trainers = (ids: readonly string[]): string =>
    ids.map((id) => choices?.trainers.find((one) => one.id === id)?.name ?? id).join(', ');
  const flags = (keys: readonly string[]): string =>
    keys.map((key) => choices?.flags.find((one) => one.key === key)?.label ?? key).join(', ');

  const { filter, split, hygiene, unpaired } = definition;
  tell('Taken from', definition.parts, usual.parts, () => definition.parts.map((part) => partWords[part]).join(', '));
  tell('Several rankings', definition.rankings, usual.rankings, () => policyWords[definition.rankings].name);
  tell('Good or bad by', unpaired, usual.unpaired, () =>
    unpaired.by === 'ratings'
      ? `overall rating: good from ${unpaired.goodFrom}, bad up to ${unpaired.badUpTo}`
      : unpairedWords[unpaired.by].name,
  );
  tell('Rounds', filter.rounds, [], () => filter.rounds.map((round) => (round === 0 ? 'before 1' : round)).join(', '));
  tell('From tasks', filter.taskKinds, [], () => filter.taskKinds.map((kind) => kindNames[kind]).join(', '));
  tell('Origin', filter.origins, [], () => filter.origins.map((origin) => originWords[origin]).join(', '));
  tell('Languages', filter.languages, [], () => filter.languages.map(languageWords).join(', '));
  tell('Sources', filter.sources, [], () => filter.sources.join(', '));
  tell('Only of', filter.trainers, [], () => trainers(filter.trainers));
  tell('Nothing of', filter.withoutTrainers, [], () => trainers(filter.withoutTrainers));
  tell('Characters', [filter.minCharacters, filter.maxCharacters], [null, null], () =>
    bounds(filter.minCharacters, filter.maxCharacters),
  );
  tell('Made', [filter.from, filter.until], [null, null], () =>
    [filter.from && `from ${moment(filter.from)}`, filter.until && `before ${moment(filter.until)}`]
      .filter(Boolean)
      .join(', '),
  );
  tell('Rankings', filter.minRankings, null, () => `at least ${filter.minRankings}`);
  tell('Agreement', filter.minAgreement, null, () => `at least ${filter.minAgreement}%`);
  tell('Overall rating', filter.overall, null, () => bounds(filter.overall?.min ?? null, filter.overall?.max ?? null));
  tell('Without flags', filter.withoutFlags, [], () => flags(filter.withoutFlags));
  tell('Only with flags', filter.withFlags, [], () => flags(filter.withFlags));
  tell('Mixed in', definition.mix, [], () => definition.mix.map((part) => mixWords(part, choices)).join('; '));
  tell(
    'Splits',
    [split.train, split.validation, split.test],
    [usual.split.train, usual.split.validation, usual.split.test],
    () => `${split.train}% train, ${split.validation}% validation, ${split.test}% test`,
  );
  tell('Held out', split.heldOutTrainers, [], () => trainers(split.heldOutTrainers));
  tell('Same text', hygiene.exactDuplicates, usual.hygiene.exactDuplicates, () => 'kept');
  tell('Nearly the same prompts', hygiene.nearDuplicates, usual.hygiene.nearDuplicates, () => 'left out');
  tell('From one source', hygiene.perSource, null, () => `at most ${count(hygiene.perSource ?? 0)}`);
  tell('Of one trainer', hygiene.perTrainer, null, () => `at most ${count(hygiene.perTrainer ?? 0)}`);
  tell('Personal data', hygiene.pii, 'keep', () => {
    const kinds = hygiene.piiKinds.map((kind) => piiWords[kind].toLowerCase()).join(', ');
    return `${handlingWords[hygiene.pii].name}: ${kinds}`;
  });
  tell('Benchmarks', hygiene.benchmarks, [], () =>
    hygiene.benchmarks.map((id) => choices?.benchmarks.find((one) => one.id === id)?.name ?? id).join(', '),
  );
  tell('Compression', definition.compression, 'none', () => compressionWords[definition.compression]);
  tell('Files end at', definition.shardMegabytes, usual.shardMegabytes, () => `${count(definition.shardMegabytes)} MB`);
  tell('Trainers', definition.names, 'pseudonyms', () => 'under their names');
  tell('Seed', definition.seed, usual.seed, () => String(definition.seed));
  return lines;
}

function bounds(min: number | null, max: number | null): string {
  return [min !== null && `at least ${count(min)}`, max !== null && `at most ${count(max)}`].filter(Boolean).join(', ');
}

function mixWords({ projectId, source, amount }: ReleaseDefinition['mix'][number], choices: Choices | null): string {
  const known = choices?.instructions.find((one) => one.projectId === projectId && one.source === source);
  const name = known ? instructionWords(known) : (source ?? 'imported dialogues');
  return amount.by === 'count' ? `${name}, ${count(amount.rows)} rows` : `${name}, ${amount.perHundred} for each 100`;
}
