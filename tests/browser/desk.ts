/** What the tests of the working pages share: where things are on them, and what the server holds of the work. */
import type { CDPSession, Locator, Page } from '@playwright/test';
import type { Output } from '../../shared/endpoint.ts';
import { type Assignment, myWork, readAssignment } from '../../shared/tasks.ts';
import { callAt, expect, type Headers, type World } from './world.ts';

/** One of the person's assignments, as the server tells it. */
export async function assignmentOf({ url }: World, headers: Headers, assignmentId: string): Promise<Assignment> {
  return (await callAt(url, readAssignment, { params: { assignmentId } }, headers)).assignment;
}

/** What the person did, newest first, and what they began. */
export function workOf({ url }: World, headers: Headers): Promise<Output<typeof myWork>> {
  return callAt(url, myWork, { query: { since: new Date(0).toISOString() } }, headers);
}

/** Waits until the server has so many submissions of this person; answers with the newest. */
export async function submitted(world: World, headers: Headers, count = 1): Promise<Assignment> {
  const ids = async (): Promise<string[]> =>
    (await workOf(world, headers)).items
      .filter(({ state }) => state === 'submitted' || state === 'surplus')
      .map(({ id }) => id);
  await expect.poll(async () => (await ids()).length).toBe(count);
  return assignmentOf(world, headers, (await ids())[0] ?? '');
}

/** The only assignment with a draft on the server; waits until there is one. */
export async function begun(world: World, headers: Headers): Promise<Assignment> {
  const ids = async (): Promise<string[]> => (await workOf(world, headers)).begun.map(({ id }) => id);
  await expect.poll(async () => (await ids()).length).toBeGreaterThan(0);
  const found = await Promise.all((await ids()).map((id) => assignmentOf(world, headers, id)));
  const drafted = found.filter(({ draft }) => draft !== null);
  expect(drafted).toHaveLength(1);
  const [one] = drafted;
  if (one === undefined) throw new Error('nothing was begun');
  return one;
}

/** The text of one answer, which has the keyboard's focus for its card. */
export const answer = (page: Page, label: string): Locator =>
  page.getByRole('region', { name: `Answer ${label}`, exact: true });

/** All cards, in the order shown. */
export const cards = (page: Page): Locator => page.getByRole('article');

/** Where each card lies, by its letter, in whole CSS pixels of the window. */
export async function boxes(
  page: Page,
): Promise<Record<string, { x: number; y: number; width: number; height: number }>> {
  const found = await cards(page).evaluateAll((elements) =>
    elements.map((element) => {
      const { x, y, width, height } = element.getBoundingClientRect();
      const letter = element.querySelector('[id^="answer-"]')?.id.slice(-1) ?? '';
      return [
        letter,
        { x: Math.round(x), y: Math.round(y), width: Math.round(width), height: Math.round(height) },
      ] as const;
    }),
  );
  return Object.fromEntries(found);
}

/** The letters in the strip, as `1:B 2:AC -:D`; empty places are left out. */
export const places = (page: Page): Promise<string> =>
  page.locator('[data-place]').evaluateAll((elements) =>
    elements
      .map((element) => {
        const letters = [...element.querySelectorAll('button')].map(({ textContent }) => textContent).join('');
        const place = element.getAttribute('data-place') ?? '';
        return letters === '' ? '' : `${place === 'none' ? '-' : place}:${letters}`;
      })
      .filter((told) => told !== '')
      .join(' '),
  );

export async function expectPlaces(page: Page, told: string): Promise<void> {
  await expect.poll(() => places(page)).toBe(told);
}

interface Point {
  x: number;
  y: number;
}

/** The middle of an element, in CSS pixels of the window. */
export async function middle(locator: Locator): Promise<Point> {
  const box = await locator.boundingBox();
  if (box === null) throw new Error('it is not on the page');
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** A finger that goes down at `from`, moves to `to` in small steps, rests and lifts: as the hardware tells it. */
export async function swipe(session: CDPSession, from: Point, to: Point, steps = 12): Promise<void> {
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', points: Point[]): Promise<unknown> =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints: points });
  await touch('touchStart', [from]);
  for (let step = 1; step <= steps; step += 1) {
    const part = step / steps;
    await touch('touchMove', [{ x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }]);
  }
  // Resting keeps the scrolling from going on by itself.
  await touch('touchMove', [to]);
  await touch('touchEnd', []);
}
