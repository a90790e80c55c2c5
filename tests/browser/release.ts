/** Builds a release as a person does, and reads what is downloaded of it. */
import { readFile } from 'node:fs/promises';
import { expect, type Page } from '@playwright/test';

/** Takes all that is collected into one split of a release of this kind; answers with its rows, as text. */
export async function release(page: Page, project: string, kind: RegExp): Promise<string[]> {
  await page.goto(`${project}/releases`);
  await page.getByRole('link', { name: 'New release' }).click();
  await page.getByRole('radio', { name: kind }).check();
  for (const [name, share] of [
    ['Train', '100'],
    ['Validation', '0'],
    ['Test', '0'],
  ] as const)
    await page.getByLabel(name, { exact: true }).fill(share);
  await page.getByLabel('Leave out rows with the same text').uncheck();
  await page.getByRole('button', { name: 'Build release' }).click();
  await expect(page.getByText('Ready', { exact: true })).toBeVisible();
  const link = page.getByRole('link', { name: /^data\/train-00000-of-00001/ });
  const [file] = await Promise.all([page.waitForEvent('download'), link.click()]);
  const text = await readFile(await file.path(), 'utf8');
  expect(text).toMatch(/\n$/);
  return text.trimEnd().split('\n');
}
