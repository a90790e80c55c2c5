/** Nobody sees a page that is not theirs, and no trainer is sent what trainers must not know. */
import type { Page } from '@playwright/test';
import { dialog, places } from './places.ts';
import { secrets, type FullSite, startFullSite } from './site.ts';
import { expect, test } from '../world.ts';

let site: FullSite;
test.beforeAll(async () => {
  site = await startFullSite();
});
test.afterAll(() => site.world.stop());

const adminPages = places.filter(
  ({ as, file, name }) =>
    as === 'admin' && !/ProjectsPage|ProgressPage|ProfilePage|ProjectLayout|SideBySidePage/.test(file) && name,
);

test('a trainer is kept from the pages of admins, and sees no way to them', async ({ browser }) => {
  const page = await site.world.open(browser, site.people.trainer);
  const asked: string[] = [];
  page.on('response', (response) => {
    if (response.status() === 403) asked.push(response.url());
  });
  const addresses = new Set(adminPages.map(({ at }) => site.address(at)));
  expect(addresses.size).toBeGreaterThan(6);
  for (const at of addresses) {
    await page.goto(at);
    await expect(page.getByRole('heading', { name: 'Not for your role' }), at).toBeVisible();
    await expect(page).toHaveURL('/not-allowed');
  }
  for (const { at } of places.filter(({ as }) => as === 'trainer')) {
    await page.goto(site.address(at));
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
    const ways = page.locator(
      [
        'models',
        'rounds',
        'sampling',
        'feedback',
        'moderation',
        'people',
        'audit',
        'new',
        'import',
        'members',
        'releases',
        'settings',
      ]
        .map((name) => `a[href$="/${name}"]`)
        .join(),
    );
    await expect(ways, at).toHaveCount(0);
  }
  expect(asked).toEqual([]);
});

test('whoever is not signed in is asked to, and led back to where they wanted to go', async ({ browser }) => {
  const page = await site.world.open(browser, null);
  for (const { at } of places.filter(({ as }) => as !== 'nobody')) {
    const wanted = site.address(at);
    await page.goto(wanted);
    await expect(page.getByRole('heading', { name: 'Sign in' }), at).toBeVisible();
    await expect(page).toHaveURL(wanted === '/' ? '/sign-in' : `/sign-in?from=${encodeURIComponent(wanted)}`);
  }
});

const answerA = (page: Page) => page.getByRole('region', { name: 'Answer A' });

test("a trainer's browser is never sent which model wrote what, nor how others ranked it", async ({ browser }) => {
  const { world } = site;
  // Nobody who has begun something: the first answer is the first to be placed.
  const page = await world.open(browser, await world.trainer(site.address('{full}'), 'blanche'));
  const received: string[] = [];
  const bodies: Promise<void>[] = [];
  page.on('response', (response) => {
    const body = response
      .text()
      .then((text) => received.push(`${response.url()} ${JSON.stringify(response.headers())} ${text}`));
    // A redirect and an answer without a body have none.
    bodies.push(
      body.then(
        () => undefined,
        () => undefined,
      ),
    );
  });
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => received.push(`socket ${payload.toString()}`)),
  );

  await page.goto('/');
  await page.getByRole('link', { name: 'Full of' }).click();
  await expect(page.getByText('Moves as people work.')).toBeVisible();
  await page.getByRole('link', { name: 'Rank', exact: true }).click();
  await expect(answerA(page)).toBeFocused();
  for (const key of ['1', '2', '3', '4', 'Enter']) await page.keyboard.press(key);
  await expect(page.getByText('Submitted.')).toBeVisible();
  await expect(answerA(page)).toBeFocused();
  await page.keyboard.press('u');
  await expect(page.getByText('All placed')).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.getByText('Submitted.')).toBeVisible();
  await page.getByRole('button', { name: 'Skip …' }).click();
  await dialog(page).getByRole('radio').first().check();
  await dialog(page).getByRole('button', { name: 'Skip this task' }).click();
  await expect(dialog(page)).toBeHidden();
  await expect(answerA(page)).toBeFocused();
  await page.getByRole('link', { name: 'Back to the project' }).click();
  await expect(page.getByText('Moves as people work.')).toBeVisible();
  await page.getByRole('link', { name: 'My work' }).click();
  await expect(page.getByRole('heading', { name: 'Done' })).toBeVisible();
  await Promise.all(bodies);

  const all = received.join('\n');
  // What must have been received shows that it was listened to.
  expect(all).toContain('Answer 3 to ');
  expect(all).toMatch(/^socket .*"type":"progress"/m);
  expect(secrets.filter((secret) => all.includes(secret))).toEqual([]);
  for (const word of ['"model"', 'rankings', 'external']) {
    expect(
      received.filter((text) => text.includes('/api/') && text.includes(word)),
      word,
    ).toEqual([]);
  }
});
