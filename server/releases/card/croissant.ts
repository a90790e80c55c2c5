import { patternOf } from '../../../shared/release-commands.ts';
import type { Field, FieldType } from '../examples.ts';
import { columnsOf, type Described, filled, kindNames } from './described.ts';
import { flat } from './markdown.ts';

/**
 * As the datasets that are published with Croissant 1.0 have it
 * (https://github.com/mlcommons/croissant/tree/main/datasets/1.0); the specification's appendix leaves out `cr` itself.
 */
const context = {
  '@language': 'en',
  '@vocab': 'https://schema.org/',
  citeAs: 'cr:citeAs',
  column: 'cr:column',
  conformsTo: 'dct:conformsTo',
  cr: 'http://mlcommons.org/croissant/',
  rai: 'http://mlcommons.org/croissant/RAI/',
  data: { '@id': 'cr:data', '@type': '@json' },
  dataType: { '@id': 'cr:dataType', '@type': '@vocab' },
  dct: 'http://purl.org/dc/terms/',
  equivalentProperty: 'cr:equivalentProperty',
  examples: { '@id': 'cr:examples', '@type': '@json' },
  extract: 'cr:extract',
  field: 'cr:field',
  fileProperty: 'cr:fileProperty',
  fileObject: 'cr:fileObject',
  fileSet: 'cr:fileSet',
  format: 'cr:format',
  includes: 'cr:includes',
  isLiveDataset: 'cr:isLiveDataset',
  jsonPath: 'cr:jsonPath',
  key: 'cr:key',
  md5: 'cr:md5',
  parentField: 'cr:parentField',
  path: 'cr:path',
  recordSet: 'cr:recordSet',
  references: 'cr:references',
  regex: 'cr:regex',
  repeated: 'cr:repeated',
  replace: 'cr:replace',
  samplingRate: 'cr:samplingRate',
  sc: 'https://schema.org/',
  separator: 'cr:separator',
  source: 'cr:source',
  subField: 'cr:subField',
  transform: 'cr:transform',
};

const dataTypes = {
  ...{ string: 'sc:Text', int64: 'sc:Integer', float64: 'sc:Float', bool: 'sc:Boolean' },
  // Never asked for: such columns are not described.
  json: 'sc:Text',
} as const;

/** Of what is within a file, and of the file where that is compressed. */
const encodings = {
  jsonl: 'application/jsonlines',
  parquet: 'application/x-parquet',
  none: null,
  gzip: 'application/gzip',
  zstd: 'application/zstd',
} as const;

/**
 * Croissant 1.0 as JSON-LD (https://docs.mlcommons.org/croissant/docs/croissant-spec.html): each data file with its checksum, a
 * file set and a record set for each split. Addresses and patterns are relative to where this file lies.
 */
export function croissant(described: Described): string {
  const { project, release, files, figures, publicUrl } = described;
  const fields = columnsOf(described).filter(({ type }) => isTellable(type));
  const { kind, format, container, compression } = release.definition;
  const parts = filled(described);
  const inLanguage = (figures?.languages ?? []).map(({ name }) => name).filter((name) => /^[a-z]{2,3}$/.test(name));
  const whole = {
    '@context': context,
    '@type': 'sc:Dataset',
    conformsTo: 'http://mlcommons.org/croissant/1.0',
    name: flat(`${project}: ${release.name}`),
    description: [`Release ${release.number} of the project ${project}: ${kindNames[kind]}.`, release.notes.trim()]
      .filter((text) => text !== '')
      .join('\n\n'),
    license: 'unknown',
    url: `${publicUrl}/api/releases/${release.id}`,
    version: `${release.number}.0.0`,
    // What it holds was made up to here, however often it is built.
    datePublished: release.moment,
    keywords: ['duologue', 'human feedback', kind, format],
    ...(inLanguage.length > 0 && { inLanguage }),
    distribution: [
      ...files.map(({ name, bytes, sha256 }) => ({
        '@type': 'cr:FileObject',
        '@id': name,
        name,
        contentUrl: name,
        contentSize: `${bytes} B`,
        encodingFormat: encodings[compression] ?? encodings[container],
        sha256,
      })),
      ...parts.map(({ split, names }) => {
        const pattern = patternOf(names);
        return {
          '@type': 'cr:FileSet',
          '@id': `${split}-files`,
          name: `${split}-files`,
          description: `The files of the split ${split}.`,
          encodingFormat: encodings[container],
          includes: pattern ?? names,
        };
      }),
    ],
    ...(fields.length > 0 && {
      recordSet: parts.map(({ split, rows }) => ({
        '@type': 'cr:RecordSet',
        '@id': split,
        name: split,
        description: `The split ${split}: ${rows} rows.`,
        field: fields.map((field) => columnField(split, field)),
      })),
    }),
  };
  return `${JSON.stringify(whole, null, 2)}\n`;
}

function columnField(split: string, field: Field): object {
  return fieldOf(field, `${split}/${encodeURIComponent(field.name)}`, {
    fileSet: { '@id': `${split}-files` },
    extract: { column: field.name },
  });
}

interface Source {
  readonly fileSet: { readonly '@id': string };
  readonly extract: { readonly column: string };
  readonly transform?: { readonly jsonPath: string };
}

/** A field; within lists and structs, what lies inside is taken from the column by its path. */
function fieldOf({ type, about }: Field, id: string, source: Source): object {
  const { repeated, inner } = unrolled(type);
  const common = {
    ...{ '@type': 'cr:Field', '@id': id, name: id, description: about },
    ...(repeated && { repeated }),
  };
  if (typeof inner === 'string') return { ...common, dataType: dataTypes[inner], source };
  const above = source.transform === undefined ? '' : `${source.transform.jsonPath}.`;
  return {
    ...common,
    subField: inner.struct.map((sub) =>
      fieldOf(sub, `${id}/${encodeURIComponent(sub.name)}`, {
        ...source,
        transform: { jsonPath: `${above}${sub.name}` },
      }),
    ),
  };
}

/**
 * Whether a column can be taken apart. Of lists that lie within structs or lists, readers (mlcroissant 1.1) take the first element for
 * all of it, or fail with the whole record set: such columns are left to the card.
 */
function isTellable(type: FieldType, inside = false): boolean {
  if (typeof type === 'string') return true;
  if ('list' in type)
    return typeof type.list === 'string' || (!inside && 'struct' in type.list && isTellable(type.list, true));
  return type.struct.every((field) => isTellable(field.type, true));
}

/** Croissant knows one level of lists. */
function unrolled(type: FieldType): {
  repeated: boolean;
  inner: Exclude<FieldType, { readonly list: FieldType }>;
} {
  if (typeof type === 'string' || 'struct' in type) return { repeated: false, inner: type };
  return { ...unrolled(type.list), repeated: true };
}
