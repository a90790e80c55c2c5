/** Every page is readable by everyone, at any width, in light and dark. */
import { readFile } from 'node:fs/promises';
import type { Browser, Page } from '@playwright/test';
import { allowStatus, desktop, expect, expectNoAxeViolations, expectNoStrayScroll, phone, test } from '../world.ts';
import { type Place, places } from './places.ts';
import { type FullSite, startFullSite } from './site.ts';

// Each worker takes a part of the places, on a site of its own.
test.describe.configure({ mode: 'parallel' });

let site: FullSite;
test.beforeAll(async () => {
  site = await startFullSite();
});
test.afterAll(() => site.world.stop());

/** Opens a place and waits until all of it is there. */
async function visit(browser: Browser, place: Place, viewport: { width: number; height: number }): Promise<Page> {
  const page = await site.page(browser, place.as, viewport);
  if (place.refused) allowStatus(page, place.refused.status, place.refused.address);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto(site.address(place.at));
  await expect(
    page
      .getByText(place.shows)
      .or(page.getByRole('heading', { name: place.shows }))
      .first(),
  ).toBeVisible();
  // A task that comes takes the focus, and with it the keys that are pressed.
  const waiting = page.locator('[aria-busy="true"]').or(page.getByText('Getting the next task …'));
  await expect(waiting).toHaveCount(0);
  return page;
}

for (const place of places) {
  test(`${place.name}: nothing for axe to find, and no more to scroll than there is`, async ({ browser }) => {
    const backgrounds = new Set<string>();
    for (const viewport of [desktop, phone]) {
      const page = await visit(browser, place, viewport);
      await expect(page).toHaveTitle(/^.+ · Duologue$/);
      if (viewport === desktop) await openKeyboardHelp(page);
      await place.after?.(page);
      for (const colorScheme of ['light', 'dark'] as const) {
        await test.step(`${viewport.width} px, ${colorScheme}`, async () => {
          await page.emulateMedia({ colorScheme });
          await settled(page);
          backgrounds.add(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor));
          // What is dark differs from what is light in its colours alone.
          await expectNoAxeViolations(page, colorScheme === 'dark' ? { only: 'colours' } : {});
          await expectNoStrayScroll(page);
        });
      }
    }
    expect(backgrounds.size, 'light and dark differ').toBe(2);
  });
}

/** What follows from a change of size is there a frame after it: what scrolls now takes its place in the tab order. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(null)))),
  );
}

/** `?` lists the page's keys, unless somebody is typing; Escape takes the list away. */
async function openKeyboardHelp(page: Page): Promise<void> {
  if (await page.locator(':is(input, textarea):focus').isVisible()) await page.getByRole('main').focus();
  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'Keyboard' });
  await expect(help.getByText('This list')).toBeVisible();
  await expectNoAxeViolations(page, { within: 'dialog[open]' });
  await page.keyboard.press('Escape');
  await expect(help).toBeHidden();
}

test('the table of places has every page of the router', async () => {
  const router = await readFile(new URL('../../../web/src/router.ts', import.meta.url), 'utf8');
  const pages = [...router.matchAll(/import\('\.\/([^']+)\.svelte'\)/g)].map(([, file]) => file);
  expect(pages.length).toBeGreaterThan(10);
  const told = new Set(places.map(({ file }) => file));
  expect(pages.filter((file) => file !== undefined && !told.has(file))).toEqual([]);
});
