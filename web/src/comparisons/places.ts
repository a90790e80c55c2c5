import { groupsOf } from '../../../shared/ranking.ts';

/**
 * Where the cards stand while a person ranks: a place, from 1, per label; a label that is absent is not placed yet.
 * Places may have gaps meanwhile (1, 2, 4) and ties (two labels in 2); `ranking` closes the gaps. All pure.
 */
export type Places = Readonly<Record<string, number>>;

/** Puts `label` at `place`, wherever it was before. */
export function put(places: Places, label: string, place: number): Places {
  return places[label] === place ? places : { ...places, [label]: place };
}

/** Takes `label` out of its place. */
export function take(places: Places, label: string): Places {
  if (places[label] === undefined) return places;
  return Object.fromEntries(Object.entries(places).filter(([other]) => other !== label));
}

/**
 * What a tap on a card does, where there are no digit keys: not placed -> the next place; last in a place of its own
 * -> tied with the one before; otherwise -> out of its place, so that a third tap begins anew.
 */
export function tap(places: Places, label: string): Places {
  const place = places[label];
  const others = Object.entries(places).filter(([other]) => other !== label);
  const highest = Math.max(0, ...others.map(([, taken]) => taken));
  if (place === undefined) return put(places, label, highest + 1);
  return place > highest && highest > 0 ? put(places, label, highest) : take(places, label);
}

/** The first label after `from` that is not placed, going round; null where all are. */
export function nextUnplaced(places: Places, labels: readonly string[], from: string): string | null {
  const start = labels.indexOf(from) + 1;
  const round = [...labels.slice(start), ...labels.slice(0, start)];
  return round.find((label) => places[label] === undefined) ?? null;
}

/** The labels at `place`, in the order shown. */
export function at(places: Places, labels: readonly string[], place: number): string[] {
  return labels.filter((label) => places[label] === place);
}

/** The ranking that these places mean, best group first, without gaps; labels not placed are left out. */
export function ranking(places: Places, labels: readonly string[]): string[][] {
  return groupsOf(labels.map((label) => [label, places[label]] as const));
}

/** What keeps the places from being submitted, in words, or null. */
export function missing(places: Places, labels: readonly string[]): string | null {
  const placed = labels.filter((label) => places[label] !== undefined).length;
  return placed === labels.length ? null : `${placed} of ${labels.length} placed`;
}

/** The places that are in `found` and make sense for `labels`; anything else a stored draft may hold is dropped. */
export function placesFrom(found: Readonly<Record<string, number>>, labels: readonly string[]): Places {
  return Object.fromEntries(
    Object.entries(found).filter(
      ([label, place]) => labels.includes(label) && Number.isInteger(place) && place >= 1 && place <= labels.length,
    ),
  );
}
