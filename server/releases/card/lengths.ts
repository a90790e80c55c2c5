import type { ReleaseFigures } from '../../../shared/releases.ts';
import { count, percent } from './markdown.ts';

/** Of the picture, in its own units. */
const [width, height] = [720, 300];
const plot = { left: 16, right: 704, top: 40, bottom: 250 };

/**
 * How long the rows are, as a picture: a bar for each bin, from the first to the last that has rows. It says in words what it
 * shows, reads in light and in dark, and holds no script. Null where there is nothing to show.
 */
export function lengthsSvg({ lengths }: Pick<ReleaseFigures, 'lengths'>): string | null {
  const bins = shown(lengths);
  const most = Math.max(0, ...bins.map(({ rows }) => rows));
  if (most === 0) return null;
  const step = (plot.right - plot.left) / bins.length;
  const bars = bins.map(({ below, rows }, index) => {
    const tall = (rows / most) * (plot.bottom - plot.top);
    const middle = plot.left + step * (index + 0.5);
    const bar = `<rect x="${round(plot.left + step * index + step * 0.1)}" y="${round(plot.bottom - tall)}" width="${round(step * 0.8)}" height="${round(tall)}" />`;
    const over = `<text x="${round(middle)}" y="${round(plot.bottom - tall - 6)}">${short(rows)}</text>`;
    const under = `<text x="${round(middle)}" y="${plot.bottom + 18}">${short(below)}</text>`;
    return `  ${bar}\n  ${over}\n  ${under}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc">
  <title id="title">Length of the rows</title>
  <desc id="desc">${lengthsInWords({ lengths })}</desc>
  <style>
    :root { color-scheme: light dark }
    text { font: 12px system-ui, sans-serif; text-anchor: middle; fill: #1f2933 }
    rect { fill: #2f6fb3 }
    line { stroke: #7b8794 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e4e7eb }
      rect { fill: #6ea8e5 }
    }
  </style>
${bars.join('\n')}
  <line x1="${plot.left}" y1="${plot.bottom}" x2="${plot.right}" y2="${plot.bottom}" />
  <text x="${width / 2}" y="20">Rows by the characters of their texts</text>
  <text x="${width / 2}" y="${height - 10}">fewer characters than</text>
</svg>
`;
}

/** The same in a sentence or two, without markup. */
export function lengthsInWords({ lengths }: Pick<ReleaseFigures, 'lengths'>): string {
  const rows = lengths.reduce((sum, bin) => sum + bin.rows, 0);
  if (rows === 0) return 'No row has a length.';
  let seen = 0;
  const middle = shown(lengths).find((bin) => (seen += bin.rows) * 2 >= rows);
  const each = shown(lengths)
    .filter((bin) => bin.rows > 0)
    .map((bin) => `${count(bin.rows)} below ${count(bin.below)} (${percent(bin.rows / rows)})`);
  return `Half of the rows or more have fewer than ${count(middle?.below ?? 0)} characters. By characters: ${each.join(', ')}.`;
}

/** The bins in their order, without empty ones at either end. */
function shown(lengths: ReleaseFigures['lengths']): ReleaseFigures['lengths'] {
  const bins = lengths.toSorted((a, b) => a.below - b.below);
  const has = bins.map(({ rows }) => rows > 0);
  return has.includes(true) ? bins.slice(has.indexOf(true), has.lastIndexOf(true) + 1) : [];
}

function short(value: number): string {
  return value.toLocaleString('en-US', { notation: 'compact', maximumFractionDigits: 1 });
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
