import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import * as accounts from '../../shared/accounts.ts';
import { networkOf, waitAfter } from '../../server/accounts/throttle.ts';
import { createUser } from '../../server/accounts/users.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { ask, cookieOf } from './accounts-exchange.ts';

let here: TestApp;

beforeAll(async () => {
  here = await startApp();
  // The clock stands still, but for what a test adds to it.
  vi.useFakeTimers({ toFake: ['Date'] });
});
beforeEach(async () => {
  await here.context.db.execute(sql`truncate users, sign_in_failures cascade`);
  here.ahead = 0;
  await createUser(here.context.db, { email: 'tom@duologue.example', name: 'Tom', role: 'trainer', password });
});
afterAll(async () => {
  vi.useRealTimers();
  await here.close();
});

const password = 'correct horse battery';
let addresses = 0;

/** Tries to sign in, from another address each time unless told. */
function attempt(email: string, tried: string, ip = `10.1.${++addresses >> 8}.${addresses & 255}`) {
  return ask(here, accounts.signIn, { body: { email, password: tried } }, { 'x-forwarded-for': ip });
}
const guess = (ip?: string) => attempt('tom@duologue.example', 'a wrong guess', ip);

function later(seconds: number): void {
  here.ahead += seconds * 1_000;
}

test('the wait doubles from one second to a quarter of an hour', () => {
  const waits = Array.from({ length: 18 }, (_, failures) => waitAfter(failures, 5));
  expect(waits).toEqual([0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
  expect(waitAfter(1_000_000, 5)).toBe(900);
});

test('an address of IPv6 is its network', () => {
  expect(networkOf('192.0.2.7')).toBe('192.0.2.7');
  expect(networkOf('::ffff:192.0.2.7')).toBe('192.0.2.7');
  expect(networkOf('2001:DB8:0:12::7')).toBe('2001:db8:0:12::/64');
  expect(networkOf('2001:db8::7')).toBe('2001:db8:0:0::/64');
  expect(networkOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
  expect(networkOf('::1')).toBe('0:0:0:0::/64');
  expect(networkOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
});

describe('an account', () => {
  test('takes five wrong passwords without a wait, then makes all wait, the right one too', async () => {
    for (let i = 0; i < 6; i++) expect((await guess()).status).toBe(401);
    const locked = await attempt('tom@duologue.example', password);
    expect(locked).toMatchObject({ status: 429, retryAfter: '1', body: { code: 'too_many_requests', retryAfter: 1 } });

    // A try during the wait does not prolong it.
    later(1);
    expect((await guess()).status).toBe(401);
    expect(await guess()).toMatchObject({ status: 429, body: { retryAfter: 2 } });
    later(2);
    expect((await attempt('tom@duologue.example', password)).status).toBe(200);
    // The right password has cleared the account.
    for (let i = 0; i < 5; i++) expect((await guess()).status).toBe(401);
    expect((await attempt('tom@duologue.example', password)).status).toBe(200);
  });

  test('is never locked for longer than a quarter of an hour, and forgets within an hour', async () => {
    for (let i = 0; i < 20; i++) {
      later(900);
      expect((await guess()).status).toBe(401);
    }
    expect(await guess()).toMatchObject({ status: 429, retryAfter: '900' });
    later(899);
    expect((await attempt('tom@duologue.example', password)).status).toBe(429);
    later(3600 - 899);
    for (let i = 0; i < 5; i++) expect((await guess()).status).toBe(401);
    expect((await attempt('tom@duologue.example', password)).status).toBe(200);
  });

  test('is not guessed faster by many tries at the same moment', async () => {
    const tried = await Promise.all(Array.from({ length: 20 }, () => guess()));
    expect(tried.filter(({ status }) => status === 401)).toHaveLength(6);
    expect(tried.filter(({ status }) => status === 429)).toHaveLength(14);
  });

  test('that does not exist is throttled alike', async () => {
    for (let i = 0; i < 6; i++) expect((await attempt('nobody@duologue.example', password)).status).toBe(401);
    expect((await attempt('nobody@duologue.example', password)).status).toBe(429);
  });

  test('is throttled when its password is guessed from an open session', async () => {
    const cookie = cookieOf(await attempt('tom@duologue.example', password));
    const change = (current: string) =>
      ask(here, accounts.changePassword, { body: { current, password: 'another password' } }, { cookie });
    for (let i = 0; i < 6; i++) expect((await change('a wrong guess')).status).toBe(422);
    expect((await change(password)).status).toBe(429);
    // Signing in is not held up by it.
    expect((await attempt('tom@duologue.example', password)).status).toBe(200);
  });
});

describe('an address', () => {
  test('takes twenty failures over all accounts without a wait, and a success does not clear it', async () => {
    const ip = '192.0.2.7';
    for (let i = 0; i < 20; i++) expect((await attempt(`p${i}@duologue.example`, 'spray', ip)).status).toBe(401);
    expect((await attempt('tom@duologue.example', password, ip)).status).toBe(200);
    expect((await attempt('p20@duologue.example', 'spray', ip)).status).toBe(401);
    expect((await attempt('tom@duologue.example', password, ip)).status).toBe(429);
    // Somewhere else nobody waits.
    expect((await attempt('tom@duologue.example', password)).status).toBe(200);
    later(1);
    expect((await attempt('tom@duologue.example', password, ip)).status).toBe(200);
  });
});
