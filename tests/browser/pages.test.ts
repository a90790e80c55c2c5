import { test, expect, startWorld, expectNoAxeViolations } from './world.ts';
test('smoke', async ({ browser }) => {
  const world = await startWorld();
  const project = await world.project();
  await world.import(project, 'prompts', [{ prompt: 'hi' }]);
  const t = await world.trainer(project.id, 'ada');
  const page = await world.open(browser, t);
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'A project' })).toBeVisible();
  await expectNoAxeViolations(page);
  await world.stop();
});
