import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ActiveTime, clockTime, idleAfter } from '../../web/src/tasks/active-time.ts';
import {
  DraftSync,
  openingOf,
  retryDelay,
  sameJson,
  sendWithin,
  type LocalDraft,
  type SaveAnswer,
} from '../../web/src/tasks/draft.ts';

const nothing = { draft: null, revision: 0 };
const local = (draft: object, revision: number, more: Partial<LocalDraft> = {}): LocalDraft => ({
  draft: { ...draft },
  revision,
  unsent: true,
  sent: null,
  activeMs: 0,
  keptAt: 0,
  ...more,
});
const saved = (revision: number): SaveAnswer => ({ kind: 'saved', revision, state: 'active', leaseUntil: '' });

describe('opening', () => {
  test('without a local draft, the server has it', () => {
    const stored = { draft: { text: 'x' }, revision: 3 };
    expect(openingOf(stored, null)).toEqual({ ...stored, unsent: false, theirs: null });
  });

  test('unsent work on the stored revision is restored and sent', () => {
    const opening = openingOf({ draft: { text: 'x' }, revision: 3 }, local({ text: 'xy' }, 3));
    expect(opening).toEqual({ draft: { text: 'xy' }, revision: 3, unsent: true, theirs: null });
    expect(openingOf(nothing, local({ text: 'new' }, 0))).toMatchObject({ draft: { text: 'new' }, unsent: true });
  });

  test('what was sent already, here or on another device, gives way to a newer stored draft', () => {
    const stored = { draft: { text: 'there' }, revision: 5 };
    expect(openingOf(stored, local({ text: 'here' }, 4, { unsent: false }))).toMatchObject({
      draft: { text: 'there' },
      revision: 5,
    });
  });

  test('unsent work against a newer stored draft is for the person to choose', () => {
    const stored = { draft: { text: 'there' }, revision: 5 };
    const opening = openingOf(stored, local({ text: 'here' }, 4));
    expect(opening).toEqual({ draft: { text: 'here' }, revision: 4, unsent: true, theirs: stored });
  });

  test('a newer stored draft that came from here, its answer lost, is no conflict', () => {
    const opening = openingOf({ draft: { a: 1, b: 2 }, revision: 5 }, local({ a: 2 }, 4, { sent: { b: 2, a: 1 } }));
    expect(opening).toEqual({ draft: { a: 2 }, revision: 5, unsent: true, theirs: null });
    expect(openingOf({ draft: { a: 2 }, revision: 5 }, local({ a: 2 }, 4)).unsent).toBe(false);
  });

  test('an assignment read before the last save does not hide what was saved since', () => {
    const opening = openingOf(nothing, local({ a: 1 }, 2, { unsent: false }));
    expect(opening).toEqual({ draft: { a: 1 }, revision: 2, unsent: false, theirs: null });
  });
});

describe('sync', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  function begin(opening = openingOf(nothing, null)) {
    const sends: {
      draft: unknown;
      revision: number;
      leaving: boolean;
      signal: AbortSignal;
      answer: (answer: SaveAnswer) => Promise<void>;
    }[] = [];
    const kept: Omit<LocalDraft, 'activeMs' | 'keptAt'>[] = [];
    const sync = new DraftSync({
      opening,
      send: (draft, revision, leaving, signal) => {
        const { promise, resolve } = Promise.withResolvers<SaveAnswer>();
        const answer = async (given: SaveAnswer): Promise<void> => {
          resolve(given);
          await vi.advanceTimersByTimeAsync(0);
        };
        sends.push({ draft, revision, leaving, signal, answer });
        return promise;
      },
      keep: (one) => kept.push(structuredClone(one)),
      onchange: () => {},
    });
    return { sync, sends, kept };
  }

  test('every change is kept at once and sent within two seconds, however fast they come', async () => {
    const { sync, sends, kept } = begin();
    for (let typed = 1; typed <= 30; typed += 1) {
      sync.change({ typed });
      expect(kept.at(-1)).toMatchObject({ draft: { typed }, unsent: true });
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(sendWithin).toBeLessThan(2_000);
    expect(sends).toHaveLength(1);
    expect(sends[0]).toMatchObject({ draft: { typed: 15 }, revision: 0 });
  });

  test('one request at a time, each on the revision before; what changed meanwhile follows', async () => {
    const { sync, sends, kept } = begin();
    sync.change({ a: 1 });
    await vi.advanceTimersByTimeAsync(sendWithin);
    sync.change({ a: 2 });
    await vi.advanceTimersByTimeAsync(10 * sendWithin);
    expect(sends).toHaveLength(1);
    await sends[0]?.answer(saved(1));
    expect(sync.status).toBe('unsent');
    await vi.advanceTimersByTimeAsync(sendWithin);
    expect(sends[1]).toMatchObject({ draft: { a: 2 }, revision: 1 });
    await sends[1]?.answer(saved(2));
    expect(sync.status).toBe('saved');
    expect(kept.at(-1)).toEqual({ draft: { a: 2 }, revision: 2, unsent: false, sent: null });
  });

  test('offline it is tried again with growing delays, and at once when the network is back', async () => {
    const { sync, sends } = begin();
    sync.change({ a: 1 });
    await vi.advanceTimersByTimeAsync(sendWithin);
    await sends[0]?.answer({ kind: 'unreachable' });
    expect(sync.status).toBe('unreachable');
    await vi.advanceTimersByTimeAsync(retryDelay(1));
    await sends[1]?.answer({ kind: 'unreachable' });
    await vi.advanceTimersByTimeAsync(retryDelay(1));
    expect(sends).toHaveLength(2);
    sync.flush();
    expect(sends).toHaveLength(3);
    await sends[2]?.answer(saved(1));
    expect(sync.status).toBe('saved');
    expect(retryDelay(50)).toBe(30_000);
  });

  test('a newer draft is never overwritten unasked', async () => {
    const { sync, sends } = begin();
    sync.change({ mine: 1 });
    await vi.advanceTimersByTimeAsync(sendWithin);
    await sends[0]?.answer({ kind: 'conflict', stored: { draft: { theirs: 1 }, revision: 7 } });
    sync.change({ mine: 2 });
    sync.flush();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sends).toHaveLength(1);
    expect(sync.status).toBe('conflict');
    sync.keepMine();
    expect(sends[1]).toMatchObject({ draft: { mine: 2 }, revision: 7 });
    await sends[1]?.answer(saved(8));
    expect(sync.status).toBe('saved');
  });

  test('the newer draft can be chosen; then nothing is sent', async () => {
    const theirs = { draft: { theirs: 1 }, revision: 7 };
    const { sync, sends, kept } = begin(openingOf(theirs, local({ mine: 1 }, 3)));
    expect(sync.status).toBe('conflict');
    sync.useTheirs();
    expect(sync.draft).toEqual({ theirs: 1 });
    expect(kept.at(-1)).toMatchObject({ draft: { theirs: 1 }, revision: 7, unsent: false });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sends).toHaveLength(0);
  });

  test('a conflict with what was just sent is an answer that was lost', async () => {
    const { sync, sends } = begin();
    sync.change({ a: 1 });
    await vi.advanceTimersByTimeAsync(sendWithin);
    await sends[0]?.answer({ kind: 'conflict', stored: { draft: { a: 1 }, revision: 1 } });
    expect(sync.status).toBe('saved');
    expect(sync.revision).toBe(1);
  });

  test('where the place is lost it is said, and changes are still kept here', async () => {
    const { sync, sends, kept } = begin();
    sync.change({ a: 1 });
    await vi.advanceTimersByTimeAsync(sendWithin);
    await sends[0]?.answer({ kind: 'saved', revision: 1, state: 'expired', leaseUntil: '' });
    expect(sync.status).toBe('given_away');
    sync.change({ a: 2 });
    expect(kept.at(-1)).toMatchObject({ draft: { a: 2 }, unsent: true });
  });

  test('restored work is sent at once, and a leaving page sends without waiting', async () => {
    const { sync, sends } = begin(openingOf(nothing, local({ a: 1 }, 0)));
    await vi.advanceTimersByTimeAsync(0);
    expect(sends[0]).toMatchObject({ draft: { a: 1 }, leaving: false });
    sync.change({ a: 2 });
    sync.flush(true);
    expect(sends[1]).toMatchObject({ draft: { a: 2 }, leaving: true });
  });

  test('before the end of the work what is on its way is let go of, and nothing is sent', async () => {
    const { sync, sends, kept } = begin();
    sync.change({ a: 1 });
    await vi.advanceTimersByTimeAsync(sendWithin);
    sync.change({ a: 2 });
    sync.hold();
    expect(sends[0]?.signal.aborted).toBe(true);
    await sends[0]?.answer({ kind: 'given_away' });
    expect(sync.status).toBe('unsent');
    sync.change({ a: 3 });
    sync.flush();
    sync.flush(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sends).toHaveLength(1);
    expect(kept.at(-1)).toMatchObject({ draft: { a: 3 }, unsent: true, sent: { a: 1 } });
  });

  test('where the work did not end after all, what is unsent is sent at once', async () => {
    const { sync, sends } = begin();
    sync.change({ a: 1 });
    await vi.advanceTimersByTimeAsync(sendWithin);
    sync.hold();
    sync.resume();
    expect(sends[1]).toMatchObject({ draft: { a: 1 }, revision: 0 });
    expect(sends[1]?.signal.aborted).toBe(false);
    // The first one had arrived all the same.
    await sends[0]?.answer(saved(1));
    expect(sync.status).toBe('unsent');
    await sends[1]?.answer(saved(1));
    expect(sync.status).toBe('saved');
  });

  test('after closing nothing is sent any more', async () => {
    const { sync, sends } = begin();
    sync.change({ a: 1 });
    sync.close();
    sync.change({ a: 2 });
    sync.flush();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sends).toHaveLength(0);
  });
});

test('JSON is equal whatever the order of its keys', () => {
  expect(sameJson({ a: [1, { b: 2, c: null }] }, { a: [1, { c: null, b: 2 }] })).toBe(true);
  expect(sameJson({ a: undefined }, {})).toBe(true);
  expect(sameJson([1, 2], [2, 1])).toBe(false);
  expect(sameJson({}, [])).toBe(false);
  expect(sameJson(null, {})).toBe(false);
});

test('time at work counts between signs of life, with idle time capped', () => {
  const active = new ActiveTime(5_000);
  expect(active.read(1_000)).toBe(5_000);
  active.sign(1_000);
  active.sign(11_000);
  expect(active.read(11_000)).toBe(15_000);
  expect(active.read(11_000 + 10 * idleAfter)).toBe(15_000 + idleAfter);
  active.sign(11_000 + 10 * idleAfter);
  expect(active.read(11_000 + 10 * idleAfter)).toBe(15_000 + idleAfter);
  active.pause(11_000 + 10 * idleAfter + 500);
  expect(active.read(1e12)).toBe(15_500 + idleAfter);
  expect(active.idle(1e12)).toBe(Infinity);
  expect([clockTime(400_000), clockTime(59_999), clockTime(4_000_000)]).toEqual(['6:40', '0:59', '1:06:40']);
});
