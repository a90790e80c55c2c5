/** Every page of the router, in each of its states: with much to show, with nothing, with whatever opens on it opened. */
import type { Locator, Page } from '@playwright/test';
import { expect } from '../world.ts';
import { type People, wide } from './site.ts';

export interface Place {
  /** What this is, and for whom. */
  name: string;
  /** The page's file below `web/src`, as the router names it. */
  file: string;
  as: keyof People;
  /** With `{name}` for what the site names. */
  at: string;
  /** A text or heading that is there once the page is. */
  shows: string | RegExp;
  /** What the browser may complain about: a refused request. */
  refused?: { status: number; address: RegExp };
  /** What is done on the page before it is looked at. */
  after?: (page: Page) => Promise<void>;
}

export const dialog = (page: Page) => page.getByRole('dialog');

/**
 * Presses what opens `opened`, unless that is open. Again where it did not open: what comes late, as the colours of code, may move
 * a button away between the two halves of a press.
 */
async function pressUntil(button: Locator, opened: Locator): Promise<void> {
  await expect(button.or(opened).first()).toBeVisible();
  await expect(async () => {
    if (!(await opened.isVisible())) await button.click({ timeout: 1_000 });
    await expect(opened).toBeVisible({ timeout: 1_000 });
  }).toPass({ timeout: 20_000 });
}

export const places: Place[] = [
  { name: 'projects, for an admin', file: 'projects/ProjectsPage', as: 'admin', at: '/', shows: 'Nine answers' },
  { name: 'projects, for a trainer', file: 'projects/ProjectsPage', as: 'trainer', at: '/', shows: 'Nine answers' },
  {
    name: 'projects, for a trainer without any',
    file: 'projects/ProjectsPage',
    as: 'newcomer',
    at: '/',
    shows: 'You are not a member of a project yet.',
  },
  {
    name: 'a new project',
    file: 'projects/NewProjectPage',
    as: 'admin',
    at: '/projects/new',
    shows: 'New project',
    async after(page) {
      await page.getByLabel('Guidelines').fill(wide);
      await page.getByText('Preview').click();
    },
  },
  {
    name: 'a project, for an admin',
    file: 'projects/ProgressPage',
    as: 'admin',
    at: '/projects/{full}',
    shows: 'Moves as people work.',
  },
  {
    name: 'a project, for a trainer',
    file: 'projects/ProgressPage',
    as: 'trainer',
    at: '/projects/{full}',
    shows: 'Moves as people work.',
  },
  {
    name: 'a project without tasks, for an admin',
    file: 'projects/ProgressPage',
    as: 'admin',
    at: '/projects/{empty}',
    shows: 'Import prompts to have dialogues written from them, or completions to have them ranked.',
  },
  {
    name: 'a project without tasks, for a trainer',
    file: 'projects/ProgressPage',
    as: 'trainer',
    at: '/projects/{empty}',
    shows: /An admin has to import prompts or completions first/,
  },
  {
    name: 'a project whose work is done',
    file: 'projects/ProgressPage',
    as: 'trainer',
    at: '/projects/{finished}',
    shows: /All are done\./,
  },
  {
    name: 'the frame of a project',
    file: 'projects/ProjectLayout',
    as: 'admin',
    at: '/projects/{many}',
    shows: 'Nine answers',
  },
  {
    name: 'imports, with an answer',
    file: 'imports/ImportPage',
    as: 'admin',
    at: '/projects/{empty}/import',
    shows: 'Import',
    async after(page) {
      // Only bad lines, so that the project stays empty.
      const buffer = Buffer.from(`{\n{"prompt":""}\n{"${'wide'.repeat(60)}":1}\n`);
      await page
        .getByRole('button', { name: 'File' })
        .setInputFiles({ name: 'bad.jsonl', mimeType: 'text/plain', buffer });
      await page.getByRole('button', { name: 'Import' }).click();
      await expect(page.getByRole('heading', { name: 'Rejected lines' })).toBeVisible();
    },
  },
  { name: 'members', file: 'projects/MembersPage', as: 'admin', at: '/projects/{full}/members', shows: 'tilda' },
  {
    name: 'members, where there are none',
    file: 'projects/MembersPage',
    as: 'admin',
    at: '/projects/{none}/members',
    shows: 'This project has no members yet.',
  },
  {
    name: 'releases',
    file: 'releases/ReleasesPage',
    as: 'admin',
    at: '/projects/{full}/releases',
    shows: /a name as long as can be/,
  },
  {
    name: 'releases, where there are none',
    file: 'releases/ReleasesPage',
    as: 'admin',
    at: '/projects/{empty}/releases',
    shows: 'There is no release yet.',
  },
  {
    name: 'a new release of dialogues, with all that can be chosen',
    file: 'releases/NewReleasePage',
    as: 'admin',
    at: '/projects/{full}/releases/new',
    shows: 'What it holds now',
    async after(page) {
      await page.getByText('Completions that were ranked best').click();
      await page.getByRole('radio', { name: /^Mask/ }).check();
      await page.getByText('Upload a list of benchmark prompts').click();
      await page.getByLabel('Train', { exact: true }).fill('99');
      await expect(page.getByText(/^Together 109%/)).toBeVisible();
    },
  },
  {
    name: 'a new release of comparisons',
    file: 'releases/NewReleasePage',
    as: 'admin',
    at: '/projects/{full}/releases/new',
    shows: 'What it holds now',
    async after(page) {
      await page.getByRole('radio', { name: /^Comparisons/ }).check();
      await expect(page.getByText('"chosen"').first()).toBeVisible();
    },
  },
  {
    name: 'a new release, where there is nothing to hold',
    file: 'releases/NewReleasePage',
    as: 'admin',
    at: '/projects/{empty}/releases/new',
    shows: 'It cannot be built like this.',
  },
  {
    name: 'a release',
    file: 'releases/ReleasePage',
    as: 'admin',
    at: '/projects/{full}/releases/{release}',
    shows: 'What is in it',
  },
  {
    name: 'a release, asking before it is deleted',
    file: 'releases/ReleasePage',
    as: 'admin',
    at: '/projects/{full}/releases/{release}',
    shows: 'What is in it',
    async after(page) {
      await page.getByRole('button', { name: 'Delete…' }).click();
      await expect(dialog(page)).toBeVisible();
    },
  },
  {
    name: 'a release that is not there',
    file: 'releases/ReleasePage',
    as: 'admin',
    at: '/projects/{full}/releases/{full}',
    shows: 'The release could not be loaded.',
    refused: { status: 404, address: /\/api\/releases\// },
  },
  {
    name: 'settings',
    file: 'projects/SettingsPage',
    as: 'admin',
    at: '/projects/{full}/settings',
    shows: 'Save settings',
  },
  {
    name: 'settings, asking before the project is archived',
    file: 'projects/SettingsPage',
    as: 'admin',
    at: '/projects/{full}/settings',
    shows: 'Save settings',
    async after(page) {
      await page.getByRole('button', { name: 'Archive the project…' }).click();
      await expect(dialog(page)).toBeVisible();
    },
  },
  {
    name: 'models',
    file: 'models/ModelsPage',
    as: 'admin',
    at: '/models',
    shows: 'Served',
  },
  {
    name: 'models, where there are none',
    file: 'models/ModelsPage',
    as: 'admin',
    at: '/models',
    shows: 'Served',
    async after(page) {
      await page.route(/\/api\/models$/, (route) => route.fulfill({ json: { models: [] } }));
      await page.reload();
      await expect(page.getByText('There is no model yet.')).toBeVisible();
    },
  },
  {
    name: 'a new model',
    file: 'models/NewModelPage',
    as: 'admin',
    at: '/models/new',
    shows: 'New model',
  },
  {
    name: 'a model of a server',
    file: 'models/ModelPage',
    as: 'admin',
    at: '/models/{served}',
    shows: 'Remove the stored key',
    async after(page) {
      await page.getByRole('button', { name: 'Check' }).click();
      await expect(page.getByText(/^Does not work: /)).toBeVisible();
    },
  },
  {
    name: 'a model of the demo, asking before it is archived',
    file: 'models/ModelPage',
    as: 'admin',
    at: '/models/{policy}',
    shows: 'Works',
    async after(page) {
      await page.getByRole('button', { name: 'Archive the model…' }).click();
      await expect(dialog(page)).toBeVisible();
    },
  },
  {
    name: 'a model that is not there',
    file: 'models/ModelPage',
    as: 'admin',
    at: '/models/nothing',
    shows: 'There is no such model.',
  },
  {
    name: 'rounds',
    file: 'rounds/RoundsPage',
    as: 'admin',
    at: '/projects/{full}/rounds',
    shows: 'Round 1 · Begun',
  },
  {
    name: 'rounds, asking before the next one begins',
    file: 'rounds/RoundsPage',
    as: 'admin',
    at: '/projects/{full}/rounds',
    shows: 'Round 1 · Begun',
    async after(page) {
      await page.getByRole('button', { name: 'Start round 2…' }).click();
      await expect(dialog(page)).toContainText('Trainers chat with policy-kept-secret');
    },
  },
  {
    name: 'rounds, before the first',
    file: 'rounds/RoundsPage',
    as: 'admin',
    at: '/projects/{empty}/rounds',
    shows: 'No round has begun yet.',
  },
  {
    name: 'sampling',
    file: 'samplings/SamplingPage',
    as: 'admin',
    at: '/projects/{full}/sampling',
    shows: /of 2 · /,
  },
  {
    name: 'sampling, with what is asked of a pool',
    file: 'samplings/SamplingPage',
    as: 'admin',
    at: '/projects/{full}/sampling',
    shows: /of 2 · /,
    async after(page) {
      await page.getByRole('button', { name: 'Sample a pool…' }).click();
      await dialog(page).getByRole('button', { name: 'Add a model' }).click();
      await dialog(page).getByText('Parameters', { exact: true }).click();
      await expect(dialog(page).getByLabel('Temperature')).toBeVisible();
    },
  },
  {
    name: 'sampling, where there is none',
    file: 'samplings/SamplingPage',
    as: 'admin',
    at: '/projects/{empty}/sampling',
    shows: 'Nothing was sampled yet.',
  },
  {
    name: 'side by side, for an admin, with answers',
    file: 'side-by-side/SideBySidePage',
    as: 'admin',
    at: '/projects/{full}/side-by-side',
    shows: 'Choose two models or more',
    async after(page) {
      for (const name of [/policy-kept-secret/, /model-name-kept-secret/])
        await page.getByRole('checkbox', { name }).check();
      await page.getByLabel('Prompt').fill(wide);
      await page.getByRole('button', { name: 'Send' }).click();
      await expect(page.getByText('2 answers', { exact: true })).toBeVisible({ timeout: 30_000 });
    },
  },
  {
    name: 'side by side, for a trainer',
    file: 'side-by-side/SideBySidePage',
    as: 'trainer',
    at: '/projects/{full}/side-by-side',
    shows: 'Write every turn first',
    async after(page) {
      await page.getByRole('button', { name: 'Add an answer and a turn' }).click();
      await page.getByRole('button', { name: 'Add a system message' }).click();
      await expect(page.getByRole('textbox')).toHaveCount(4);
    },
  },
  {
    name: 'side by side, before the first round',
    file: 'side-by-side/SideBySidePage',
    as: 'trainer',
    at: '/projects/{empty}/side-by-side',
    shows: 'No model can be asked yet.',
  },
  {
    name: 'feedback',
    file: 'feedback/FeedbackPage',
    as: 'admin',
    at: '/projects/{talked}/feedback',
    shows: 'Thumb down',
    async after(page) {
      await page
        .getByRole('button', { name: /^Show all/ })
        .first()
        .click();
    },
  },
  {
    name: 'feedback, where there is none',
    file: 'feedback/FeedbackPage',
    as: 'admin',
    at: '/projects/{empty}/feedback',
    shows: 'Nobody has said anything yet.',
  },
  {
    name: 'disputes of moderation, with a text shown',
    file: 'moderation/ModerationPage',
    as: 'admin',
    at: '/projects/{talked}/moderation',
    shows: 'Judged, though it is fine',
    async after(page) {
      await page.getByText(/^Show the text/).click();
    },
  },
  {
    name: 'disputes of moderation, where there are none',
    file: 'moderation/ModerationPage',
    as: 'admin',
    at: '/projects/{empty}/moderation',
    shows: 'Nothing is disputed.',
  },
  { name: 'people', file: 'accounts/PeoplePage', as: 'admin', at: '/people', shows: /accepted by GGG/ },
  {
    name: 'people, with an invitation at hand',
    file: 'accounts/PeoplePage',
    as: 'admin',
    at: '/people',
    shows: /accepted by GGG/,
    async after(page) {
      await page.getByRole('button', { name: 'Invite a person' }).click();
      await expect(dialog(page).getByLabel('Nine answers')).toBeVisible();
    },
  },
  { name: 'the audit log', file: 'audit/AuditPage', as: 'admin', at: '/audit', shows: /accepted an invitation/ },
  { name: 'work', file: 'work/WorkPage', as: 'trainer', at: '/work', shows: 'Begun' },
  {
    name: 'work, where there is none',
    file: 'work/WorkPage',
    as: 'newcomer',
    at: '/work',
    shows: 'You have not submitted anything yet.',
  },
  {
    name: 'the profile of an admin',
    file: 'accounts/ProfilePage',
    as: 'admin',
    at: '/profile',
    shows: 'A script that exports every night',
  },
  {
    name: 'the profile of a trainer',
    file: 'accounts/ProfilePage',
    as: 'trainer',
    at: '/profile',
    shows: 'Appearance',
  },
  {
    name: 'the menu',
    file: 'accounts/ProfilePage',
    as: 'admin',
    at: '/profile',
    shows: 'Appearance',
    async after(page) {
      await page.getByRole('banner').getByRole('button').click();
      await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
    },
  },
  { name: 'signing in', file: 'accounts/SignInPage', as: 'nobody', at: '/sign-in', shows: 'Sign in' },
  {
    name: 'set-up, once it is done',
    file: 'accounts/SetupPage',
    as: 'nobody',
    at: '/setup#token',
    shows: 'This server is set up already.',
  },
  {
    name: 'an invitation',
    file: 'accounts/InvitationPage',
    as: 'nobody',
    at: '/invitation#{open}',
    shows: /You are invited as reviewer/,
  },
  {
    name: 'an invitation that was used',
    file: 'accounts/InvitationPage',
    as: 'nobody',
    at: '/invitation#{used}',
    shows: 'This invitation is used up, out of date or not complete.',
    refused: { status: 410, address: /inspect/ },
  },
  {
    name: 'a page for others',
    file: 'accounts/NotAllowedPage',
    as: 'trainer',
    at: '/not-allowed',
    shows: 'Not for your role',
  },
  { name: 'an unknown address', file: 'ui/NotFound', as: 'trainer', at: '/projekte', shows: 'Nothing here' },
  {
    name: 'ranking two answers',
    file: 'comparisons/RankPage',
    as: 'trainer',
    at: '/projects/{few}/rank',
    shows: 'Rank 2 answers',
  },
  {
    name: 'ranking four answers',
    file: 'comparisons/RankPage',
    as: 'trainer',
    at: '/projects/{full}/rank',
    shows: 'Rank 4 answers',
  },
  {
    name: 'ranking four answers, with all that can be opened',
    file: 'comparisons/RankPage',
    as: 'trainer',
    at: '/projects/{full}/rank',
    shows: 'Rank 4 answers',
    async after(page) {
      // Which one it is depends on what was placed at the visit before.
      await expect(page.getByRole('region', { name: /^Answer/ }).and(page.locator(':focus'))).toBeVisible();
      for (const key of ['2', 'Shift+5', 'f', 'g', 'Shift+C', 'Escape', 'w']) await page.keyboard.press(key);
      await expect(page.getByLabel('A better answer')).toBeFocused();
    },
  },
  {
    name: 'ranking four answers, asking why one is skipped',
    file: 'comparisons/RankPage',
    as: 'trainer',
    at: '/projects/{full}/rank',
    shows: 'Rank 4 answers',
    async after(page) {
      const more = page.getByRole('button', { name: 'More' });
      if (await more.isVisible()) await more.click();
      await page.getByRole('button', { name: 'Skip …' }).click();
      await expect(dialog(page)).toBeVisible();
    },
  },
  {
    name: 'ranking nine answers',
    file: 'comparisons/RankPage',
    as: 'trainer',
    at: '/projects/{many}/rank',
    shows: 'Rank 9 answers',
  },
  {
    name: 'ranking, where all is done',
    file: 'comparisons/RankPage',
    as: 'trainer',
    at: '/projects/{finished}/rank',
    shows: 'All comparisons of this project are done.',
  },
  {
    name: 'a ranking that was submitted',
    file: 'comparisons/RankPage',
    as: 'trainer',
    at: '/projects/{finished}/rank/{submitted}',
    shows: 'You have submitted this one',
  },
  {
    name: 'ranking, where there is nothing',
    file: 'comparisons/RankPage',
    as: 'trainer',
    at: '/projects/{empty}/rank',
    shows: 'This project has no comparisons yet.',
  },
  {
    name: 'writing',
    file: 'demonstrations/WritePage',
    as: 'trainer',
    at: '/projects/{full}/write',
    shows: 'Write a dialogue',
  },
  {
    name: 'writing, with a turn written and the guidelines open',
    file: 'demonstrations/WritePage',
    as: 'trainer',
    at: '/projects/{full}/write',
    shows: 'Write a dialogue',
    async after(page) {
      // At the second visit the turn is written already, and may still grow with what its code and formulas come to.
      const last = page.getByRole('article').last();
      await pressUntil(last.getByRole('button', { name: 'Edit', exact: true }), last.getByRole('textbox'));
      await last.getByRole('textbox').fill(wide);
      await page.keyboard.press('Escape');
      await page.keyboard.press('g');
      await expect(page.getByRole('complementary', { name: 'Guidelines' })).toBeVisible();
    },
  },
  {
    name: 'writing, where there is nothing',
    file: 'demonstrations/WritePage',
    as: 'trainer',
    at: '/projects/{empty}/write',
    shows: 'This project has no dialogues yet.',
  },
  {
    name: 'chatting',
    file: 'chats/ChatPage',
    as: 'trainer',
    at: '/projects/{full}/chat',
    shows: 'A heading with code in it',
  },
  {
    name: 'chatting, with a message being edited and the guidelines open',
    file: 'chats/ChatPage',
    as: 'trainer',
    at: '/projects/{full}/chat',
    shows: /^Chat$/,
    async after(page) {
      // At the second visit it is open already.
      const edit = page.getByRole('article').first().getByRole('button', { name: 'Edit', exact: true });
      const editor = page.getByRole('textbox', { name: 'What you say instead' });
      await pressUntil(edit, editor);
      await editor.fill(wide);
      await page.getByRole('button', { name: 'Guidelines' }).click();
      await expect(page.getByRole('complementary', { name: 'Guidelines' })).toBeVisible();
    },
  },
  {
    name: 'chatting, where there is nothing',
    file: 'chats/ChatPage',
    as: 'trainer',
    at: '/projects/{empty}/chat',
    shows: 'This project has no chats yet.',
  },
];
