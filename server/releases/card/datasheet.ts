import type { ReleaseFigures } from '../../../shared/releases.ts';
import { type Described, kindNames, rowsOf } from './described.ts';
import { lengthsInWords, lengthsSvg } from './lengths.ts';
import { code, count, inline, percent, plural, quotation, table } from './markdown.ts';
import { filterWords, hygieneWords, personalWords, splitWords, tieWords } from './wording.ts';

/** What Duologue cannot know is said to be so, and never made up. */
const unknown = '_Not known to Duologue; to be filled in by whoever publishes this._';

/**
 * A datasheet after "Datasheets for Datasets" (Gebru et al., https://arxiv.org/abs/1803.09010), with the questions that apply to
 * text that people wrote and judged.
 */
export function datasheet(described: Described): string {
  const sections = [
    `# Datasheet: ${inline(described.project)}, ${inline(described.release.name)}`,
    'After [Datasheets for Datasets](https://arxiv.org/abs/1803.09010). Figures are counted from the rows of this release.',
    motivation(described),
    composition(described),
    collection(described),
    labelling(described),
    uses(described),
    distribution(described),
    maintenance(described),
  ];
  return `${sections.join('\n\n')}\n`;
}

function section(title: string, answers: readonly (readonly [question: string, answer: string])[]): string {
  return [`## ${title}`, ...answers.map(([question, answer]) => `**${question}**\n\n${answer}`)].join('\n\n');
}

function motivation({ release }: Described): string {
  const notes = release.notes.trim();
  return section('Motivation', [
    [
      'For what purpose was it made?',
      [
        `To train or evaluate dialogue models: ${kindNames[release.definition.kind]}.`,
        ...(notes === '' ? [unknown] : [quotation(notes)]),
      ].join('\n\n'),
    ],
    ['Who made it, on behalf of whom, and who paid for it?', unknown],
  ]);
}

function composition(described: Described): string {
  const { release, figures, remarks } = described;
  const hygiene = hygieneWords(release.definition);
  return section('Composition', [
    [
      'What is a row, and how many are there?',
      `${plural(rowsOf(described), 'row')}. ${rowWords[release.definition.kind]}`,
    ],
    ['What is in it?', figures === null ? 'No figures were counted.' : shares(figures)],
    ['How long are the rows?', lengths(figures)],
    [
      'Is it a sample of something larger?',
      `It holds what was collected up to ${release.moment} and passes this filter: ${filterWords(release.definition.filter).join('; ') || 'none'}. How far that stands for anything beyond the project: ${unknown}`,
    ],
    [
      'Is anything missing?',
      remarks.length === 0
        ? 'Of what the filter takes, nothing was left out or changed.'
        : table(
            ['What', 'How often'],
            remarks.map(({ text, count: times }) => [inline(text), count(times)]),
          ),
    ],
    ['Are there recommended splits?', splitWords(release.definition)],
    ['Are there duplicates or redundancies?', hygiene.length === 0 ? 'They were not looked for.' : hygiene.join(' ')],
    ['Does it hold personal data?', personalWords(release.definition)],
    [
      'Might it offend or distress?',
      `It holds text of people and of models that nobody may have looked through. ${unknown}`,
    ],
  ]);
}

const rowWords = {
  sft: 'Each is a dialogue, or its last turn with what comes before.',
  comparisons: 'Each is a prompt with completions that were ranked.',
  unpaired: 'Each is a prompt with one completion, which is good or bad.',
  ratings: 'Each is a prompt with one completion and the answers to the rubric.',
  prompts: 'Each is a prompt without an answer.',
  feedback: 'Each is a message of a model with what a person said of it.',
  raw: 'Each is one thing that the project holds.',
} as const;

function shares({ languages, origins, sources, rounds, models }: ReleaseFigures): string {
  const parts = [
    ['Language', languages],
    ['Written by', origins],
    ['Import source', sources],
    ['Round', rounds],
    ['Model', models],
  ] as const;
  const rows = parts.flatMap(([what, portions]) =>
    portions.map((portion) => [what, inline(portion.name), count(portion.rows)]),
  );
  const none = parts.filter(([, portions]) => portions.length === 0).map(([what]) => what.toLowerCase());
  return [
    ...(rows.length > 0 ? [table(['What', 'Which', 'Rows'], rows)] : []),
    ...(none.length > 0 ? [`No row names any of these: ${none.join(', ')}.`] : []),
    'Languages are told by a program, which errs with short texts.',
  ].join('\n\n');
}

function lengths(figures: ReleaseFigures | null): string {
  if (figures === null) return 'No figures were counted.';
  const words = lengthsInWords(figures);
  return lengthsSvg(figures) === null ? words : `![${words}](lengths.svg)\n\n${words}`;
}

function collection({ figures, release, mix }: Described): string {
  const { names } = release.definition;
  const people =
    figures === null
      ? 'No figures were counted.'
      : `${plural(figures.people, 'trainer')}, ${count(figures.hours)} hours of active time, in which pauses are not counted.`;
  return section('Collection', [
    [
      'How was it acquired?',
      `Trainers worked in Duologue: they wrote dialogues, chatted with models, and ranked completions whose models they were not told. What was imported says so by its origin and source.${
        mix.length > 0
          ? ` Of imported dialogues, ${plural(
              mix.reduce((sum, { rows }) => sum + rows, 0),
              'row',
            )} were mixed in.`
          : ''
      }`,
    ],
    [
      'Who took part, and for how long?',
      `${people} ${names === 'pseudonyms' ? 'They stand under pseudonyms.' : 'They stand under their names.'}`,
    ],
    ['How were they chosen, instructed and paid?', unknown],
    ['Over what time was it collected?', `Up to ${release.moment}; from when on: ${unknown}`],
    ['Was there an ethical review? Did the people in it consent, and can they take that back?', unknown],
  ]);
}

function labelling({ release, figures }: Described): string {
  const ties = tieWords(release.definition);
  const agreement = figures?.agreement ?? null;
  return section('Labelling', [
    [
      'Was it cleaned or labelled?',
      [...hygieneWords(release.definition), ...(ties === null ? [] : [ties])].join(' ') ||
        'Rows stand as they were made.',
    ],
    [
      'How far do those who ranked agree?',
      agreement === null
        ? 'It cannot be told: in this release no comparison was ranked by two people.'
        : `Of the pairs of completions that two people ranked, ${percent(agreement.share)} are ordered the same, ties left out: the mean over ${plural(agreement.comparisons, 'comparison')}.`,
    ],
    ['Is the raw data kept?', 'Yes, in the project, as long as it is not deleted there.'],
  ]);
}

function uses({ release }: Described): string {
  return section('Uses', [
    ['What is it for?', `${capital(kindNames[release.definition.kind])}.`],
    ['Has it been used already? What should it not be used for?', unknown],
  ]);
}

function distribution({ release, publicUrl }: Described): string {
  return section('Distribution', [
    [
      'How is it given out?',
      `By the server that made it, to holders of an admin's token: ${publicUrl}/api/releases/${release.id}`,
    ],
    ['Under what license, and with what restrictions of third parties?', unknown],
  ]);
}

function maintenance({ release }: Described): string {
  return section('Maintenance', [
    ['Who maintains it, and how are they reached?', unknown],
    [
      'Will it be changed?',
      `This release never is: it is number ${release.number}, and what comes later is a release of its own. Files are checked by ${code('SHA256SUMS')}.`,
    ],
    [
      'What if a person wants their data deleted?',
      'The project deletes it, and the server then marks this release as one that holds deleted data: copies of it are not to be used any more.',
    ],
  ]);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
