/** On one line. */
export function flat(text: string): string {
  return text.toWellFormed().replace(/\s+/g, ' ').trim();
}

/** Text of somebody's making within a line of Markdown: it marks nothing up and stays on its line. */
export function inline(text: string): string {
  return flat(text).replace(/[\\`*_[\]<>|~&]/g, '\\$&');
}

/** The same as code, as names of columns and files are shown. */
export function code(text: string): string {
  const line = flat(text);
  const ticks = '`'.repeat(Math.max(0, ...(line.match(/`+/g) ?? []).map(({ length }) => length)) + 1);
  const gap = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${ticks}${gap}${line}${gap}${ticks}`.replaceAll('|', '\\|');
}

/** Lines of code; the fence is longer than any in it. */
export function fenced(language: string, text: string): string {
  const fence = '`'.repeat(Math.max(3, ...(text.match(/`+/g) ?? []).map(({ length }) => length + 1)));
  return `${fence}${language}\n${text}\n${fence}`;
}

/** Cells are Markdown already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map((cell) => (/^(Rows|Bytes|How often|Share)$/.test(cell) ? '--:' : '---')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** Markdown that somebody wrote, apart from ours. */
export function quotation(text: string): string {
  return text
    .toWellFormed()
    .trim()
    .split(/\r?\n|\r/)
    .map((line) => `> ${line}`.trimEnd())
    .join('\n');
}

/** With thousands apart, for people. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function percent(share: number): string {
  return `${(share * 100).toLocaleString('en-US', { maximumFractionDigits: 1 })} %`;
}
