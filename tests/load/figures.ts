import { readFileSync } from 'node:fs';

/** The value below which a share `at` (from 0 to 1) of the values lies; the nearest rank. */
export function quantile(values: readonly number[], at: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(at * sorted.length) - 1))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Resident memory of a process, in MB; Linux only. */
export function residentMb(pid: number): number {
  const kb = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  // One that has just ended has none.
  return Number(kb ?? 0) / 1024;
}

/** The same with the processes that it began, each of which counts what it shares with the others as its own. */
function residentOfAllMb(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').map(Number).filter(Boolean);
  return residentMb(pid) + children.reduce((sum, child) => sum + (residentIfThereMb(child) ?? 0), 0);
}

/** Null where it has ended meanwhile. */
function residentIfThereMb(pid: number): number | null {
  try {
    return residentMb(pid);
  } catch {
    return null;
  }
}

/** Samples the memory of a process and of those that it began until stopped; says the highest, in MB. */
export function watchMemory(pid: number): () => number {
  let highest = residentOfAllMb(pid);
  const timer = setInterval(() => {
    highest = Math.max(highest, residentOfAllMb(pid));
  }, 50 /* ms */);
  return () => {
    clearInterval(timer);
    return highest;
  };
}

export interface Row {
  what: string;
  measured: string;
  target: string;
  reached: boolean | null;
}

export function printTable(rows: readonly Row[]): void {
  const cells = rows.map(({ what, measured, target, reached }) => [
    what,
    measured,
    target,
    reached === null ? '' : reached ? 'reached' : 'NOT REACHED',
  ]);
  const all = [['what', 'measured', 'to reach', ''], ...cells];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  for (const row of all)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

/** 12345.6 as "12,346". */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
