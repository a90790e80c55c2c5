import { type Release, type Split, splits } from '../../shared/releases.ts';
import type { ReleaseView } from './queries/releases.ts';

/** A release as admins see it. `rows`: by split. */
export function releaseView(
  row: ReleaseView,
  rows: readonly { split: string | null; rows: number | null }[] = [],
): Release {
  const { createdByName: createdBy, merges: _merges, basis: _basis, moment, createdAt, endedAt, ...rest } = row;
  return {
    ...{ ...rest, createdBy, splits: splitsOf(rows) },
    ...{ moment: moment.toISOString(), createdAt: createdAt.toISOString(), endedAt: endedAt?.toISOString() ?? null },
  };
}

/** Rows by split, in the order of the splits; those without any are left out. */
export function splitsOf(
  files: readonly { split: string | null; rows: number | null }[],
): { split: Split; rows: number }[] {
  return splits.flatMap((split) => {
    const rows = files.filter((file) => file.split === split).reduce((sum, file) => sum + (file.rows ?? 0), 0);
    return rows === 0 ? [] : [{ split, rows }];
  });
}
