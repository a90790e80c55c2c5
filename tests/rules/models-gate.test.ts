import { afterEach, expect, test, vi } from 'vitest';
import { Gate, inWords } from '../../server/models/gate.ts';
import { ModelFailure } from '../../server/models/provider.ts';

const never = new AbortController().signal;
const quiet = (): void => {};
const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

afterEach(() => vi.useRealTimers());

test('places are given in the order of asking', async () => {
  const gate = new Gate(1);
  const order: string[] = [];
  const first = await gate.enter(never, quiet);
  const waiting = ['a', 'b', 'c'].map(async (name) => {
    const leave = await gate.enter(never, quiet);
    order.push(name);
    await turns();
    leave();
  });
  await turns();
  expect(order).toEqual([]);
  first();
  first();
  await Promise.all(waiting);
  expect(order).toEqual(['a', 'b', 'c']);
  expect(gate.taken).toBe(0);
});

test('background work is let in after whoever a person waits for', async () => {
  const gate = new Gate(1);
  const order: string[] = [];
  const first = await gate.enter(never, quiet);
  const waiting = ['sample 1', 'sample 2', 'chat 1', 'sample 3', 'chat 2'].map(async (name) => {
    const leave = await gate.enter(never, quiet, { background: name.startsWith('sample') });
    order.push(name);
    await turns();
    leave();
  });
  await turns();
  first();
  await Promise.all(waiting);
  expect(order).toEqual(['chat 1', 'chat 2', 'sample 1', 'sample 2', 'sample 3']);
});

test('one who waits is told why, and that it is over', async () => {
  const gate = new Gate(1);
  const told: (string | null)[] = [];
  const leave = await gate.enter(never, (detail) => told.push(detail));
  expect(told).toEqual([]);
  const second = gate.enter(never, (detail) => told.push(detail));
  leave();
  (await second)();
  expect(told).toEqual(['Waiting for a free place at the model server.', null]);
});

test('no place is lost by giving up: before, while waiting, and while having one', async () => {
  const gate = new Gate(1);
  await expect(gate.enter(AbortSignal.abort(new Error('stopped')), quiet)).rejects.toThrow('stopped');
  const having = new AbortController();
  const waiting = new AbortController();
  const leave = await gate.enter(having.signal, quiet);
  const second = gate.enter(waiting.signal, quiet);
  const third = gate.enter(never, quiet);
  waiting.abort(new Error('stopped'));
  await expect(second).rejects.toThrow('stopped');
  having.abort(new Error('stopped'));
  const leaveThird = await third;
  leave();
  expect(gate.taken).toBe(1);
  leaveThird();
  expect(gate.taken).toBe(0);

  // Aborted in the very moment of being let in.
  const last = new AbortController();
  const blocking = await gate.enter(never, quiet);
  const unlucky = gate.enter(last.signal, quiet);
  blocking();
  last.abort(new Error('stopped'));
  await expect(unlucky).rejects.toThrow('stopped');
  expect(gate.taken).toBe(0);
});

test('more places let those in who wait, and fewer throw nobody out', async () => {
  const gate = new Gate(1);
  const first = await gate.enter(never, quiet);
  const second = gate.enter(never, quiet);
  gate.resize(2);
  const leaveSecond = await second;
  gate.resize(1);
  const third = gate.enter(never, quiet);
  first();
  await turns();
  expect(gate.taken).toBe(1);
  leaveSecond();
  (await third)();
});

test('a closed gate lets nobody in until it opens again, and says for how long', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const gate = new Gate(5);
  gate.close(120);
  const told: (string | null)[] = [];
  const entering = Promise.all([1, 2, 3].map(() => gate.enter(never, (detail) => told.push(detail))));
  await vi.advanceTimersByTimeAsync(119);
  expect(gate.taken).toBe(0);
  expect(told).toEqual(Array(3).fill('The model server asked us to wait for a second.'));
  await vi.advanceTimersByTimeAsync(1);
  const leaves = await entering;
  expect(told.slice(3)).toEqual([null, null, null]);
  for (const leave of leaves) leave();
  expect(gate.taken).toBe(0);
});

test('whoever would wait for more than a minute is told so at once', async () => {
  const gate = new Gate(1);
  const leave = await gate.enter(never, quiet);
  const waiting = gate.enter(never, quiet);
  gate.close(300_000);
  for (const refused of [waiting, gate.enter(never, quiet)]) {
    const error: unknown = await refused.catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ModelFailure);
    expect(error).toMatchObject({ kind: 'rate', passing: true });
    expect(String(error)).toMatch(/takes no more for 5 minutes/);
  }
  leave();
  expect(gate.taken).toBe(0);
});

test('a server that asks for a thousand years is asked again after ten minutes', async () => {
  const gate = new Gate(1);
  gate.close(3e13);
  await expect(gate.enter(never, quiet)).rejects.toThrow(/takes no more for 10 minutes/);
});

test('spans of time in words', () => {
  expect([1, 1_000, 1_001, 89_000, 90_000, 3_600_000 * 5].map(inWords)).toEqual([
    'a second',
    'a second',
    '2 seconds',
    '89 seconds',
    '2 minutes',
    '5 hours',
  ]);
});
