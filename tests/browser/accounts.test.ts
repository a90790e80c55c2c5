/** Signing in and out, and what becomes of open pages when an account changes under them. */
import type { Page } from '@playwright/test';
import { changeUser, invite, signIn, signOut, whoAmI } from '../../shared/accounts.ts';
import { claim, readAssignment } from '../../shared/tasks.ts';
import {
  allowStatus,
  callAt,
  expect,
  expectNoAxeViolations,
  firstAdmin,
  type Headers,
  password,
  startWorld,
  test,
  type World,
} from './world.ts';

let world: World;
let project: { id: string };

test.beforeAll(async () => {
  world = await startWorld();
  project = await world.project({ name: 'Accounts' });
  await world.import(project, 'prompts', [{ prompt: 'What is a session?' }, { prompt: 'What is a cookie?' }]);
});
test.afterAll(() => world.stop());

/** Fills the form of the page for signing in, and sends it. */
async function fillSignIn(page: Page, email: string, secret: string): Promise<void> {
  await page.getByLabel('Email').fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill(secret);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function idOf(headers: Headers): Promise<string> {
  return (await callAt(world.url, whoAmI, {}, headers)).user.id;
}

/** What `headers` a page is signed in with by now. */
async function headersOf(page: Page): Promise<Headers> {
  const cookies = await page.context().cookies();
  return { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') };
}

const sessionEnded = (page: Page) => page.getByRole('dialog', { name: 'Your session has ended' });

test('a wrong password is told, and the email stays', async ({ browser }) => {
  const page = await world.open(browser, null);
  await page.goto('/sign-in');
  await expect(page.getByLabel('Email')).toBeFocused();
  await fillSignIn(page, firstAdmin.email, 'not the password');
  await expect(page.getByRole('alert')).toContainText('Email or password is wrong');
  await expect(page.getByLabel('Email')).toHaveValue(firstAdmin.email);
  await expect(page).toHaveURL('/sign-in');
  await expectNoAxeViolations(page);

  // An address without an account is told the same.
  await fillSignIn(page, 'nobody@example.org', 'not the password');
  await expect(page.getByRole('alert')).toContainText('Email or password is wrong');

  await fillSignIn(page, firstAdmin.email, firstAdmin.password);
  await expect(page.getByRole('heading', { name: 'Projects' })).toBeVisible();
  await expect(page).toHaveURL('/');
});

test('signing in leads back to the page that was wanted, and to no other site', async ({ browser }) => {
  const page = await world.open(browser, null);
  await page.goto(`/projects/${project.id}/members?sort=name`);
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await fillSignIn(page, firstAdmin.email, firstAdmin.password);
  await expect(page.getByRole('heading', { name: 'Members' })).toBeVisible();
  await expect(page).toHaveURL(`/projects/${project.id}/members?sort=name`);
  // Whoever is signed in has no use for the form.
  await page.goto('/sign-in');
  await expect(page).toHaveURL('/');

  const lured = await world.open(browser, null);
  await lured.goto('/sign-in?from=https://example.org/people');
  await fillSignIn(lured, firstAdmin.email, firstAdmin.password);
  await expect(lured.getByRole('heading', { name: 'Projects' })).toBeVisible();
  await expect(lured).toHaveURL('/');
});

test('signing out ends the session, here and on the server', async ({ browser }) => {
  const trainer = await world.trainer(project.id, 'olga');
  const page = await world.open(browser, trainer);
  await page.goto('/work');
  await expect(page.getByText('You have not submitted anything yet.')).toBeVisible();
  await page.getByRole('banner').getByRole('button', { name: 'olga' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await expect(page.getByRole('banner').getByRole('button')).toHaveCount(0);
  await expect(callAt(world.url, whoAmI, {}, trainer)).rejects.toMatchObject({ status: 401 });

  await page.goBack();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('a session that ends while a dialogue is written costs no letter of it', async ({ browser }) => {
  const trainer = await world.trainer(project.id, 'sarah');
  const page = await world.open(browser, trainer);
  allowStatus(page, 401, /\/api\//);
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.url().endsWith('/claim')),
    page.goto(`/projects/${project.id}/write`),
  ]);
  const { assignment } = claim.response.unwrap().parse(await answer.json());
  const text = page.getByRole('textbox', { name: 'Assistant: text' });
  await text.pressSequentially('Written before, ');
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();

  await callAt(world.url, signOut, {}, trainer);
  await text.pressSequentially('written after');
  const dialog = sessionEnded(page);
  await expect(dialog).toBeVisible();
  await expectNoAxeViolations(page);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeVisible();

  const again = dialog.getByRole('textbox', { name: 'Password of sarah@example.org' });
  await expect(again).toBeFocused();
  await again.fill('not the password');
  await page.keyboard.press('Enter');
  await expect(dialog.getByRole('alert')).toContainText('Email or password is wrong');
  await again.fill(password);
  await page.keyboard.press('Enter');
  await expect(dialog).toBeHidden();
  await expect(text, 'the turn is still open').toHaveValue('Written before, written after');
  await text.fill('Written before, written after, written again.');
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();

  const input = { params: { assignmentId: assignment.id } };
  const draftOnServer = async (): Promise<string> =>
    JSON.stringify((await callAt(world.url, readAssignment, input, await headersOf(page))).assignment.draft);
  await expect.poll(draftOnServer).toContain('Written before, written after, written again.');
  await page.reload();
  const turn = page.getByRole('article', { name: 'Turn 2, Assistant' });
  await expect(turn).toContainText('Written before, written after, written again.');
});

test('a session that ends while a form is filled keeps what was typed', async ({ browser }) => {
  const { cookie } = await signedIn(firstAdmin.email, firstAdmin.password);
  const page = await world.open(browser, { cookie });
  allowStatus(page, 401, /\/api\//);
  await page.goto('/projects/new');
  await page.getByLabel('Name').fill('Typed for a long time');
  await callAt(world.url, signOut, {}, { cookie });
  await page.getByRole('button', { name: 'Create and import' }).click();
  const dialog = sessionEnded(page);
  await dialog.getByRole('textbox', { name: /^Password/ }).fill(firstAdmin.password);
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByLabel('Name')).toHaveValue('Typed for a long time');
  await page.getByRole('button', { name: 'Create and import' }).click();
  await expect(page.getByRole('heading', { name: 'Import' })).toBeVisible();
});

test('whoever finds the page of somebody else can sign in as themselves', async ({ browser }) => {
  const trainer = await world.trainer(project.id, 'tom');
  const page = await world.open(browser, trainer);
  allowStatus(page, 401, /\/api\//);
  await page.goto('/');
  await expect(page.getByRole('link', { name: 'Accounts' })).toBeVisible();
  await callAt(world.url, signOut, {}, trainer);
  await page.getByRole('link', { name: 'My work' }).click();
  await sessionEnded(page).getByRole('link', { name: 'Someone else' }).click();
  await fillSignIn(page, firstAdmin.email, firstAdmin.password);
  await expect(page.getByRole('banner').getByRole('link', { name: 'People' })).toBeVisible();
});

test('a new role is what counts from then on: the pages of admins are gone', async ({ browser }) => {
  const second = await world.trainer(project.id, 'bert');
  const params = { userId: await idOf(second) };
  await callAt(world.url, changeUser, { params, body: { role: 'admin' } }, world.admin);
  const headers = await signedIn('bert@example.org', password);
  const page = await world.open(browser, headers);
  allowStatus(page, 401, /\/api\//);
  await page.goto('/people');
  await expect(page.getByLabel('Role of admin')).toBeVisible();
  await expect(page.getByRole('banner').getByRole('link', { name: 'Audit log' })).toBeVisible();

  const boss = await world.open(browser, world.admin);
  await boss.goto('/people');
  await boss.getByLabel('Role of bert').selectOption('trainer');
  await expect(boss.getByText('bert now has the role trainer.')).toBeVisible();

  await page.getByRole('link', { name: 'Audit log' }).click();
  const dialog = sessionEnded(page);
  await dialog.getByRole('textbox', { name: /^Password/ }).fill(password);
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'Not for your role' })).toBeVisible();
  await expect(page.getByRole('banner').getByRole('link', { name: 'People' })).toHaveCount(0);
  await expect(page.getByRole('banner').getByRole('link', { name: 'Audit log' })).toHaveCount(0);
  await page.goto('/people');
  await expect(page.getByRole('heading', { name: 'Not for your role' })).toBeVisible();
});

test('a disabled account cannot be signed in with', async ({ browser }) => {
  const trainer = await world.trainer(project.id, 'dora');
  const page = await world.open(browser, world.admin);
  await page.goto('/people');
  await page.getByRole('button', { name: 'Disable dora' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
  await expect(page.getByRole('button', { name: 'Enable dora' })).toBeVisible();
  await expect(callAt(world.url, whoAmI, {}, trainer)).rejects.toMatchObject({ status: 401 });
  const refused = await world.open(browser, null);
  await refused.goto('/sign-in');
  await fillSignIn(refused, 'dora@example.org', password);
  await expect(refused.getByRole('alert')).toContainText('Email or password is wrong');
});

test('what a person made is deleted only where their email is typed', async ({ browser }) => {
  const trainer = await world.trainer(project.id, 'erna');
  const page = await world.open(browser, world.admin);
  allowStatus(page, 422, /\/api\/users\//);
  await page.goto('/people');
  await page.getByRole('button', { name: 'Delete the data of erna' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').fill('someone@example.org');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(dialog.getByText('must be the email of the person')).toBeVisible();
  await dialog.getByRole('textbox').fill('erna@example.org');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('All that erna made was deleted.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Delete the data of erna' })).toHaveCount(0);
  await expect(callAt(world.url, whoAmI, {}, trainer)).rejects.toMatchObject({ status: 401 });
});

test('a changed password is the one that counts, and signs out everywhere else', async ({ browser }) => {
  const trainer = await world.trainer(project.id, 'paul');
  const elsewhere = await signedIn('paul@example.org', password);
  const page = await world.open(browser, trainer);
  allowStatus(page, 422, /\/api\/profile\/password/);
  await page.goto('/profile');
  const section = page.getByRole('region', { name: 'Password' });
  const current = section.getByRole('textbox', { name: 'Current password' });
  const fresh = section.getByRole('textbox', { name: 'New password' });

  await current.fill('not the password');
  await fresh.fill('quite another password');
  await section.getByRole('button', { name: 'Change the password' }).click();
  await expect(current).toBeFocused();
  await expect(current).toHaveAttribute('aria-invalid', 'true');
  await expect(fresh).toHaveValue('quite another password');

  await current.fill(password);
  await fresh.fill('short');
  await section.getByRole('button', { name: 'Change the password' }).click();
  await expect(section.getByText('must have at least 10 characters')).toBeVisible();

  await fresh.fill('quite another password');
  await section.getByRole('button', { name: 'Change the password' }).click();
  await expect(page.getByText('Password changed. You are signed out everywhere else.')).toBeVisible();
  await expect(current).toHaveValue('');

  await expect(callAt(world.url, whoAmI, {}, elsewhere)).rejects.toMatchObject({ status: 401 });
  await callAt(world.url, whoAmI, {}, trainer);
  const next = await world.open(browser, null);
  await next.goto('/sign-in');
  await fillSignIn(next, 'paul@example.org', password);
  await expect(next.getByRole('alert')).toContainText('Email or password is wrong');
  await fillSignIn(next, 'paul@example.org', 'quite another password');
  await expect(next.getByRole('link', { name: 'Accounts' })).toBeVisible();
});

test('an invitation makes one account', async ({ browser }) => {
  const body = { projectIds: [project.id], email: 'rita@example.org' };
  const { link, token } = await callAt(world.url, invite, { body: { role: 'reviewer', ...body } }, world.admin);
  const [page, second] = [await world.open(browser, null), await world.open(browser, null)];
  allowStatus(page, 422, /\/api\/invitations\/accept/);
  allowStatus(second, 410, /\/api\/invitations/);
  for (const one of [page, second]) {
    await one.goto(link);
    await expect(one.getByText('You are invited as reviewer')).toBeVisible();
    await expect(one.getByLabel('Email')).toHaveValue('rita@example.org');
    await one.getByLabel('Name').fill('Rita');
  }

  await page.getByRole('textbox', { name: 'Password' }).fill('short');
  await page.getByRole('button', { name: 'Make my account' }).click();
  await expect(page.getByText('must have at least 10 characters')).toBeVisible();
  await page.getByRole('textbox', { name: 'Password' }).fill('long enough for this');
  await page.getByRole('button', { name: 'Make my account' }).click();
  await expect(page.getByRole('link', { name: 'Accounts' })).toBeVisible();
  await expect(page.getByRole('banner').getByRole('button', { name: 'Rita' })).toBeVisible();

  // Whoever had the page open already is told when they send it; whoever comes later is told at once.
  await second.getByRole('textbox', { name: 'Password' }).fill('long enough for that');
  await second.getByRole('button', { name: 'Make my account' }).click();
  await expect(second.getByRole('alert')).toContainText('This link is used up or out of date');
  await expect(second.getByLabel('Name')).toHaveValue('Rita');
  await second.reload();
  await expect(second.getByText('This invitation is used up, out of date or not complete.')).toBeVisible();
  expect(link).toContain(`#${token}`);
});

/** Headers of a new session. */
async function signedIn(email: string, secret: string): Promise<Headers & { cookie: string }> {
  const response = await fetch(`${world.url}${signIn.path}`, {
    method: signIn.method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: secret }),
  });
  const [cookie = ''] = response.headers.getSetCookie();
  return { cookie: cookie.split(';')[0] ?? '' };
}
