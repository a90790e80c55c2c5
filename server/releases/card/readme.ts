import { commandsFor, folderOf } from '../../../shared/release-commands.ts';
import type { Field, FieldType } from '../examples.ts';
import { indexName } from '../row-index.ts';
import { type Described, filled, formatNames, kindNames, rowsOf } from './described.ts';
import { frontMatter } from './front-matter.ts';
import { lengthsInWords } from './lengths.ts';
import { code, count, fenced, inline, percent, plural, quotation, table } from './markdown.ts';
import type { TrainerConfig } from './trainers.ts';
import { filterWords, hygieneWords, personalWords, splitWords, tieWords } from './wording.ts';

/** The dataset card. */
export function readme(described: Described, configs: readonly TrainerConfig[]): string {
  const { project, release } = described;
  const sections = [
    `# ${inline(project)}: ${inline(release.name)}`,
    whatItIs(described),
    loading(described),
    training(described, configs),
    columns(described),
    `## How it was split\n\n${splitWords(release.definition)}\n\n${splitTable(described)}`,
    leftOut(described),
    ties(described),
    mixing(described),
    `## Personal data\n\n${personalWords(release.definition)}`,
    again(described),
    checksums(described),
  ];
  return `${frontMatter(described)}\n${sections.filter((section) => section !== null).join('\n\n')}\n`;
}

function whatItIs(described: Described): string {
  const { project, release, figures } = described;
  const { kind, format, container, compression, filter, parts } = release.definition;
  const asked = filterWords(filter);
  const packed = compression === 'none' ? '' : `, compressed by ${compression}`;
  const taken = {
    demonstrations: 'demonstrations that trainers wrote',
    dialogues: 'imported dialogues',
    best: 'dialogues that end with the completion that was ranked best',
  };
  const facts = [
    `Release ${release.number} of the project ${inline(project)}, made with Duologue: ${kindNames[kind]}.`,
    `It holds ${plural(rowsOf(described), 'row')} in ${formatNames[format]}, as ${container === 'parquet' ? 'Parquet' : 'JSON Lines'}${packed}, of what was collected up to ${release.moment}.`,
    ...(kind === 'sft' ? [`Taken were ${parts.map((part) => taken[part]).join(', ')}.`] : []),
    asked.length === 0
      ? 'Nothing was filtered out.'
      : `Taken was only what is:\n\n${asked.map((phrase) => `- ${phrase}`).join('\n')}`,
  ];
  const notes = release.notes.trim() === '' ? [] : [quotation(release.notes)];
  const made =
    figures === null
      ? []
      : [
          [
            `It holds work of ${plural(figures.people, 'trainer')}, ${count(figures.hours)} hours of active time.`,
            ...(figures.agreement === null
              ? []
              : [
                  `Of the pairs of completions that two people ranked, ${percent(figures.agreement.share)} are ordered the same (mean over ${plural(figures.agreement.comparisons, 'comparison')}).`,
                ]),
            lengthsInWords(figures),
          ].join(' '),
        ];
  return ['## What it is', ...notes, facts.slice(0, -1).join(' '), facts.at(-1) ?? '', ...made, more].join('\n\n');
}

const more =
  'More about how it came to be is in [DATASHEET.md](DATASHEET.md); for programs, [croissant.json](croissant.json) says the same. The license is not known to Duologue: whoever publishes this says under which it may be used.';

function loading({ release, files, publicUrl }: Described): string {
  const commands = commandsFor({ release: { ...release, location: null }, files, publicUrl });
  return [
    '## How to load it',
    'An API token of an admin, in `DUOLOGUE_TOKEN`, opens the release.',
    ...commands.map(({ title, language, code: text }) => `${title}:\n\n${fenced(language, text)}`),
  ].join('\n\n');
}

function training({ release }: Described, configs: readonly TrainerConfig[]): string {
  const { kind, format } = release.definition;
  const head = '## How to train with it';
  if (configs.length === 0)
    return `${head}\n\nNo configuration comes along: of TRL, LLaMA-Factory, OpenRLHF and axolotl, none reads ${code(kind)} in the format ${code(format)} as it is, or there is no split to train with.`;
  const missing = ['TRL', 'LLaMA-Factory', 'OpenRLHF', 'axolotl'].filter(
    (name) => !configs.some(({ trainer }) => trainer === name),
  );
  return [
    head,
    `Where the folder of the release lies (${code(folderOf(release))}), once the model is filled in:`,
    fenced('sh', configs.map(({ trainer, run }) => `# ${trainer}\n${run.join('\n')}`).join('\n\n')),
    ...(missing.length > 0 ? [`This format is not read as it is by ${missing.join(', ')}.`] : []),
  ].join('\n\n');
}

function columns({ fields }: Described): string | null {
  if (fields.length === 0) return null;
  const rows = fields
    .flatMap((field) => flattened(field, ''))
    .map(({ path, type, nullable, about }) => [
      code(path),
      nullable ? `${type}, or null` : type,
      about.replace(/\s+/g, ' ').replaceAll('|', '\\|'),
    ]);
  return `## Columns\n\n${table(['Column', 'Type', 'What it holds'], rows)}`;
}

interface Shown {
  readonly path: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly about: string;
}

/** A column with all that is inside it: `messages`, `messages[].role`. */
function flattened({ name, type, nullable, about }: Field, before: string): Shown[] {
  const path = `${before}${name}`;
  const { depth, inner } = unrolled(type);
  const shown = `${'list of '.repeat(depth)}${typeof inner === 'string' ? inner : depth > 0 ? 'structs' : 'struct'}`;
  const within = typeof inner === 'string' ? [] : inner.struct;
  return [
    { path, type: shown, nullable, about },
    ...within.flatMap((field) => flattened(field, `${path}${'[]'.repeat(depth)}.`)),
  ];
}

function unrolled(type: FieldType): { depth: number; inner: Exclude<FieldType, { readonly list: FieldType }> } {
  if (typeof type === 'string' || 'struct' in type) return { depth: 0, inner: type };
  const { depth, inner } = unrolled(type.list);
  return { depth: depth + 1, inner };
}

function splitTable(described: Described): string {
  const parts = filled(described);
  if (parts.length === 0) return 'There are no rows.';
  return table(
    ['Split', 'Rows', 'Bytes', 'Files'],
    parts.map(({ split, rows, bytes, names }) => [code(split), count(rows), count(bytes), count(names.length)]),
  );
}

function leftOut({ release, remarks }: Described): string {
  const rules = hygieneWords(release.definition);
  return [
    '## What was left out',
    ...(rules.length > 0 ? [rules.join(' ')] : []),
    remarks.length === 0
      ? 'Of what the filter takes, nothing was left out or changed.'
      : table(
          ['What', 'How often'],
          remarks.map(({ text, count: times }) => [inline(text), count(times)]),
        ),
  ].join('\n\n');
}

function ties({ release }: Described): string | null {
  const words = tieWords(release.definition);
  return words === null ? null : `## Ties and several rankings\n\n${words}`;
}

function mixing({ project, mix, splits }: Described): string | null {
  if (mix.length === 0) return null;
  const own = rowsOf({ splits }) - mix.reduce((sum, { rows }) => sum + rows, 0);
  const rows = [
    [`collected in ${inline(project)}`, count(own)],
    ...mix.map((part) => [
      part.source === null
        ? `imported into ${inline(part.project)}`
        : `${inline(part.source)}, imported into ${inline(part.project)}`,
      count(part.rows),
    ]),
  ];
  return `## Mixing\n\nImported dialogues were mixed in, drawn by chance from a fixed seed:\n\n${table(['From', 'Rows'], rows)}`;
}

function again({ release, publicUrl }: Described): string {
  return [
    '## How to build it again',
    `The release is frozen: it holds what was collected up to ${release.moment}, by the definition below. The server builds the same bytes again, whatever was collected since, unless data in it was deleted on a person's request:`,
    fenced(
      'sh',
      `curl -fsS -X POST -H "Authorization: Bearer $DUOLOGUE_TOKEN" ${publicUrl}/api/releases/${release.id}/rebuild`,
    ),
    fenced('json', JSON.stringify(release.definition, null, 2)),
  ].join('\n\n');
}

function checksums({ files }: Described): string {
  return [
    '## Checksums',
    `SHA-256 of the files with rows; \`SHA256SUMS\` has those of all files. \`${indexName}\` has 16 bytes for each row, a hash of its id and one of its content, by which two releases are held against each other; no trainer needs it.`,
    ...(files.length === 0 ? [] : [fenced('', files.map(({ name, sha256 }) => `${sha256}  ${name}`).join('\n'))]),
  ].join('\n\n');
}
