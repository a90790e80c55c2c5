import { expect, test } from 'vitest';
import { Recent } from '../../server/accounts/recent.ts';

const tom = { id: 'tom' };
const tia = { id: 'tia' };

test('believes a key for five seconds', () => {
  const recent = new Recent();
  recent.keep('a', tom, 0);
  expect(recent.get('a', 4_999)).toBe(tom);
  expect(recent.get('a', 5_000)).toBeNull();
  expect(recent.get('b', 0)).toBeNull();
});

test('forgets all keys of a person, and of nobody else', () => {
  const recent = new Recent();
  recent.keep('a', tom, 0);
  recent.keep('b', tom, 0);
  recent.keep('c', tia, 0);
  recent.forget('tom', 1);
  expect([recent.get('a', 1), recent.get('b', 1), recent.get('c', 1)]).toEqual([null, null, tia]);
});

test('what was read before a change does not come back after it', () => {
  const recent = new Recent();
  recent.forget('tom', 0);
  recent.keep('a', tom, 1);
  expect(recent.get('a', 2)).toBeNull();
  // A second change within the time begins it anew.
  recent.forget('tom', 4_000);
  recent.keep('a', tom, 5_001);
  expect(recent.get('a', 5_001)).toBeNull();
  recent.keep('a', tom, 9_000);
  expect(recent.get('a', 9_000)).toBe(tom);
});

test('keeps ten thousand keys and drops the oldest', () => {
  const recent = new Recent();
  for (let i = 0; i <= 10_000; i++) recent.keep(String(i), tom, i / 10_000);
  expect(recent.get('0', 1)).toBeNull();
  expect(recent.get('1', 1)).toBe(tom);
  expect(recent.get('10000', 1)).toBe(tom);
});
