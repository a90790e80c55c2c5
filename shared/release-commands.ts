import type { Release, ReleaseFile, Split } from './releases.ts';
import { splits } from './releases.ts';

/** Command lines and short programs that fetch and load a release: the same on its page as in its card. */
export interface Command {
  readonly key: 'archive' | 'file' | 's3' | 'check' | 'import' | 'datasets' | 'pandas' | 'pyarrow' | 'lines' | 'duckdb';
  /** What it does. */
  readonly title: string;
  readonly language: 'sh' | 'python' | 'sql';
  readonly code: string;
}

/** What of a release says how it is loaded. */
export interface Loaded {
  readonly release: Pick<Release, 'id' | 'number' | 'definition' | 'location'>;
  /** Those that hold rows name their split. */
  readonly files: readonly Pick<ReleaseFile, 'name' | 'split' | 'rows'>[];
  /** Where people reach the server, without a trailing slash. */
  readonly publicUrl: string;
}

/** The files of a split as one pattern: `data/train-*.jsonl` for `data/train-00000-of-00002.jsonl` and its like. */
export function patternOf(names: readonly string[]): string | null {
  const patterns = new Set(names.map((name) => name.replace(/-\d+-of-\d+(?=\.)/, '-*')));
  const [pattern] = patterns;
  return pattern !== undefined && patterns.size === 1 ? pattern : null;
}

/** The splits that have rows, with the names of their files, in the order of `splits`. */
export function filesBySplit(files: Loaded['files']): { split: Split; names: string[] }[] {
  return splits
    .map((split) => ({
      split,
      names: files.filter((file) => file.split === split && file.rows !== 0).map(({ name }) => name),
    }))
    .filter(({ names }) => names.length > 0);
}

/** The folder that a release's archive holds, and under which the commands know it. */
export function folderOf({ number, definition }: Pick<Release, 'number' | 'definition'>): string {
  return `release-${number}-${definition.kind}`;
}

export function commandsFor({ release, files, publicUrl }: Loaded): Command[] {
  const { kind, format, container, compression } = release.definition;
  const folder = folderOf(release);
  const at = `${publicUrl}/api/releases/${release.id}`;
  const token = '-H "Authorization: Bearer $DUOLOGUE_TOKEN"';
  const first = filesBySplit(files)[0];
  const name = first?.names[0];
  const found: (Command | null)[] = [
    {
      key: 'archive',
      title: 'Fetch everything',
      language: 'sh',
      code: `curl -fsSL ${token} ${quoted(`${at}/archive`)} | tar -x`,
    },
    name === undefined
      ? null
      : {
          key: 'file',
          title: 'Fetch one file; where it was broken off, it goes on from there (Range)',
          language: 'sh',
          code: `curl -fL -C - --create-dirs ${token} -o ${quoted(`${folder}/${name}`)} \\\n  ${quoted(`${at}/files/${encodeURIComponent(name)}`)}`,
        },
    release.location === null
      ? null
      : {
          key: 's3',
          title: 'Fetch everything from S3',
          language: 'sh',
          code: `aws s3 sync ${quoted(release.location)} ${folder}`,
        },
    {
      key: 'check',
      title: 'Check that nothing was changed on the way',
      language: 'sh',
      code: `cd ${folder} && sha256sum --check SHA256SUMS`,
    },
  ];
  if (first === undefined) return found.filter((command) => command !== null);

  const pattern = patternOf(first.names) ?? first.names[0] ?? '';
  const path = `${folder}/${pattern}`;
  if (kind === 'raw')
    found.push({
      key: 'import',
      title: 'Import into a project of another Duologue',
      language: 'sh',
      code: `${unpacked[compression]} ${path} | curl -fsS -X POST -H "Authorization: Bearer $TOKEN" \\\n  -H "Content-Type: application/octet-stream" --data-binary @- "$URL/api/projects/$PROJECT/imports?format=raw"`,
    });
  const zstd = compression === 'zstd' ? '# Needs the package zstandard.\n' : '';
  // Rows that are trees or of several kinds have no columns in common.
  const columns = format !== 'oasst' && kind !== 'raw';
  if (columns)
    found.push({
      key: 'datasets',
      title: 'Load with datasets',
      language: 'python',
      code: `${zstd}from datasets import load_dataset\n\ndata = load_dataset("${folder}")\nprint(data["${first.split}"][0])`,
    });
  if (container === 'parquet')
    found.push({
      key: 'pyarrow',
      title: 'Load with pyarrow and pandas',
      language: 'python',
      code: `from glob import glob\n\nimport pyarrow.dataset\n\nparts = pyarrow.dataset.dataset(sorted(glob("${path}")))\nframe = parts.to_table().to_pandas()`,
    });
  else if (columns)
    found.push({
      key: 'pandas',
      title: 'Load with pandas',
      language: 'python',
      code: `${zstd}from glob import glob\n\nimport pandas\n\nparts = [pandas.read_json(name, lines=True) for name in sorted(glob("${path}"))]\nframe = pandas.concat(parts, ignore_index=True)`,
    });
  else
    found.push({
      key: 'lines',
      title: 'Read line by line',
      language: 'python',
      code: `${zstd}import json\nfrom glob import glob\n${opening[compression]}\nfor name in sorted(glob("${path}")):\n    with open(name, "rt", encoding="utf-8") as lines:\n        for line in lines:\n            print(json.loads(line))`,
    });
  if (columns)
    found.push({
      key: 'duckdb',
      title: 'Look into it with DuckDB',
      language: 'sql',
      code:
        container === 'parquet'
          ? `SELECT * FROM read_parquet('${path}') LIMIT 5;`
          : `SELECT * FROM read_json('${path}', format = 'newline_delimited') LIMIT 5;`,
    });
  return found.filter((command) => command !== null);
}

/** What `open` is in Python for a compressed file. */
const opening = {
  none: '',
  gzip: 'from gzip import open\n',
  zstd: 'from zstandard import open\n',
} as const;

/** Writes out files as they were before compression. */
const unpacked = { none: 'cat', gzip: 'gunzip -c', zstd: 'unzstd -c' } as const;

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
