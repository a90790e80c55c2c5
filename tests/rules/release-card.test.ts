import { property, assert as check, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { textsOf } from '../../server/releases/card/describe.ts';
import type { Described } from '../../server/releases/card/described.ts';
import { lengthsSvg } from '../../server/releases/card/lengths.ts';
import { code, fenced, inline } from '../../server/releases/card/markdown.ts';
import { yaml } from '../../server/releases/card/yaml.ts';
import type { Field } from '../../server/releases/examples.ts';
import { releaseDefinition, type ReleaseDefinitionInput } from '../../shared/releases.ts';

const role: Field = { name: 'role', type: 'string', nullable: false, about: 'Who says it.' };
const content: Field = { name: 'content', type: 'string', nullable: false, about: 'What is said.' };
const fields: Field[] = [
  { name: 'prompt', type: { list: { struct: [role, content] } }, nullable: false, about: 'The dialogue | so far.' },
  { name: 'margin', type: 'float64', nullable: true, about: 'The difference of the ratings.' },
  { name: 'ranks', type: { list: 'int64' }, nullable: false, about: 'Ranks.' },
  { name: 'meta', type: { struct: [{ ...role, name: 'who', type: 'bool' }] }, nullable: true, about: 'More.' },
  { name: 'deep', type: { list: { list: 'string' } }, nullable: false, about: 'Lists of lists.' },
];

const releaseId = '019aa000-0000-7000-8000-000000000001';

function file(name: string, split: 'train' | 'test' | 'held_out', rows: number, bytes: number) {
  return { name, split, rows, bytes, sha256: name.length.toString(16).padStart(64, '0') };
}

function described(definition: Partial<ReleaseDefinitionInput> = {}, more: Partial<Described> = {}): Described {
  return {
    project: 'Kitchen talk',
    release: {
      ...{ id: releaseId, number: 3, name: 'Third', notes: '', moment: '2026-11-20T10:00:00.000Z' },
      definition: releaseDefinition.parse({ kind: 'comparisons', format: 'trl', ...definition }),
    },
    files: [
      file('data/train-00000-of-00002.jsonl', 'train', 6, 600),
      file('data/train-00001-of-00002.jsonl', 'train', 4, 401),
      file('data/held_out-00000-of-00001.jsonl', 'held_out', 2, 99),
    ],
    splits: [
      { split: 'train', rows: 10 },
      { split: 'test', rows: 0 },
      { split: 'held_out', rows: 2 },
    ],
    fields,
    figures: {
      ...{ people: 2, hours: 1.25, origins: [{ name: 'human', rows: 12 }], sources: [], rounds: [], models: [] },
      languages: [
        { name: 'no', rows: 7 },
        { name: 'unknown', rows: 5 },
      ],
      agreement: { share: 0.7261, comparisons: 3 },
      lengths: [
        { below: 64, rows: 3 },
        { below: 256, rows: 9 },
      ],
    },
    remarks: [{ text: 'a system message, which HH cannot express', count: 1_234 }],
    mix: [],
    publicUrl: 'https://duologue.example.org',
    ...more,
  };
}

function texts(given: Described): Map<string, string> {
  return new Map(textsOf(given).map(({ name, content: text }) => [name, text]));
}

function text(given: Described, name: string): string {
  const found = texts(given).get(name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

function front(given: Described): string {
  return text(given, 'README.md').split('---\n')[1] ?? '';
}

describe('the front matter of the card', () => {
  test('is what `datasets` reads', () => {
    expect(front(described())).toBe(`pretty_name: "Kitchen talk: Third"
license: unknown
language:
- "no"
tags:
- duologue
- human-feedback
- comparisons
- trl
size_categories:
- "n<1K"
configs:
- config_name: default
  data_files:
  - split: train
    path: "data/train-*.jsonl"
  - split: held_out
    path: "data/held_out-*.jsonl"
dataset_info:
  features:
  - name: prompt
    list:
    - name: role
      dtype: string
    - name: content
      dtype: string
  - name: margin
    dtype: float64
  - name: ranks
    list: int64
  - name: meta
    struct:
    - name: who
      dtype: bool
  - name: deep
    list:
      list: string
  splits:
  - name: train
    num_bytes: 1001
    num_examples: 10
  - name: held_out
    num_bytes: 99
    num_examples: 2
  download_size: 1100
  dataset_size: 1100
`);
  });

  test.each([
    [0, 'n<1K'],
    [999, 'n<1K'],
    [1_000, '1K<n<10K'],
    [99_999, '10K<n<100K'],
    [1_000_000, '1M<n<10M'],
    [10_000_000, '10M<n<100M'],
    [2_000_000_000, '1B<n<10B'],
  ])('says of %d rows that they are %s', (rows, category) => {
    const given = described({}, { splits: [{ split: 'train', rows }] });
    expect(parse(front(given))).toMatchObject({ size_categories: [category] });
  });

  test('names no files where there are no rows, and no columns where rows have none in common', () => {
    const empty = described({}, { files: [], splits: [], figures: null, remarks: [] });
    expect(Object.keys(parse(front(empty)) as object)).toEqual(['pretty_name', 'license', 'tags', 'size_categories']);
    const trees = described({ kind: 'sft', format: 'oasst' }, { fields: [{ ...content, type: 'json' }] });
    expect(front(trees)).not.toContain('features');
    expect(front(trees)).toContain('num_examples: 10');
  });

  const awkward = 'A "quoted" \\ name: yes\n---\n# no\u0085\u2028\u2029\ufeff\u007f\u0000 – 𝄞 { [ & * ! | > % @ `';
  test('holds any name', () => {
    const given = described({}, { project: awkward });
    expect(parse(front(given))).toMatchObject({ pretty_name: expect.stringContaining('𝄞') as unknown });
    expect(text(given, 'README.md').split('\n---\n')).toHaveLength(2);
  });

  test.each(['1.1', '1.2'] as const)('YAML %s reads every text as it was', (version) => {
    const same = (value: string): void => {
      expect(parse(yaml({ value, list: [value] }), { version })).toEqual({ value, list: [value] });
    };
    [awkward, 'no', 'Yes', 'null', '~', '', ' ', '1', '1e3', '0x1', '2026-11-20', '- a', 'a: b', '=', '<<'].forEach(
      same,
    );
    check(
      property(string({ unit: 'binary' }), (value) => {
        same(value.toWellFormed());
      }),
    );
  });
});

describe('the card', () => {
  test('says how to load it, what was left out and what is in it', () => {
    const card = text(described(), 'README.md');
    for (const words of [
      '# Kitchen talk: Third',
      'It holds 12 rows in TRL',
      'load_dataset("release-3-comparisons")',
      `https://duologue.example.org/api/releases/${releaseId}/files/data%2Ftrain-00000-of-00002.jsonl`,
      'curl -fL -C -',
      'sha256sum --check SHA256SUMS',
      "read_json('release-3-comparisons/data/train-*.jsonl'",
      '| a system message, which HH cannot express | 1,234 |',
      '| `prompt[].role` | string | Who says it. |',
      '| `prompt` | list of structs | The dialogue \\| so far. |',
      '| `margin` | float64, or null |',
      '| `train` | 10 | 1,001 | 2 |',
      'Two completions that are tied make no pair.',
      '72.6 % are ordered the same (mean over 3 comparisons)',
      '"rankings": "each"',
    ])
      expect(card).toContain(words);
    expect(card).not.toContain('## Mixing');
    expect(card).not.toMatch(/undefined|\[object|NaN/);
  });

  test('says what was asked, and what was mixed in', () => {
    const projectId = '019aa000-0000-7000-8000-000000000002';
    const given = described(
      {
        ...{ kind: 'sft', format: 'sharegpt', names: 'names' },
        filter: {
          rounds: [2],
          languages: ['en'],
          minCharacters: 1_000,
          withoutFlags: ['wrong`one'],
          trainers: [projectId],
        },
        hygiene: { pii: 'mask', piiKinds: ['email'], perSource: 5, benchmarks: [projectId] },
        mix: [{ projectId, source: 'dolly', amount: { by: 'count', rows: 4 } }],
      },
      { mix: [{ project: 'Other | talk', source: 'dolly', rows: 4 }] },
    );
    const card = text(given, 'README.md');
    for (const words of [
      '- made in a round of `2`',
      '- with characters, at least 1,000',
      '- without the flags ``wrong`one``',
      '- by 1 chosen trainer only',
      '| collected in Kitchen talk | 8 |',
      '| dolly, imported into Other \\| talk | 4 |',
      'what was found is replaced',
      'Trainers stand under their names.',
      'At most 5 rows of one import source are kept.',
    ])
      expect(card).toContain(words);
    expect(card).not.toContain('## Ties');
  });

  test('keeps notes apart from its own words', () => {
    const given = described();
    const card = text({ ...given, release: { ...given.release, notes: 'First\n# Heading\n```\n---' } }, 'README.md');
    expect(card).toContain('> First\n> # Heading\n> ```\n> ---\n');
  });

  test('stands without figures and rows', () => {
    const empty = texts(described({}, { files: [], splits: [], fields: [], figures: null, remarks: [] }));
    expect([...empty.keys()]).toEqual(['README.md', 'DATASHEET.md', 'croissant.json']);
    for (const [, one] of empty) expect(one).not.toMatch(/undefined|\[object|NaN/);
    expect(empty.get('README.md')).toContain('It holds 0 rows');
    expect(empty.get('DATASHEET.md')).toContain('No figures were counted.');
  });

  test('makes names safe', () => {
    expect(inline('a|b *c* <i>\n_d_ [e](f) `g`')).toBe('a\\|b \\*c\\* \\<i\\> \\_d\\_ \\[e\\](f) \\`g\\`');
    expect(code('a`b|')).toBe('``a`b\\|``');
    expect(fenced('json', '"```"')).toBe('````json\n"```"\n````');
  });
});

describe('the datasheet', () => {
  test('fills in figures and says what is not known', () => {
    const sheet = text(described(), 'DATASHEET.md');
    const headings = [...sheet.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
    expect(headings).toEqual([
      ...['Motivation', 'Composition', 'Collection', 'Labelling', 'Uses', 'Distribution', 'Maintenance'],
    ]);
    for (const words of [
      '2 trainers, 1.25 hours',
      '| Language | no | 7 |',
      '| Written by | human | 12 |',
      'lengths.svg',
    ])
      expect(sheet).toContain(words);
    expect(sheet.match(/_Not known to Duologue/g)?.length).toBeGreaterThan(5);
  });

  test('has a picture that says in words what it shows', () => {
    const svg = text(described(), 'lengths.svg');
    expect(svg).toContain('role="img" aria-labelledby="title desc"');
    expect(svg).toContain('3 below 64 (25 %), 9 below 256 (75 %)');
    expect(svg).toContain('prefers-color-scheme: dark');
    expect(svg).not.toContain('<script');
    expect(svg.match(/<rect /g)).toHaveLength(2);
    expect(svg).toContain('<rect x="394.4" y="40" width="275.2" height="210" />');
    expect(lengthsSvg({ lengths: [{ below: 2, rows: 0 }] })).toBeNull();
  });
});

describe('Croissant', () => {
  const shape = z.looseObject({
    '@context': z.looseObject({ cr: z.literal('http://mlcommons.org/croissant/') }),
    distribution: z.array(z.looseObject({ '@type': z.string(), '@id': z.string(), encodingFormat: z.string() })),
    recordSet: z
      .array(z.looseObject({ '@id': z.string(), field: z.array(z.looseObject({ '@id': z.string() })) }))
      .optional(),
  });
  const read = (given: Described) => shape.parse(JSON.parse(text(given, 'croissant.json')));

  test('names each file with its checksum, each split and each column', () => {
    const told = read(described());
    expect(told).toMatchObject({
      ...{ '@type': 'sc:Dataset', conformsTo: 'http://mlcommons.org/croissant/1.0', version: '3.0.0' },
      ...{ name: 'Kitchen talk: Third', license: 'unknown', inLanguage: ['no'] },
    });
    expect(told.distribution[0]).toEqual({
      ...{
        '@type': 'cr:FileObject',
        '@id': 'data/train-00000-of-00002.jsonl',
        name: 'data/train-00000-of-00002.jsonl',
      },
      ...{
        contentUrl: 'data/train-00000-of-00002.jsonl',
        contentSize: '600 B',
        encodingFormat: 'application/jsonlines',
      },
      sha256: '1f'.padStart(64, '0'),
    });
    expect(told.distribution.slice(3)).toMatchObject([
      { '@type': 'cr:FileSet', '@id': 'train-files', includes: 'data/train-*.jsonl' },
      { '@type': 'cr:FileSet', '@id': 'held_out-files', includes: 'data/held_out-*.jsonl' },
    ]);
    const [train, heldOut] = told.recordSet ?? [];
    expect(heldOut?.['@id']).toBe('held_out');
    const source = { fileSet: { '@id': 'train-files' }, extract: { column: 'prompt' } };
    expect(train?.field[0]).toEqual({
      ...{ '@type': 'cr:Field', '@id': 'train/prompt', name: 'train/prompt', description: 'The dialogue | so far.' },
      repeated: true,
      subField: ['role', 'content'].map((name) => ({
        ...{ '@type': 'cr:Field', '@id': `train/prompt/${name}`, name: `train/prompt/${name}`, dataType: 'sc:Text' },
        description: name === 'role' ? 'Who says it.' : 'What is said.',
        source: { ...source, transform: { jsonPath: name } },
      })),
    });
    expect(train?.field[1]).toMatchObject({ '@id': 'train/margin', dataType: 'sc:Float' });
    expect(train?.field[2]).toMatchObject({ '@id': 'train/ranks', dataType: 'sc:Integer', repeated: true });
    // Lists of lists are left to the card.
    expect(train?.field.map((field) => field['@id'])).not.toContain('train/deep');
  });

  test.each([
    [{ compression: 'gzip' as const }, 'application/gzip', 'application/jsonlines'],
    [{ compression: 'zstd' as const }, 'application/zstd', 'application/jsonlines'],
    [{ container: 'parquet' as const }, 'application/x-parquet', 'application/x-parquet'],
  ])('says of %j what the files are', (definition, ofFile, within) => {
    const told = read(described(definition)).distribution.map(({ encodingFormat }) => encodingFormat);
    expect(new Set(told.slice(0, 3))).toEqual(new Set([ofFile]));
    expect(new Set(told.slice(3))).toEqual(new Set([within]));
  });
});
