import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { labels as labelsOf, rankingFault } from '../../shared/ranking.ts';
import {
  at,
  missing,
  nextUnplaced,
  placesFrom,
  put,
  ranking,
  take,
  tap,
  type Places,
} from '../../web/src/comparisons/places.ts';
import { actionOf, shownKey } from '../../web/src/comparisons/rank-keys.ts';

const four = ['A', 'B', 'C', 'D'];
const key = (name: string, code = '', shiftKey = false) => ({ key: name, code, shiftKey });

/** Types digits as the page does: each goes to the card in focus, and the focus goes on to the next that has no place. */
function typed(digits: string, labels: readonly string[]): Places {
  let places: Places = {};
  let focused = labels[0] ?? '';
  for (const digit of digits) {
    places = put(places, focused, Number(digit));
    focused = nextUnplaced(places, labels, focused) ?? focused;
  }
  return places;
}

describe('places', () => {
  test('four completions with one tie are 2 1 2 3', () => {
    const places = typed('2123', four);
    expect(ranking(places, four)).toEqual([['B'], ['A', 'C'], ['D']]);
    expect(missing(places, four)).toBeNull();
  });

  test('gaps close on submission', () => {
    expect(ranking(typed('1244', four), four)).toEqual([['A'], ['B'], ['C', 'D']]);
    expect(ranking({ A: 1, B: 2, C: 4 }, four)).toEqual([['A'], ['B'], ['C']]);
  });

  test('a new digit moves a card, and the rest stay', () => {
    const places = put(typed('2123', four), 'D', 1);
    expect(ranking(places, four)).toEqual([
      ['B', 'D'],
      ['A', 'C'],
    ]);
    expect(at(places, four, 1)).toEqual(['B', 'D']);
  });

  test('the next card to place is looked for going round', () => {
    expect(nextUnplaced({ C: 1, D: 2 }, four, 'D')).toBe('A');
    expect(nextUnplaced({ A: 1, C: 1, D: 2 }, four, 'D')).toBe('B');
    expect(nextUnplaced({ A: 1, B: 1, C: 1, D: 1 }, four, 'D')).toBeNull();
  });

  test('what is missing is said as a count', () => {
    expect(missing({}, four)).toBe('0 of 4 placed');
    expect(missing({ A: 1, B: 1, D: 3 }, four)).toBe('3 of 4 placed');
  });

  test('a tap gives the next place, a second one ties, a third one takes out', () => {
    let places = tap(tap({}, 'B'), 'A');
    expect(places).toEqual({ B: 1, A: 2 });
    places = tap(places, 'A');
    expect(places).toEqual({ B: 1, A: 1 });
    places = tap(places, 'A');
    expect(places).toEqual({ B: 1 });
    expect(tap(places, 'B')).toEqual({});
  });

  test('a stored draft that does not fit is cut down to what does', () => {
    expect(placesFrom({ A: 1, B: 9, C: 1.5, Z: 1, D: 4 }, four)).toEqual({ A: 1, D: 4 });
  });

  test('whatever is placed, the ranking holds each label once and in order', () => {
    const tasks = fc
      .integer({ min: 2, max: 9 })
      .chain((count) =>
        fc.tuple(
          fc.constant(labelsOf(count)),
          fc.array(fc.integer({ min: 1, max: count }), { minLength: count, maxLength: count }),
        ),
      );
    fc.assert(
      fc.property(tasks, ([labels, given]) => {
        const places = typed(given.join(''), labels);
        const groups = ranking(places, labels);
        expect(rankingFault(groups, labels)).toBeNull();
        const firsts = groups.map(([label]) => places[label ?? ''] ?? 0);
        expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
        for (const group of groups) expect(new Set(group.map((label) => places[label])).size).toBe(1);
      }),
    );
  });

  test('putting and taking out again changes nothing else', () => {
    const places = { A: 1, B: 2 };
    expect(take(put(places, 'C', 2), 'C')).toEqual(places);
    expect(take(places, 'D')).toBe(places);
  });
});

describe('keys', () => {
  test('digits go by position, so that keyboards with shifted digits work', () => {
    expect(actionOf(key('2', 'Digit2'), four)).toEqual({ kind: 'place', place: 2 });
    expect(actionOf(key('é', 'Digit2'), four)).toEqual({ kind: 'place', place: 2 });
    expect(actionOf(key('@', 'Digit2', true), four)).toEqual({ kind: 'rate', value: 2 });
    expect(actionOf(key('3', 'Numpad3'), four)).toEqual({ kind: 'place', place: 3 });
    expect(actionOf(key(')', 'Digit0', true), four)).toEqual({ kind: 'rate', value: 10 });
  });

  test('a letter is its card where there is one, and a command otherwise; with Shift always the command', () => {
    expect(actionOf(key('b', 'KeyB'), four)).toEqual({ kind: 'focus', label: 'B' });
    expect(actionOf(key('B', 'KeyB', true), four)).toEqual({ kind: 'do', command: 'allBad' });
    expect(actionOf(key('g', 'KeyG'), four)).toEqual({ kind: 'do', command: 'guidelines' });
    expect(actionOf(key('g', 'KeyG'), labelsOf(9))).toEqual({ kind: 'focus', label: 'G' });
    expect(actionOf(key('G', 'KeyG', true), four)).toEqual({ kind: 'do', command: 'guidelines' });
    expect(shownKey('g', four)).toBe('g');
    expect(shownKey('g', labelsOf(9))).toBe('⇧G');
  });

  test('u undoes, with Shift it does again; Backspace takes out; other keys are nothing', () => {
    expect(actionOf(key('u'), four)).toEqual({ kind: 'do', command: 'undo' });
    expect(actionOf(key('U', '', true), four)).toEqual({ kind: 'do', command: 'redo' });
    expect(actionOf(key('Backspace'), four)).toEqual({ kind: 'do', command: 'unplace' });
    expect(actionOf(key('ArrowLeft'), four)).toEqual({ kind: 'move', by: -1 });
    expect(actionOf(key('constructor'), four)).toBeNull();
    expect(actionOf(key('Tab'), four)).toBeNull();
  });
});
