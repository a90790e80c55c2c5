import { patternOf } from '../../../shared/release-commands.ts';
import type { Field, FieldType } from '../examples.ts';
import { columnsOf, type Described, filled, rowsOf } from './described.ts';
import { flat } from './markdown.ts';
import { yaml, type Yaml } from './yaml.ts';

/**
 * What `datasets` and the Hugging Face Hub read at the head of README.md: which files are which split (`configs`), and the types
 * of the columns with the number of rows (`dataset_info`), against which `datasets` checks what it loads. The form of
 * `features` is that of `Features._to_yaml_list` of datasets 5.
 */
export function frontMatter(described: Described): string {
  const { release, figures } = described;
  const fields = columnsOf(described);
  const { kind, format } = release.definition;
  const parts = filled(described);
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const languages = (figures?.languages ?? []).map(({ name }) => name).filter((name) => /^[a-z]{2,3}$/.test(name));
  const front: Record<string, Yaml> = {
    pretty_name: flat(`${described.project}: ${release.name}`),
    license: 'unknown',
    ...(languages.length > 0 && { language: languages }),
    tags: ['duologue', 'human-feedback', kind, format],
    size_categories: [sizeOf(rowsOf(described))],
  };
  if (parts.length > 0) {
    front.configs = [
      {
        config_name: 'default',
        data_files: parts.map(({ split, names }) => ({ split, path: patternOf(names) ?? [...names] })),
      },
    ];
    front.dataset_info = {
      ...(fields.length > 0 && { features: fields.map(feature) }),
      // Of the files; how large the rows are in memory is not known here, and nothing checks it.
      splits: parts.map(({ split, rows, bytes }) => ({ name: split, num_bytes: bytes, num_examples: rows })),
      download_size: bytes,
      dataset_size: bytes,
    };
  }
  return `---\n${yaml(front)}---\n`;
}

function feature({ name, type }: Field): Yaml {
  return { name, ...typed(type) };
}

function typed(type: FieldType): { readonly [key: string]: Yaml } {
  if (typeof type === 'string') return { dtype: type };
  if ('struct' in type) return { struct: type.struct.map(feature) };
  const { list: inner } = type;
  if (typeof inner === 'string') return { list: inner };
  return { list: 'struct' in inner ? inner.struct.map(feature) : typed(inner) };
}

/** The categories that the Hub knows. */
function sizeOf(rows: number): string {
  const steps = ['1K', '10K', '100K', '1M', '10M', '100M', '1B', '10B', '100B', '1T'];
  const step = Math.max(0, Math.min(steps.length, Math.floor(Math.log10(Math.max(1, rows))) - 2));
  const below = steps[step];
  if (step === 0) return 'n<1K';
  return below === undefined ? 'n>1T' : `${steps[step - 1] ?? ''}<n<${below}`;
}
