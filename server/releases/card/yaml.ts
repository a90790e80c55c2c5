/** What block YAML is made of here. */
export type Yaml = string | number | boolean | readonly Yaml[] | { readonly [key: string]: Yaml };

/** Block YAML that readers of YAML 1.1 (PyYAML) and 1.2 read alike. Keys are ours, and plain. */
export function yaml(value: { readonly [key: string]: Yaml }): string {
  return `${lines(value).join('\n')}\n`;
}

function lines(value: Yaml): string[] {
  if (isList(value))
    return value.flatMap((item) => {
      const [first = '{}', ...rest] = isScalar(item) ? [scalar(item)] : lines(item);
      return [`- ${first}`, ...rest.map((line) => `  ${line}`)];
    });
  if (isScalar(value)) return [scalar(value)];
  return Object.entries(value).flatMap(([key, item]) => {
    if (isScalar(item)) return [`${key}: ${scalar(item)}`];
    const inner = lines(item);
    if (inner.length === 0) return [`${key}: ${isList(item) ? '[]' : '{}'}`];
    return [`${key}:`, ...(isList(item) ? inner : inner.map((line) => `  ${line}`))];
  });
}

function isList(value: Yaml): value is readonly Yaml[] {
  return Array.isArray(value);
}

function isScalar(value: Yaml): value is string | number | boolean {
  return typeof value !== 'object';
}

/** Words that YAML 1.1 takes for something else than a text, Norway's code among them. */
const reserved = /^(true|false|yes|no|on|off|y|n|null)$/i;

function scalar(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  return /^[A-Za-z][\w./-]*$/.test(value) && !reserved.test(value) ? value : quoted(value);
}

/** A text in double quotes: JSON's escapes are YAML's too, and what YAML would not read as it stands is escaped as well. */
export function quoted(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
