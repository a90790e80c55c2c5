import type { ReleaseDefinition } from '../../shared/releases.ts';

/** What differs between two definitions, field by field, with the values as JSON. */
export function changesOf(
  from: ReleaseDefinition,
  to: ReleaseDefinition,
): { field: string; from: string; to: string }[] {
  const before = leavesOf(from);
  const after = leavesOf(to);
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((field) => before.get(field) !== after.get(field))
    .map((field) => ({ field, from: before.get(field) ?? '', to: after.get(field) ?? '' }));
}

/** By path, as in `filter.rounds`; a list is one value. */
function leavesOf(value: object, path = ''): Map<string, string> {
  return new Map(
    Object.entries(value).flatMap(([name, inner]: [string, unknown]) => {
      const at = path === '' ? name : `${path}.${name}`;
      return typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? [...leavesOf(inner, at)]
        : [[at, JSON.stringify(inner)] as const];
    }),
  );
}
