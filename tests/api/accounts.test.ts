import { sql } from 'drizzle-orm';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as accounts from '../../shared/accounts.ts';
import type { Role } from '../../shared/endpoint.ts';
import { hashOf } from '../../server/accounts/secrets.ts';
import { ensureAdmin, setupLink } from '../../server/accounts/setup.ts';
import { createTokenFor } from '../../server/accounts/tokens.ts';
import { createUser } from '../../server/accounts/users.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { ask, cookieOf, startSecond } from './accounts-exchange.ts';

/** Two servers on one database; the second is reached by https. */
let here: TestApp;
let there: Awaited<ReturnType<typeof startSecond>>;

beforeAll(async () => {
  here = await startApp();
  there = await startSecond(here, 'https://duologue.example');
});
beforeEach(async () => {
  await here.context.db.execute(sql`truncate users, invitations, sign_in_failures, projects cascade`);
  here.ahead = 0;
});
afterAll(async () => {
  await there.close();
  await here.close();
});

const password = 'correct horse battery';
const emailOf = (name: string): string => `${name.toLowerCase()}@duologue.example`;

async function join(name: string, role: Role): Promise<accounts.User> {
  return createUser(here.context.db, { email: emailOf(name), name, role, password });
}

/** Makes an account and signs in; the cookie header to send. */
async function enter(name: string, role: Role): Promise<{ cookie: string; user: accounts.User }> {
  const user = await join(name, role);
  return { user, cookie: await signIn(name) };
}

async function signIn(name: string): Promise<string> {
  const answer = await ask(here, accounts.signIn, { body: { email: emailOf(name), password } });
  expect(answer.status).toBe(200);
  return cookieOf(answer);
}

async function whoIs(cookie: string, server: { app: FastifyInstance } = here): Promise<number> {
  return (await ask(server, accounts.whoAmI, {}, { cookie })).status;
}

async function rows(query: ReturnType<typeof sql>): Promise<Record<string, unknown>[]> {
  return here.context.db._.session.all<Record<string, unknown>>(query);
}

async function auditActions(cookie: string): Promise<string[]> {
  const { body } = await ask(here, accounts.readAudit, { query: {} }, { cookie });
  return accounts.readAudit.response.parse(body).entries.map(({ action }) => action);
}

describe('setup', () => {
  const admin = { name: 'Ada', email: emailOf('Ada'), password };
  async function token(): Promise<string> {
    const link = await setupLink(here.context.db, here.context.secret, 'http://localhost:3000');
    return link?.split('#')[1] ?? '';
  }

  test('makes the first admin once, and signs in', async () => {
    expect((await ask(here, accounts.setupState, {})).body).toEqual({ needed: true });
    const link = await setupLink(here.context.db, here.context.secret, 'http://localhost:3000');
    expect(link).toMatch(/^http:\/\/localhost:3000\/setup#[\w-]{43}$/);
    const body = { ...admin, token: await token() };

    const first = await ask(here, accounts.setup, { body });
    expect(first).toMatchObject({ status: 201, body: { user: { email: admin.email, role: 'admin' } } });
    expect(await auditActions(cookieOf(first))).toEqual(['user.create']);

    expect((await ask(here, accounts.setupState, {})).body).toEqual({ needed: false });
    expect(await setupLink(here.context.db, here.context.secret, 'http://localhost:3000')).toBeNull();
    const second = await ask(here, accounts.setup, { body: { ...body, email: emailOf('Eve') } });
    expect(second).toMatchObject({ status: 410, body: { code: 'gone' } });
  });

  test('twice at the same moment makes one admin', async () => {
    const tried = await Promise.all(
      ['Ada', 'Eve', 'Ida', 'Ola'].map(async (name, i) =>
        ask(i % 2 ? here : there, accounts.setup, {
          body: { name, email: emailOf(name), password, token: await token() },
        }),
      ),
    );
    expect(tried.map(({ status }) => status).toSorted()).toEqual([201, 410, 410, 410]);
    expect(await rows(sql`select id from users`)).toHaveLength(1);
  });

  test('needs the token of the link', async () => {
    const answer = await ask(here, accounts.setup, { body: { ...admin, token: 'guessed' } });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ path: 'token' }] } });
  });

  test('can be left to the configuration, which does not undo a changed password', async () => {
    const { db } = here.context;
    await ensureAdmin(db, admin);
    const cookie = await signIn('Ada');
    await ask(here, accounts.changePassword, { body: { current: password, password: 'another password' } }, { cookie });
    await ensureAdmin(db, admin);
    const stale = await ask(here, accounts.signIn, { body: { email: admin.email, password } });
    expect(stale.status).toBe(401);
    await ensureAdmin(db, { email: emailOf('Eve'), password });
    expect(await rows(sql`select id from users`)).toHaveLength(1);
  });
});

describe('sessions', () => {
  test('are in a cookie that scripts and other sites do not get, and end on signing out', async () => {
    await join('Tom', 'trainer');
    const answer = await ask(here, accounts.signIn, { body: { email: 'TOM@duologue.example', password } });
    expect(answer).toMatchObject({ status: 200, body: { user: { name: 'Tom', role: 'trainer' } } });
    const attributes = answer.setCookie.split('; ').slice(1).toSorted();
    expect(attributes).toEqual(['HttpOnly', `Max-Age=${30 * 24 * 3600}`, 'Path=/', 'SameSite=Lax']);
    const cookie = cookieOf(answer);
    expect(await whoIs(cookie)).toBe(200);
    // Another process has validated it too, and learns of its end.
    expect(await whoIs(cookie, there)).toBe(200);

    const left = await ask(here, accounts.signOut, {}, { cookie });
    expect(left.status).toBe(204);
    expect(left.setCookie).toMatch(/^session=; .*Max-Age=0/);
    expect(await whoIs(cookie)).toBe(401);
    await expect.poll(() => whoIs(cookie, there), { timeout: 2_000 }).toBe(401);
  });

  test('are sent by https only where the server is reached so', async () => {
    await join('Tom', 'trainer');
    const answer = await ask(there, accounts.signIn, { body: { email: emailOf('Tom'), password } });
    expect(answer.setCookie).toContain('; Secure');
  });

  test('are stored as hashes', async () => {
    const { cookie } = await enter('Tom', 'trainer');
    const id = cookie.split('=')[1] ?? '';
    expect(await rows(sql`select hash from sessions`)).toEqual([{ hash: hashOf(id) }]);
    // What a thief reads in the table opens nothing.
    expect(await whoIs(`session=${hashOf(id)}`)).toBe(401);
  });

  test('are renewed in their second half, and end after it', async () => {
    await join('Tom', 'trainer');
    const [young, half, old] = [await signIn('Tom'), await signIn('Tom'), await signIn('Tom')];
    const age = async (cookie: string, left: string): Promise<void> => {
      const hash = hashOf(cookie.split('=')[1] ?? '');
      await rows(sql`update sessions set expires_at = now() + ${left}::interval where hash = ${hash}`);
    };
    await age(young, '16 days');
    await age(half, '14 days');
    await age(old, '-1 second');
    expect((await ask(here, accounts.whoAmI, {}, { cookie: young })).setCookie).toBe('');
    const renewed = await ask(here, accounts.whoAmI, {}, { cookie: half });
    expect(renewed.status).toBe(200);
    expect(cookieOf(renewed)).toBe(half);
    expect(renewed.setCookie).toContain(`Max-Age=${30 * 24 * 3600}`);
    expect(await whoIs(old)).toBe(401);
    expect(await rows(sql`select 1 from sessions where expires_at > now() + interval '29 days'`)).toHaveLength(1);
  });

  test('are not given for a wrong password, an unknown email or a disabled account, all in the same words', async () => {
    const tom = await join('Tom', 'trainer');
    const wrong = await ask(here, accounts.signIn, { body: { email: emailOf('Tom'), password: 'wrong' } });
    const unknown = await ask(here, accounts.signIn, { body: { email: emailOf('Nobody'), password } });
    await rows(sql`update users set disabled = true where id = ${tom.id}`);
    const disabled = await ask(here, accounts.signIn, { body: { email: emailOf('Tom'), password } });
    expect(wrong).toMatchObject({ status: 401, setCookie: '', body: { code: 'wrong_credentials' } });
    expect(unknown).toEqual(wrong);
    expect(disabled).toEqual(wrong);
  });

  test('do not let other sites change anything; API tokens, which no site can send, do not ask for the origin', async () => {
    const { cookie } = await enter('Ada', 'admin');
    const input = { body: { name: 'Ada L.' } };
    const headers = { cookie, host: 'localhost:3000' };
    const foreign = await ask(here, accounts.changeProfile, input, { ...headers, origin: 'https://evil.example' });
    expect(foreign).toMatchObject({ status: 403, body: { code: 'foreign_origin' } });
    const unsaid = await ask(here, accounts.changeProfile, input, { ...headers, 'sec-fetch-site': 'cross-site' });
    expect(unsaid.status).toBe(403);
    const own = await ask(here, accounts.changeProfile, input, { ...headers, origin: 'http://localhost:3000' });
    expect(own).toMatchObject({ status: 200, body: { user: { name: 'Ada L.' } } });

    const { token } = await createTokenFor(here.context.db, emailOf('Ada'), 'training job');
    const bearer = { authorization: `Bearer ${token}`, origin: 'https://evil.example' };
    expect((await ask(here, accounts.changeProfile, input, bearer)).status).toBe(200);
  });
});

describe('passwords', () => {
  test('are stored as argon2id with what OWASP asks for', async () => {
    await join('Tom', 'trainer');
    const [row] = await rows(sql`select password_hash from users`);
    expect(row?.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  test('are changed with the current one, which ends all other sessions', async () => {
    const { cookie } = await enter('Tom', 'trainer');
    const other = await signIn('Tom');
    expect([await whoIs(other), await whoIs(other, there)]).toEqual([200, 200]);

    const next = 'another password';
    const wrong = await ask(here, accounts.changePassword, { body: { current: 'wrong', password: next } }, { cookie });
    expect(wrong).toMatchObject({ status: 422, body: { errors: [{ path: 'current' }] } });
    const right = await ask(here, accounts.changePassword, { body: { current: password, password: next } }, { cookie });
    expect(right.status).toBe(204);

    expect(await whoIs(cookie)).toBe(200);
    expect(await whoIs(other)).toBe(401);
    await expect.poll(() => whoIs(other, there), { timeout: 2_000 }).toBe(401);
    expect((await ask(here, accounts.signIn, { body: { email: emailOf('Tom'), password } })).status).toBe(401);
    expect((await ask(here, accounts.signIn, { body: { email: emailOf('Tom'), password: next } })).status).toBe(200);
  });
});

describe('invitations', () => {
  async function invite(cookie: string, body: { email?: string; role?: Role; projectIds?: string[] }) {
    const { status, body: answer } = await ask(here, accounts.invite, { body }, { cookie });
    expect(status).toBe(201);
    return accounts.invite.response.parse(answer);
  }
  const accept = (token: string, name: string, server: { app: FastifyInstance } = here) =>
    ask(server, accounts.acceptInvitation, { body: { token, name, email: emailOf(name), password } });

  test('make an account with role and memberships, and sign in', async () => {
    const { cookie } = await enter('Ada', 'admin');
    const [project] = await rows(sql`
      insert into projects (id, name, guidelines, rubric, overlap, completions_per_comparison, limits, lease_minutes, reopen_minutes)
      values (gen_random_uuid(), 'Round one', '', '{}', '{}', 4, '{}', 30, 10) returning id`);
    const projectId = String(project?.id);
    const { link, token, invitation } = await invite(cookie, { role: 'reviewer', projectIds: [projectId] });
    expect(link).toBe(`http://localhost:3000/invitation#${token}`);
    expect(await rows(sql`select hash from invitations`)).toEqual([{ hash: hashOf(token) }]);
    expect(Date.parse(invitation.expiresAt) - Date.parse(invitation.createdAt)).toBe(14 * 24 * 3600_000);

    const offered = await ask(here, accounts.inspectInvitation, { body: { token } });
    expect(offered.body).toEqual({ email: null, role: 'reviewer', projects: ['Round one'] });

    const accepted = await accept(token, 'Rita');
    expect(accepted).toMatchObject({ status: 201, body: { user: { name: 'Rita', role: 'reviewer' } } });
    expect(await whoIs(cookieOf(accepted))).toBe(200);
    expect(await rows(sql`select project_id from members`)).toEqual([{ project_id: projectId }]);
    const listed = await ask(here, accounts.listInvitations, {}, { cookie });
    expect(listed.body).toMatchObject({ invitations: [{ id: invitation.id, acceptedBy: 'Rita' }] });

    expect((await accept(token, 'Rolf')).status).toBe(410);
    expect((await ask(here, accounts.inspectInvitation, { body: { token } })).status).toBe(410);
    expect(await auditActions(cookie)).toEqual(['invitation.accept', 'invitation.create', 'user.create']);
  });

  test('are accepted once, whatever comes at the same moment', async () => {
    const { cookie } = await enter('Ada', 'admin');
    const { token } = await invite(cookie, {});
    const tried = await Promise.all(
      ['Tom', 'Tim', 'Tia', 'Tea'].map((name, i) => accept(token, name, i % 2 ? here : there)),
    );
    expect(tried.map(({ status }) => status).toSorted()).toEqual([201, 410, 410, 410]);
    expect(await rows(sql`select id from users`)).toHaveLength(2);
  });

  test('for an email are for that email, and no email has two accounts', async () => {
    const { cookie } = await enter('Ada', 'admin');
    const { token } = await invite(cookie, { email: emailOf('Tom') });
    expect(await accept(token, 'Tim')).toMatchObject({ status: 422, body: { errors: [{ path: 'email' }] } });
    expect((await accept(token, 'Tom')).status).toBe(201);

    const taken = { status: 409, body: { code: 'conflict', errors: [{ path: 'email' }] } };
    const { token: open } = await invite(cookie, {});
    expect(await accept(open, 'Tom')).toMatchObject(taken);
    expect((await accept(open, 'Tim')).status).toBe(201);
    expect(await ask(here, accounts.invite, { body: { email: emailOf('Tom') } }, { cookie })).toMatchObject(taken);
  });

  test('end after 14 days, and when they are taken back', async () => {
    const { cookie } = await enter('Ada', 'admin');
    const { token } = await invite(cookie, {});
    here.ahead = 14 * 24 * 3600_000 + 1_000;
    expect((await accept(token, 'Tom')).status).toBe(410);
    here.ahead = 0;

    const { token: other, invitation } = await invite(cookie, {});
    const input = { params: { invitationId: invitation.id } };
    expect((await ask(here, accounts.revokeInvitation, input, { cookie })).status).toBe(204);
    expect((await ask(here, accounts.revokeInvitation, input, { cookie })).status).toBe(404);
    expect((await accept(other, 'Tom')).status).toBe(410);
    expect((await accept('guessed', 'Tom')).status).toBe(410);
  });

  test('are for projects that exist, and made by admins', async () => {
    const { cookie } = await enter('Ada', 'admin');
    const unknown = { body: { projectIds: ['01890000-0000-7000-8000-000000000000'] } };
    const answer = await ask(here, accounts.invite, unknown, { cookie });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ path: 'projectIds.0' }] } });
    const { cookie: trainer } = await enter('Tom', 'trainer');
    expect((await ask(here, accounts.invite, { body: {} }, { cookie: trainer })).status).toBe(403);
    expect((await ask(here, accounts.invite, { body: {} })).status).toBe(401);
  });
});

describe('people', () => {
  const change = (cookie: string, userId: string, body: { role?: Role; disabled?: boolean }) =>
    ask(here, accounts.changeUser, { params: { userId }, body }, { cookie });

  test('who are disabled are nobody at once, in every process', async () => {
    const { cookie: admin } = await enter('Ada', 'admin');
    const { cookie, user } = await enter('Tom', 'trainer');
    const { token } = await createTokenFor(here.context.db, emailOf('Tom'), 'job');
    const bearer = { authorization: `Bearer ${token}` };
    expect([await whoIs(cookie), await whoIs(cookie, there)]).toEqual([200, 200]);
    expect((await ask(here, accounts.whoAmI, {}, bearer)).status).toBe(200);

    expect(await change(admin, user.id, { disabled: true })).toMatchObject({
      status: 200,
      body: { user: { disabled: true } },
    });
    expect(await whoIs(cookie)).toBe(401);
    expect((await ask(here, accounts.whoAmI, {}, bearer)).status).toBe(401);
    await expect.poll(() => whoIs(cookie, there), { timeout: 2_000 }).toBe(401);

    // The sessions are gone for good; the token works again.
    await change(admin, user.id, { disabled: false });
    expect(await whoIs(cookie)).toBe(401);
    expect((await ask(here, accounts.whoAmI, {}, bearer)).status).toBe(200);
  });

  test('get another role with new sessions', async () => {
    const { cookie: admin, user: ada } = await enter('Ada', 'admin');
    const { cookie, user } = await enter('Tom', 'trainer');
    expect((await ask(here, accounts.listUsers, {}, { cookie })).status).toBe(403);
    expect((await change(admin, user.id, { role: 'admin' })).status).toBe(200);
    expect(await whoIs(cookie)).toBe(401);
    const listed = await ask(here, accounts.listUsers, {}, { cookie: await signIn('Tom') });
    expect(listed.body).toMatchObject({ users: [{ name: 'Ada' }, { name: 'Tom', role: 'admin' }] });

    const { body } = await ask(here, accounts.readAudit, { query: { limit: 1 } }, { cookie: admin });
    expect(body).toMatchObject({
      entries: [
        {
          actor: { id: ada.id, name: 'Ada' },
          action: 'user.change',
          subject: user.id,
          details: { from: { role: 'trainer', disabled: false }, to: { role: 'admin', disabled: false } },
        },
      ],
    });
  });

  test('always count one admin who can sign in', async () => {
    const { cookie, user: ada } = await enter('Ada', 'admin');
    expect(await change(cookie, ada.id, { role: 'trainer' })).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    });
    expect((await change(cookie, ada.id, { disabled: true })).status).toBe(409);

    // Two who demote each other at the same moment: one succeeds.
    const { cookie: cookieOfEve, user: eve } = await enter('Eve', 'admin');
    const tried = await Promise.all([
      change(cookie, eve.id, { role: 'trainer' }),
      change(cookieOfEve, ada.id, { role: 'trainer' }),
    ]);
    expect(tried.map(({ status }) => status)).toContain(200);
    expect(await rows(sql`select id from users where role = 'admin'`)).toHaveLength(1);
  });

  test('whom an import brought along have no account to change', async () => {
    const { cookie } = await enter('Ada', 'admin');
    const [row] = await rows(
      sql`insert into users (id, name, role) values (gen_random_uuid(), 'worker 7', 'trainer') returning id`,
    );
    expect((await change(cookie, String(row?.id), { role: 'admin' })).status).toBe(409);
    const listed = await ask(here, accounts.listUsers, {}, { cookie });
    expect(listed.body).toMatchObject({ users: [{ name: 'Ada' }, { name: 'worker 7', email: null }] });
  });
});

describe('API tokens', () => {
  test('act as their maker until revoked', async () => {
    const { cookie, user } = await enter('Ada', 'admin');
    const made = await ask(here, accounts.createToken, { body: { name: 'training job' } }, { cookie });
    expect(made.status).toBe(201);
    const { token, id } = accounts.createToken.response.parse(made.body);
    expect(token).toMatch(/^duo_[\w-]{43}$/);
    expect(await rows(sql`select hash from tokens`)).toEqual([{ hash: hashOf(token) }]);

    const bearer = { authorization: `Bearer ${token}` };
    const listed = await ask(here, accounts.listTokens, {}, { cookie });
    expect(listed.body).toMatchObject({ tokens: [{ id, name: 'training job', lastUsedAt: null }] });
    expect(await ask(here, accounts.whoAmI, {}, bearer)).toMatchObject({
      status: 200,
      body: { user: { id: user.id } },
    });
    expect((await ask(there, accounts.whoAmI, {}, bearer)).status).toBe(200);
    const used = await ask(here, accounts.listTokens, {}, { cookie });
    expect(used.body).toMatchObject({ tokens: [{ lastUsedAt: expect.any(String) as string }] });
    // A token is no session.
    expect(await whoIs(`session=${token}`)).toBe(401);

    const input = { params: { tokenId: id } };
    const { cookie: eve } = await enter('Eve', 'admin');
    expect((await ask(here, accounts.revokeToken, input, { cookie: eve })).status).toBe(404);
    expect((await ask(here, accounts.revokeToken, input, { cookie })).status).toBe(204);
    expect((await ask(here, accounts.whoAmI, {}, bearer)).status).toBe(401);
    await expect.poll(async () => (await ask(there, accounts.whoAmI, {}, bearer)).status, { timeout: 2_000 }).toBe(401);
    expect((await auditActions(cookie)).slice(0, 3)).toEqual(['token.revoke', 'user.create', 'token.create']);
  });

  test('that are not known are refused, even where nobody needs to sign in', async () => {
    const answer = await ask(here, accounts.setupState, {}, { authorization: 'Bearer duo_guessed' });
    expect(answer).toMatchObject({ status: 401, body: { code: 'not_signed_in' } });
  });
});

test('the audit log is read in pages', async () => {
  const { cookie } = await enter('Ada', 'admin');
  for (const name of ['Tom', 'Tim', 'Tia']) await join(name, 'trainer');
  const seen: string[] = [];
  let before: number | null = null;
  do {
    const query: { limit: number; before?: number } = { limit: 3, ...(before === null ? {} : { before }) };
    const { body } = await ask(here, accounts.readAudit, { query }, { cookie });
    const { entries, next } = accounts.readAudit.response.parse(body);
    expect(entries.length).toBeLessThanOrEqual(3);
    seen.push(...entries.map(({ actor, details }) => `${actor?.name ?? 'command line'}: ${String(details.email)}`));
    before = next;
  } while (before !== null);
  expect(seen).toEqual(['Tia', 'Tim', 'Tom', 'Ada'].map((name) => `command line: ${emailOf(name)}`));
});
