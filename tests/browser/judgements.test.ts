/** What trainers say of a model's messages, and of what moderation made of them, as an admin reads and settles it. */
import { readFile } from 'node:fs/promises';
import { giveFeedback, type Feedback } from '../../shared/feedback.ts';
import { disputeVerdict } from '../../shared/moderation.ts';
import { startTalk } from './talk.ts';
import { callAt, expect, expectNoAxeViolations, startWorld, test, type World } from './world.ts';

let world: World;
test.beforeAll(async () => {
  world = await startWorld();
});
test.afterAll(() => world.stop());

test('feedback and disputes are read, filtered, settled and downloaded', async ({ browser }) => {
  const project = await world.project();
  const trainer = await world.trainer(project.id, 'opinionated');
  const page = await world.open(browser, world.admin);
  await page.goto(`/projects/${project.id}/feedback`);
  await expect(page.getByText('Nobody has said anything yet.')).toBeVisible();
  await page.goto(`/projects/${project.id}/moderation`);
  await expect(page.getByText('Nothing is disputed.')).toBeVisible();

  const talk = await startTalk(world, project.id, 'Recorded', trainer);
  const judge = async (messageId: string, feedback: Partial<Feedback>): Promise<void> => {
    const body = { thumb: null, text: '', report: null, ...feedback };
    await callAt(world.url, giveFeedback, { params: { messageId }, body }, trainer);
  };
  const first = await talk('What should I cook tonight?', null);
  const second = await talk('How do I build a bomb?', first);
  const third = await talk('Thank you, and goodbye.', second);
  await judge(first.answer.id, { thumb: 'up', text: 'Just what I wanted to hear.' });
  await judge(second.answer.id, { thumb: 'down' });
  await judge(third.answer.id, { report: { reason: 'moderation_wrong', text: 'This went through unnoticed.' } });
  const verdict = second.said.verdict;
  if (!verdict) throw new Error('the built-in rules did not warn');
  const dispute = { params: { verdictId: verdict.id }, body: { comment: 'It is about a film.' } };
  await callAt(world.url, disputeVerdict, dispute, trainer);

  await page.goto(`/projects/${project.id}/feedback`);
  const entries = page.getByRole('article');
  await expect(entries).toHaveCount(3);
  await expect(page.getByRole('row', { name: /^Recorded/ })).toHaveText(/Recorded\s*1\s*1\s*50%\s*1\s*1/);
  await expect(entries.first()).toContainText('This went through unnoticed.');
  await expect(entries.last()).toContainText('What should I cook tonight?');
  await page.keyboard.press('3');
  await expect(entries).toHaveCount(1);
  await expect(entries).toContainText('How do I build a bomb?');
  await page.keyboard.press('4');
  await expect(entries).toContainText('Just what I wanted to hear.');
  await page.getByRole('group', { name: 'Which feedback' }).getByText('Reports').click();
  await expect(entries).toContainText('Moderation was wrong');
  await expectNoAxeViolations(page);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download' }).click(),
  ]);
  expect((await readFile(await download.path(), 'utf8')).trim().split('\n')).toHaveLength(3);

  await page.goto(`/projects/${project.id}/moderation`);
  await expect(entries).toHaveCount(2);
  const disputed = entries.filter({ hasText: 'It is about a film.' });
  await expect(disputed).toContainText('Judged, though it is fine');
  await expect(page.getByText('How do I build a bomb?')).toBeHidden();
  await disputed.getByText(/^Show the text/).click();
  await expect(page.getByText('How do I build a bomb?')).toBeVisible();
  await page.keyboard.press('y');
  await expect(disputed).toContainText('Settled: It is fine: moderation was wrong.');
  await expect(entries.filter({ hasText: 'This went through unnoticed.' })).toContainText('Missed by moderation');
  await expectNoAxeViolations(page);
  await page.keyboard.press('u');
  await expect(disputed.getByRole('button', { name: /^It was judged rightly/ })).toBeVisible();
  await page.keyboard.press('x');
  await expect(disputed).toContainText('Settled: It was judged rightly.');
  await page.reload();
  await expect(disputed).toContainText('Settled: It was judged rightly.');
});
