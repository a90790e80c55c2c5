/** A page whose questions get no answer, or none yet, says so, loses nothing and can be left. */
import { allow, expect, expectNoAxeViolations, test } from '../world.ts';
import { type People, type FullSite, startFullSite } from './site.ts';

let site: FullSite;
test.beforeAll(async () => {
  site = await startFullSite();
});
test.afterAll(() => site.world.stop());

/** What a page says where one of its questions gets no answer. */
const failures: { at: string; as?: keyof People; question: RegExp; says: string; then: string | RegExp }[] = [
  { at: '/', question: /\/api\/projects$/, says: 'The projects could not be loaded.', then: 'Nine answers' },
  { at: '/', question: /\/api\/session$/, says: 'Duologue could not be loaded.', then: 'Nine answers' },
  {
    at: '/projects/{many}',
    question: /\/api\/projects\/[^/]+$/,
    says: 'The project could not be loaded.',
    then: 'Nine answers',
  },
  {
    at: '/projects/{many}',
    question: /\/progress$/,
    says: 'The progress could not be loaded.',
    then: 'Moves as people work.',
  },
  {
    at: '/projects/{full}',
    question: /\/queue\?/,
    says: 'What there is for you to do could not be loaded.',
    then: /open place/,
  },
  {
    at: '/projects/{full}/members',
    question: /\/api\/.*\/members$/,
    says: 'The members could not be loaded.',
    then: 'tilda',
  },
  {
    at: '/projects/{full}/releases',
    question: /\/api\/.*\/releases$/,
    says: 'The releases could not be loaded.',
    then: /a name as long as can be/,
  },
  {
    at: '/projects/{full}/releases',
    question: /\/api\/.*\/webhooks$/,
    says: 'The webhooks could not be loaded.',
    then: 'No program is told yet.',
  },
  {
    at: '/projects/{full}/releases/new',
    question: /\/choices$/,
    says: 'What there is to choose from could not be loaded.',
    then: 'What it holds now',
  },
  {
    at: '/projects/{full}/releases/new',
    question: /\/preview$/,
    says: 'It could not be counted.',
    then: 'It cannot be built like this.',
  },
  {
    at: '/projects/{full}/releases/{release}',
    question: /\/api\/releases\/[^/]+$/,
    says: 'The release could not be loaded.',
    then: 'What is in it',
  },
  {
    at: '/projects/{full}/releases/{release}',
    question: /\/findings/,
    says: 'The findings could not be loaded.',
    then: 'None was found.',
  },
  { at: '/models', question: /\/api\/models$/, says: 'The models could not be loaded.', then: 'Served' },
  {
    at: '/projects/{full}/rounds',
    question: /\/api\/.*\/rounds$/,
    says: 'The rounds could not be loaded.',
    then: 'Round 1 · Begun',
  },
  {
    at: '/projects/{full}/chat',
    as: 'trainer',
    question: /\/api\/.*\/chat$/,
    says: 'The chat could not be loaded.',
    then: 'This is a demo: no model is asked.',
  },
  {
    at: '/projects/{full}/sampling',
    question: /\/samplings\?/,
    says: 'The samplings could not be loaded.',
    then: /of 2 · /,
  },
  {
    at: '/projects/{full}/side-by-side',
    question: /\/api\/models$/,
    says: 'The models could not be loaded.',
    then: /policy-kept-secret/,
  },
  {
    at: '/projects/{talked}/feedback',
    question: /\/feedback\?/,
    says: 'The feedback could not be loaded.',
    then: 'Thumb down',
  },
  {
    at: '/projects/{talked}/moderation',
    question: /\/disputes(\?|$)/,
    says: 'The disputes could not be loaded.',
    then: 'Judged, though it is fine',
  },
  { at: '/people', question: /\/api\/users$/, says: 'The accounts could not be loaded.', then: /tilda@example\.org/ },
  {
    at: '/people',
    question: /\/api\/invitations$/,
    says: 'The invitations could not be loaded.',
    then: /accepted by GGG/,
  },
  {
    at: '/audit',
    question: /\/api\/audit/,
    says: 'The audit log could not be loaded.',
    then: /accepted an invitation/,
  },
  { at: '/work', as: 'trainer', question: /\/api\/work\?/, says: 'Your work could not be loaded.', then: 'Begun' },
  {
    at: '/profile',
    question: /\/api\/tokens$/,
    says: 'Your tokens could not be loaded.',
    then: 'A script that exports every night',
  },
  {
    at: '/invitation#{open}',
    as: 'nobody',
    question: /\/inspect/,
    says: 'The invitation could not be loaded.',
    then: /You are invited as reviewer/,
  },
  {
    at: '/setup#token',
    as: 'nobody',
    question: /\/api\/setup$/,
    says: 'The state of the server could not be loaded.',
    then: 'This server is set up already.',
  },
];

for (const { at, as = 'admin', question, says, then } of failures) {
  test(`${at}: ${says}`, async ({ browser }) => {
    const page = await site.page(browser, as);
    allow(page, /net::ERR_|status of 500/);
    for (const fails of ['offline', 'broken'] as const) {
      let mends = false;
      await page.route(question, async (route) => {
        // Only what is asked by pressing is answered: a page that hears of a change may load anew by itself.
        if (mends && (await page.evaluate(() => 'pressed' in window))) return route.continue();
        return fails === 'offline' ? route.abort() : route.fulfill({ status: 500, body: 'no' });
      });
      await page.goto('about:blank');
      await page.goto(site.address(at));
      const alert = page.getByRole('alert').filter({ hasText: says });
      await expect(alert).toContainText(fails === 'offline' ? 'The server cannot be reached.' : 'HTTP status 500');
      await expectNoAxeViolations(page);
      const asked = page.waitForRequest(question);
      await alert.getByRole('button', { name: 'Try again' }).click();
      await asked;
      await expect(alert).toBeVisible();
      await page.evaluate(() => addEventListener('click', () => Object.assign(window, { pressed: true }), true));
      mends = true;
      await alert.getByRole('button', { name: 'Try again' }).click();
      await expect(alert).toBeHidden();
      await expect(page.getByRole('main').getByText(then).first()).toBeVisible();
      await page.unroute(question);
    }
  });
}

for (const [name, at, then] of [
  ['rank', '/projects/{many}/rank', 'Rank 9 answers'],
  ['write', '/projects/{full}/write', 'Write a dialogue'],
] as const) {
  test(`where no work can be fetched, the page to ${name} says so and can try again`, async ({ browser }) => {
    const page = await site.page(browser, 'trainer');
    allow(page, /net::ERR_/);
    await page.route(/\/claim$/, (route) => route.abort());
    await page.goto(site.address(at));
    await expect(page.getByRole('heading', { name: 'This could not be opened' })).toBeVisible();
    await expect(page.getByText('The server cannot be reached.')).toBeVisible();
    await expectNoAxeViolations(page);
    await page.unroute(/\/claim$/);
    await page.getByRole('button', { name: 'Go on with the next task' }).click();
    await expect(page.getByRole('heading', { name: then })).toBeVisible();
    await expect(page.getByRole('heading', { name: 'This could not be opened' })).toBeHidden();
    await expect(page.getByRole('button', { name: 'Submit' })).toBeVisible();
  });
}

test('a page whose code cannot be fetched says so, and is there after it was loaded again', async ({ browser }) => {
  const page = await site.page(browser, 'admin');
  allow(page, /net::ERR_|Failed to fetch dynamically imported module|Unable to preload CSS/);
  await page.goto('/');
  await expect(page.getByRole('link', { name: 'Nine answers' })).toBeVisible();
  await page.route(/\/assets\/PeoplePage/, (route) => route.abort());
  await page.getByRole('link', { name: 'People' }).click();
  await expect(page.getByRole('alert')).toContainText('The page could not be loaded.');
  await page.unroute(/\/assets\/PeoplePage/);
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('alert')).toBeHidden();
});

test('pages that are still loading can be looked at and left', async ({ browser }) => {
  const page = await site.page(browser, 'admin');
  for (const at of [
    '/',
    '/projects/{full}',
    '/projects/{full}/members',
    '/projects/{full}/releases',
    '/projects/{full}/releases/{release}',
    '/projects/{full}/rounds',
    '/projects/{full}/sampling',
    '/projects/{full}/side-by-side',
    '/projects/{talked}/feedback',
    '/models',
    '/people',
    '/audit',
    '/work',
  ]) {
    const held: (() => void)[] = [];
    await page.route(/\/api\/(?!session|live)/, async (route) => {
      await new Promise<void>((resolve) => held.push(resolve));
      await route.continue().catch(() => undefined);
    });
    await page.goto(site.address(at));
    await expect(page.locator('[aria-busy="true"]').first(), at).toBeVisible();
    await expectNoAxeViolations(page);
    await page.getByRole('banner').getByRole('button').click();
    await page.getByRole('link', { name: 'Profile' }).click();
    await expect(page.getByRole('heading', { name: 'Profile' })).toBeVisible();
    await page.unroute(/\/api\/(?!session|live)/);
    for (const go of held) go();
    await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
    await expect(page.getByRole('heading', { name: 'Profile' })).toBeVisible();
  }
});
