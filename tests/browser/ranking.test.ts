/** Ranking, as a trainer meets it: by keyboard, by mouse and by touch, whatever the texts hold. */
import type { Browser, Page } from '@playwright/test';
import type { ComparisonTask } from '../../shared/comparisons.ts';
import type { Project } from '../../shared/projects.ts';
import { answer, assignmentOf, boxes, cards, expectPlaces, middle, submitted, swipe, workOf } from './desk.ts';
import {
  allow,
  desktop,
  expect,
  expectNoAxeViolations,
  expectNoStrayScroll,
  type Headers,
  phone,
  startWorld,
  test,
  type View,
  type World,
} from './world.ts';

let world: World;
test.beforeAll(async () => {
  world = await startWorld();
});
test.afterAll(() => world.stop());

interface Line {
  prompt?: string;
  messages?: { role: string; content: string }[];
  completions: { content: string }[];
}

const texts = (...contents: string[]): Line['completions'] => contents.map((content) => ({ content }));

/** Something of a few lines, so that cards have what real ones have. */
const plain = (name: string, paragraphs = 3): string =>
  Array.from({ length: paragraphs }, (_, at) => `${name}, part ${at + 1}. ${'It says what it says. '.repeat(12)}`).join(
    '\n\n',
  );

const line = (name: string, count = 4): Line => ({
  prompt: `Question ${name}?`,
  completions: Array.from({ length: count }, (_, index) => ({ content: plain(`Answer ${index + 1} to ${name}`) })),
});

let trainers = 0;
interface Desk {
  page: Page;
  project: Project;
  headers: Headers;
}

/** A project with these comparisons, and a trainer of it before the first of them. */
async function desk(
  browser: Browser,
  lines: Line[],
  settings: Parameters<World['project']>[0] = {},
  view: View = {},
): Promise<Desk> {
  const project = await world.project(settings);
  await world.import(project, 'comparisons', lines);
  trainers += 1;
  const headers = await world.trainer(project.id, `ranker${trainers}`);
  const page = await world.open(browser, headers, view);
  await page.goto(`/projects/${project.id}/rank`);
  await expect(cards(page)).toHaveCount(lines[0]?.completions.length ?? 0);
  return { page, project, headers };
}

async function press(page: Page, keys: string): Promise<void> {
  for (const key of keys.split(' ')) await page.keyboard.press(key);
}

const submitButton = (page: Page) => page.getByRole('button', { name: 'Submit' });
const given = (page: Page, label: string) =>
  page.getByRole('button', { name: new RegExp(`^${label} \\S+ (is its place|not placed)$`) });

test('four answers with one tie are five keys, and the server holds that ranking of the letters shown', async ({
  browser,
}) => {
  const { page, headers } = await desk(browser, [line('one'), line('two')]);
  await expect(answer(page, 'A')).toBeFocused();
  const shown = await cards(page).getByRole('region').allInnerTexts();

  const keys = ['2', '1', '2', '3', 'Enter'];
  for (const key of keys.slice(0, -1)) await page.keyboard.press(key);
  await expectPlaces(page, '1:B 2:AC 3:D');
  await expect(given(page, 'C')).toHaveText(/2/);
  await page.keyboard.press(keys[4] ?? '');

  await expect(page.getByText('Submitted.')).toBeVisible();
  const assignment = await submitted(world, headers);
  expect(assignment).toMatchObject({ state: 'submitted', draft: { ranking: [['B'], ['A', 'C'], ['D']] } });
  const { completions } = assignment.task as ComparisonTask;
  expect(completions.map(({ label }) => label)).toEqual(['A', 'B', 'C', 'D']);
  for (const [index, { content }] of completions.entries()) expect(shown[index]).toContain(content.slice(0, 30));
});

test('nothing can be submitted before all are placed, and it says what is missing', async ({ browser }) => {
  const { page, headers } = await desk(browser, [line('one')]);
  await expect(submitButton(page)).toBeDisabled();
  await expect(submitButton(page)).toHaveAccessibleDescription('0 of 4 placed');
  await press(page, '1 2 3 Enter');
  await expect(submitButton(page)).toHaveAccessibleDescription('3 of 4 placed');
  await expect(submitButton(page)).toBeDisabled();
  await page.keyboard.press('4');
  await expect(submitButton(page)).toBeEnabled();
  await expect(submitButton(page)).toHaveAccessibleDescription('All placed');
  expect((await workOf(world, headers)).items).toEqual([]);
});

test('the cards never move: the places do', async ({ browser }) => {
  const { page } = await desk(browser, [line('one')], { rubric: 'instructgpt' });
  const before = await boxes(page);
  const steps: [string, string][] = [
    ['2', '2:A -:BCD'],
    ['1', '1:B 2:A -:CD'],
    ['2', '1:B 2:AC -:D'],
    ['4', '1:B 2:AC 4:D'],
    ['u', '1:B 2:AC -:D'],
    ['u', '1:B 2:A -:CD'],
    ['Shift+U', '1:B 2:AC -:D'],
    ['b', '1:B 2:AC -:D'],
    ['c', '1:B 2:AC -:D'],
    ['Backspace', '1:B 2:A -:CD'],
    ['a', '1:B 2:A -:CD'],
    ['Shift+5', '1:B 2:A -:CD'],
    ['3', '1:B 3:A -:CD'],
  ];
  for (const [key, told] of steps) {
    await page.keyboard.press(key);
    await expectPlaces(page, told);
    expect(await boxes(page), `after ${key}`).toEqual(before);
  }
});

test('letters and arrows move the focus, Backspace takes back, u undoes and Shift+U redoes', async ({ browser }) => {
  const { page } = await desk(browser, [line('one')]);
  await press(page, 'ArrowRight ArrowRight');
  await expect(answer(page, 'C')).toBeFocused();
  await press(page, 'ArrowLeft');
  await expect(answer(page, 'B')).toBeFocused();
  await press(page, 'd 1');
  await expectPlaces(page, '1:D -:ABC');
  await expect(answer(page, 'A')).toBeFocused();
  // The same digit twice is a tie; a digit for a card that has a place moves it.
  await press(page, '1 b 2 a 3');
  await expectPlaces(page, '1:D 2:B 3:A -:C');
  await press(page, 'd Backspace');
  await expectPlaces(page, '2:B 3:A -:CD');
  await press(page, 'u u u');
  await expectPlaces(page, '1:AD -:BC');
  await press(page, 'Shift+U');
  await expectPlaces(page, '1:AD 2:B -:C');
  // What was said is there for those who do not see it.
  await press(page, 'c 4');
  await expect(page.getByRole('group', { name: 'Places' }).getByRole('status')).toHaveText(
    'C is at place 4. All are placed.',
  );
});

test('two trainers see the same comparison in different orders', async ({ browser }) => {
  const { page, project, headers } = await desk(
    browser,
    ['one', 'two', 'three', 'four', 'five'].map((name) => line(name)),
    {
      overlap: { comparison: 2 },
    },
  );
  trainers += 1;
  const second = await world.trainer(project.id, `ranker${trainers}`);
  const other = await world.open(browser, second);
  await other.goto(`/projects/${project.id}/rank`);

  const orders = await Promise.all(
    [page, other].map(async (one) => {
      const seen = new Map<string, string[]>();
      for (let round = 1; round <= 5; round += 1) {
        await expect(one.getByText(`${round - 1} done today`)).toBeVisible();
        await expect(cards(one)).toHaveCount(4);
        const question = await one.getByRole('region', { name: 'The prompt at hand' }).innerText();
        const heads = await cards(one).getByRole('region').allInnerTexts();
        seen.set(
          question,
          heads.map((text) => /^Answer \d/.exec(text)?.[0] ?? text),
        );
        await press(one, '1 2 3 4 Enter');
      }
      return seen;
    }),
  );
  const [mine, theirs] = orders;
  expect([...(mine?.keys() ?? [])].sort()).toEqual([...(theirs?.keys() ?? [])].sort());
  expect(mine?.size).toBe(5);
  for (const [question, order] of mine ?? []) expect(theirs?.get(question)?.toSorted()).toEqual(order.toSorted());
  expect(mine).not.toEqual(theirs);
  await submitted(world, headers, 5);
  await submitted(world, second, 5);
});

test('the prompt at hand stays in sight, however long what was said before and the answers are', async ({
  browser,
}) => {
  const messages = Array.from({ length: 21 }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: index === 20 ? 'And what about the last one?' : plain(`Message ${index}`),
  }));
  messages[19] = { role: 'assistant', content: '```\n' + 'wider than the column '.repeat(20) + '\n```' };
  const long = { messages, completions: texts(...[1, 2, 3, 4].map((index) => plain(`Long ${index}`, 30))) };
  for (const viewport of [desktop, phone]) {
    const { page } = await desk(browser, [long], {}, { viewport });
    const prompt = page.getByText('And what about the last one?');
    await expect(prompt).toBeInViewport({ ratio: 1 });
    for (const label of ['A', 'B', 'C', 'D']) {
      await page.keyboard.press(label.toLowerCase());
      await page.mouse.move(viewport.width * 0.6, viewport.height * 0.6);
      await page.mouse.wheel(0, 4_000);
      await press(page, 'End');
      await expect(prompt).toBeInViewport({ ratio: 1 });
    }
    const earlier = page.getByRole('region', { name: 'Earlier messages' });
    expect(await earlier.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
    await earlier.evaluate((element) => (element.scrollTop = 0));
    await expect(page.getByText('Message 0, part 1.')).toBeVisible();
    await expect(prompt).toBeInViewport({ ratio: 1 });
    await expectNoStrayScroll(page);
  }
});

test('a letter can be dragged between the places with the mouse', async ({ browser }) => {
  const { page, headers } = await desk(browser, [line('one')]);
  const chip = (label: string) => page.getByRole('button', { name: `Go to answer ${label}` });
  const place = (name: string) => page.locator(`[data-place="${name}"]`);
  const before = await boxes(page);
  const drag = async (label: string, to: string): Promise<void> => {
    await chip(label).hover();
    await page.mouse.down();
    const { x, y } = await middle(place(to));
    await page.mouse.move(x, y, { steps: 5 });
    await expect(place(to)).toHaveClass(/over/);
    expect(await boxes(page), 'while it is dragged').toEqual(before);
    await page.mouse.up();
  };
  await drag('C', '1');
  await expectPlaces(page, '1:C -:ABD');
  await drag('A', '1');
  await expectPlaces(page, '1:AC -:BD');
  await drag('B', '3');
  await drag('D', '2');
  await drag('B', 'none');
  await expectPlaces(page, '1:AC 2:D -:B');
  await drag('B', '2');
  expect(await boxes(page)).toEqual(before);
  // Pressed without being dragged, a letter is a way to its card.
  await chip('A').click();
  await expect(answer(page, 'A')).toBeFocused();
  await submitButton(page).click();
  expect((await submitted(world, headers)).draft).toMatchObject({
    ranking: [
      ['A', 'C'],
      ['B', 'D'],
    ],
  });
});

test('by touch: a tap gives the next place, a second one ties with the place before', async ({ browser }) => {
  const { page, headers } = await desk(browser, [line('one')], {}, { viewport: phone });
  await given(page, 'B').tap();
  await expectPlaces(page, '1:B -:ACD');
  await given(page, 'A').tap();
  await expectPlaces(page, '1:B 2:A -:CD');
  await answer(page, 'C').tap();
  await expectPlaces(page, '1:B 2:A 3:C -:D');
  await answer(page, 'C').tap();
  await expectPlaces(page, '1:B 2:AC -:D');
  // A third tap takes it out again; what went wrong can be undone without a key.
  await given(page, 'C').tap();
  await expectPlaces(page, '1:B 2:A -:CD');
  await page.getByRole('button', { name: 'More' }).tap();
  await page.getByRole('button', { name: 'Undo' }).tap();
  await expectPlaces(page, '1:B 2:AC -:D');
  await expect(page.getByRole('button', { name: 'Skip' })).toBeInViewport({ ratio: 1 });
  await expectNoStrayScroll(page);
  await given(page, 'D').tap();
  await submitButton(page).tap();
  expect((await submitted(world, headers)).draft).toMatchObject({ ranking: [['B'], ['A', 'C'], ['D']] });
});

test('scrolling by touch over cards and places reorders nothing; dragging a letter by touch does', async ({
  browser,
}) => {
  const { page } = await desk(browser, [line('one')], {}, { viewport: phone });
  const session = await page.context().newCDPSession(page);
  await given(page, 'B').tap();
  await given(page, 'A').tap();
  await expectPlaces(page, '1:B 2:A -:CD');
  // The page's own scrolling and that of the cards' texts.
  const scrolled = (): Promise<number> =>
    page.locator('.upper, .text').evaluateAll((all) => all.reduce((sum, { scrollTop }) => sum + scrollTop, 0));

  // Whatever the finger begins on: the button that gives a place, or a card's text.
  for (const target of [given(page, 'C'), answer(page, 'C'), given(page, 'D')]) {
    await target.scrollIntoViewIfNeeded();
    const begin = await middle(target);
    const before = await scrolled();
    await swipe(session, begin, { x: begin.x, y: begin.y + (begin.y > 420 ? -250 : 250) });
    await expect.poll(async () => Math.abs((await scrolled()) - before)).toBeGreaterThan(20);
    await expectPlaces(page, '1:B 2:A -:CD');
  }
  // The swipes below are by places on the screen: the page has to fill it, which a busy browser may take a while for.
  await expect.poll(() => page.locator('main').evaluate((main) => main.clientHeight)).toBe(phone.height);
  // Beside the letters in the bar of places, and from a letter to where no place is.
  const chip = page.getByRole('button', { name: 'Go to answer A' });
  const number = await middle(page.locator('[data-place="2"]').getByText('2'));
  await swipe(session, number, await middle(page.locator('[data-place="4"]')));
  await swipe(session, number, { x: number.x, y: number.y - 300 });
  await swipe(session, await middle(chip), { x: 200, y: 300 });
  await expectPlaces(page, '1:B 2:A -:CD');

  await swipe(session, await middle(chip), await middle(page.locator('[data-place="4"]')));
  await expectPlaces(page, '1:B 4:A -:CD');
  await swipe(session, await middle(chip), await middle(page.locator('[data-place="1"]')));
  await expectPlaces(page, '1:AB -:CD');
});

test('guidelines lie beside the work however wide what is in them', async ({ browser }) => {
  const guidelines = [
    '```\n' + 'a line of code that is long '.repeat(20) + '\n```',
    `$$${'a + '.repeat(60)}0$$`,
    `| ${'a column | '.repeat(12)}\n|${'---|'.repeat(12)}`,
    'verylong'.repeat(40),
  ].join('\n\n');
  const { page } = await desk(browser, [line('one')], { guidelines });
  await page.keyboard.press('g');
  const drawer = page.getByRole('complementary', { name: 'Guidelines' });
  await expect(drawer.locator('.katex').first()).toBeVisible();
  const box = await drawer.boundingBox();
  expect(box?.width).toBeLessThanOrEqual(380);
  expect((box?.x ?? 0) + (box?.width ?? 0)).toBe(desktop.width);
  // The work has the rest, and nothing of it is beneath the drawer.
  const work = await cards(page).last().boundingBox();
  expect((work?.x ?? 0) + (work?.width ?? 0)).toBeLessThanOrEqual(box?.x ?? 0);
  await expectNoStrayScroll(page);
});

test('Markdown, code, formulas and both directions of writing are shown as they are meant', async ({ browser }) => {
  const rich = [
    '## Why\n\n**Bold**, *slanted*, ~~gone~~ and `inline`.\n\n1. one\n2. two\n\n| a | b |\n|---|---|\n| 1 | 2 |',
    'Code:\n\n```python\ndef double(x):\n    # twice\n    return x * 2\n```',
    'Euler: $e^{i\\pi} + 1 = 0$, and\n\n$$\\int_0^1 x^2\\,dx = \\frac{1}{3}$$\n\nIt costs $5 and $10.',
    'مرحبا بالعالم، هذا نص من اليمين إلى اليسار.\n\nAnd English again.\n\n- עברית',
  ];
  const { page } = await desk(browser, [{ prompt: 'Show `code` and **bold**', completions: texts(...rich) }]);
  await expect(page.getByRole('region', { name: 'The prompt at hand' }).locator('code')).toHaveText('code');

  const all = cards(page);
  const styled = all.filter({ hasText: 'slanted' });
  await expect(styled.locator('strong')).toHaveText('Bold');
  await expect(styled.locator('del')).toHaveText('gone');
  await expect(styled.getByRole('listitem')).toHaveText(['one', 'two']);
  await expect(styled.getByRole('columnheader')).toHaveText(['a', 'b']);
  await expect(styled.getByText('##')).toHaveCount(0);

  const code = all.filter({ hasText: 'double' });
  const keyword = code.locator('.token-keyword').filter({ hasText: 'def' });
  await expect(keyword).toBeVisible();
  const colours = await code
    .locator('pre span')
    .evaluateAll((spans) => spans.map((span) => getComputedStyle(span).color));
  expect(new Set(colours).size).toBeGreaterThan(1);
  await expect(code.locator('pre')).toHaveText('def double(x):\n    # twice\n    return x * 2');

  const formula = all.filter({ hasText: 'Euler' });
  await expect(formula.locator('math')).toHaveCount(2);
  await expect(formula.locator('math mfrac')).toHaveCount(1);
  await expect(formula.getByText('It costs $5 and $10.')).toBeVisible();

  const arabic = page.getByText('مرحبا بالعالم');
  await expect(arabic).toHaveCSS('direction', 'rtl');
  await expect(page.getByText('And English again.')).toHaveCSS('direction', 'ltr');
  await expect(page.getByRole('list').filter({ hasText: 'עברית' })).toHaveCSS('direction', 'rtl');
  await expectNoAxeViolations(page);
});

test('hostile text runs nothing, loads nothing and breaks no rule of the page', async ({ browser }) => {
  const evil = 'http://evil.example';
  const hostile = [
    `<script>window.pwned = 1</script><img src=x onerror="window.pwned = 2"><img src="${evil}/pixel.png">`,
    `[a link](javascript:window.pwned=3) [b](JaVaScRiPt:window.pwned=3) [c](data:text/html,<script>window.pwned=3</script>) <javascript:window.pwned=3>`,
    `<iframe src="${evil}/frame"></iframe><object data="${evil}/o"></object><embed src="${evil}/e"><video src="${evil}/v" autoplay></video>`,
    `<style>@import "${evil}/s.css"; body { display: none }</style><link rel=stylesheet href="${evil}/l.css">`,
    `<svg onload="window.pwned=4"><script>window.pwned=4</script><use href="${evil}/u#x"/></svg>`,
    `<math><mtext><table><mglyph><style><img src=x onerror="window.pwned=5"></style></mglyph></table></mtext></math>`,
    '$\\href{javascript:window.pwned=6}{x}$ $\\url{javascript:window.pwned=6}$ $\\htmlData{onclick=window.pwned=6}{x}$',
    `$\\includegraphics{${evil}/tex.png}$ $\\htmlStyle{position:fixed}{x}$ $$\\def\\a{\\a\\a}\\a$$`,
    `![picture](${evil}/markdown.png) ![x](x "onerror=window.pwned=7") ![y](javascript:window.pwned=7)`,
    `<form action="${evil}/post"><button formaction="javascript:window.pwned=8">go</button></form><base href="${evil}/">`,
    `<a href="${evil}" onclick="window.pwned=9" style="position:fixed;inset:0">cover</a><div id="submit" name="x">`,
    '```html"><img src=x onerror=window.pwned=10>\n</code></pre><script>window.pwned=10</script>\n```',
    `<meta http-equiv="refresh" content="0;url=${evil}"><template><img src=x onerror=window.pwned=11></template>`,
  ].join('\n\n');
  const asked: string[] = [];
  const dialogs: string[] = [];
  const project = await world.project({ guidelines: hostile });
  await world.import(project, 'comparisons', [
    { messages: [{ role: 'user', content: hostile }], completions: texts(hostile, `> ${hostile}`) },
  ]);
  const headers = await world.trainer(project.id, 'careful');
  const page = await world.open(browser, headers);
  page.on('request', (request) => asked.push(request.url()));
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  await page.goto(`/projects/${project.id}/rank`);
  await page.getByRole('button', { name: 'Guidelines' }).click();
  await expect(cards(page)).toHaveCount(2);

  const markdown = page.locator('.markdown');
  await expect(markdown).toHaveCount(4);
  // Formulas and code are worked on as they come into sight.
  for (const text of await markdown.locator('.math, .code').all()) await text.scrollIntoViewIfNeeded();
  await expect(markdown.first().locator('.math.wrong').first()).toBeVisible();
  await expect(markdown.locator('a').first()).toBeVisible();
  const found = await markdown.evaluateAll((all) =>
    all.flatMap((one) =>
      [...one.querySelectorAll('*')].flatMap((element) => [
        ...(/^(script|img|iframe|object|embed|video|style|link|svg|use|form|input|base|meta|template)$/i.test(
          element.tagName,
        )
          ? [element.outerHTML]
          : []),
        ...[...element.attributes]
          .filter(
            ({ name, value }) =>
              /^(on|style$|id$|name$|src|formaction)/i.test(name) || /javascript:|^data:/i.test(value),
          )
          .map(({ name, value }) => `${element.tagName} ${name}=${value}`),
      ]),
    ),
  );
  expect(found).toEqual([]);
  // Only those of the pictures, which nobody need follow; the others lead nowhere.
  const links = await markdown.locator('a[href]').evaluateAll((all) => all.map((a) => a.getAttribute('href') ?? ''));
  expect(new Set(links)).toEqual(new Set([`${evil}/markdown.png`]));
  // The source is there to be read.
  await expect(cards(page).first()).toContainText('<script>window.pwned = 1</script>');
  await page.keyboard.press('Escape');
  await press(page, '1 2');
  await expect(page.getByText('All placed')).toBeVisible();
  expect(await page.evaluate(() => 'pwned' in window)).toBe(false);
  expect(dialogs).toEqual([]);
  expect(asked.filter((address) => !address.startsWith(world.url))).toEqual([]);
});

test('a completion of 30,000 characters neither hides the others nor holds the page up', async ({ browser }) => {
  const item = 'is a **point** with `code` and $x^2$ and some more text';
  const long = {
    lists: Array.from({ length: 450 }, (_, index) => `${index + 1}. ${item} to make it longer`).join('\n'),
    prose: plain('Prose', 105),
    code: `\`\`\`python\n${'value = compute(value) + 1  # again\n'.repeat(830)}\`\`\``,
    unbroken: 'word '.repeat(6_000),
  };
  for (const text of Object.values(long)) expect(text.length).toBeGreaterThan(29_000);
  const completions = Object.entries(long).map(([name, text]) => ({ content: `${text}\n\nThe end of ${name}.` }));
  // Twice on a phone: where the page scrolls by itself while texts arrive depends on their order.
  for (const viewport of [desktop, phone, phone]) {
    const { page } = await desk(browser, [{ prompt: 'Say it at length', completions }], {}, { viewport });
    const letters = ['A', 'B', 'C', 'D'];
    if (viewport === desktop) {
      for (const label of letters) await expect(given(page, label)).toBeInViewport({ ratio: 1 });
    }
    for (const label of letters) {
      await page.keyboard.press(label.toLowerCase());
      await expect(given(page, label)).toBeInViewport({ ratio: 1 });
      await answer(page, label).evaluate((element) => (element.scrollTop = element.scrollHeight));
    }
    for (const name of Object.keys(long)) await expect(cards(page).getByText(`The end of ${name}.`)).toHaveCount(1);
    await press(page, '1 2 3 4');
    await expect(page.getByText('All placed')).toBeVisible();
  }
});

test('text that no parser likes is shown all the same, and the others with it', async ({ browser }) => {
  const knotty = [
    '> '.repeat(15_000) + 'at the bottom',
    '['.repeat(29_990) + 'open',
    '$x^2$ '.repeat(5_000),
    '` x '.repeat(7_500) + 'last tick',
  ];
  const { page, headers } = await desk(browser, [{ prompt: 'Make it hard', completions: texts(...knotty) }]);
  for (const end of ['at the bottom', '[[open', 'last tick'])
    await expect(cards(page).filter({ hasText: end })).toHaveCount(1);
  await expect(page.locator('math').first()).toBeVisible();
  await press(page, '1 1 2 3 Enter');
  expect(await submitted(world, headers)).toMatchObject({ draft: { ranking: [['A', 'B'], ['C'], ['D']] } });
});

test('nine answers stand in rows and are ranked by keyboard alone', async ({ browser }) => {
  const { page, headers } = await desk(browser, [line('nine', 9)], { completionsPerComparison: 9 });
  const rows = new Set(Object.values(await boxes(page)).map(({ y }) => y));
  expect(rows.size).toBe(9);
  // They scroll, so they are measured from the first.
  const laidOut = async (): Promise<unknown> => {
    const all = await boxes(page);
    return Object.entries(all).map(([letter, box]) => ({ letter, ...box, y: box.y - (all['A']?.y ?? 0) }));
  };
  const before = await laidOut();
  // Every letter from A to I is a card's; what is done otherwise takes Shift.
  for (const label of ['I', 'E', 'B']) {
    await page.keyboard.press(label.toLowerCase());
    await expect(answer(page, label)).toBeFocused();
    await expect(given(page, label)).toBeInViewport({ ratio: 1 });
  }
  await expect(page.getByRole('button', { name: 'All are bad' })).toHaveText(/⇧B/);
  await press(page, 'Shift+B a 9 8 7 6 5 4 3 2 1');
  await expectPlaces(page, '1:I 2:H 3:G 4:F 5:E 6:D 7:C 8:B 9:A');
  await press(page, 'd 1 u');
  expect(await laidOut()).toEqual(before);
  await page.keyboard.press('Enter');
  expect((await submitted(world, headers)).draft).toEqual({
    ranking: [['I'], ['H'], ['G'], ['F'], ['E'], ['D'], ['C'], ['B'], ['A']],
    allBad: true,
  });
});

test('the rubric of InstructGPT by keyboard: overall rating and flags are stored with the ranking', async ({
  browser,
}) => {
  const { page, headers } = await desk(browser, [line('one')], { rubric: 'instructgpt' });
  const card = (label: string) => cards(page).filter({ has: answer(page, label) });
  await press(page, 'Shift+Digit7');
  await expect(card('A').getByRole('radio', { name: '7' })).toBeChecked();
  // The flags open under the card; Space raises the one in focus, Tab goes to the next, f closes them.
  await page.keyboard.press('f');
  await expect(card('A').getByRole('checkbox').first()).toBeFocused();
  await press(page, 'Tab Tab Space f');
  await expect(answer(page, 'A')).toBeFocused();
  await expect(card('A').getByRole('button', { name: 'Flags (1)' })).toBeVisible();
  await press(page, '1 Shift+Digit2 f Space Tab Space 2 3 4');
  await expect(card('B').getByRole('button', { name: 'Flags (2)' })).toBeVisible();
  // A rating that the scale does not have is none.
  await press(page, 'c Shift+Digit9');
  await expect(card('C').getByRole('radio', { checked: true })).toHaveCount(0);
  await page.keyboard.press('Enter');
  expect((await submitted(world, headers)).draft).toEqual({
    ranking: [['A'], ['B'], ['C'], ['D']],
    ratings: {
      A: { overall: 7, flags: ['hallucination'] },
      B: { overall: 2, flags: ['fails_instruction', 'inappropriate'] },
    },
  });
});

test('the answers are there once it is known how they are judged, so that no key is lost', async ({ browser }) => {
  const project = await world.project({ rubric: 'instructgpt' });
  await world.import(project, 'comparisons', [line('one')]);
  const page = await world.open(browser, await world.trainer(project.id, 'quick'));
  const held = Promise.withResolvers<undefined>();
  await page.route(`**/api/projects/${project.id}`, async (route) => {
    await held.promise;
    await route.continue();
  });
  const claimed = page.waitForEvent('requestfinished', (request) => request.url().endsWith('/claim'));
  await page.goto(`/projects/${project.id}/rank`);
  await claimed;
  // Whatever the page does with the answer it has done in the second frame after it.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await expect(page.getByText('Getting the next task …')).toBeVisible();
  held.resolve(undefined);
  await expect(answer(page, 'A')).toBeFocused();
  await press(page, 'Shift+Digit7');
  await expect(page.getByRole('article').first().getByRole('radio', { name: '7' })).toBeChecked();
});

test('a comment, a better answer and "all are bad" are stored', async ({ browser }) => {
  const { page, headers } = await desk(browser, [line('one'), line('two')]);
  await press(page, '1 1 2 2 c');
  const texts = { comment: 'None of them says why.\nNot one.', better: 'Because of the moon. \u{1F319} לילה' };
  // The keys of letters: c is a card here, so the comment takes Shift.
  await expect(answer(page, 'C')).toBeFocused();
  await press(page, 'Shift+C');
  await expect(page.getByRole('textbox', { name: 'Comment' })).toBeFocused();
  await page.keyboard.insertText(texts.comment);
  await press(page, 'Escape w');
  await expect(page.getByRole('textbox', { name: 'A better answer' })).toBeFocused();
  await page.keyboard.insertText(texts.better);
  await press(page, 'Escape Shift+B');
  await expect(page.getByRole('button', { name: 'All are bad' })).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('Enter');
  expect((await submitted(world, headers)).draft).toEqual({
    ranking: [
      ['A', 'B'],
      ['C', 'D'],
    ],
    comment: texts.comment,
    rewrite: texts.better,
    allBad: true,
  });
  await expect(page.getByRole('textbox')).toHaveCount(0);
});

test('skipping stands apart from submitting, asks for a reason and sends it', async ({ browser }) => {
  const { page, headers } = await desk(browser, [line('one'), line('two')]);
  await press(page, '1 2 3 4');
  const skipping = await page.getByRole('button', { name: 'Skip' }).boundingBox();
  const submitting = await submitButton(page).boundingBox();
  if (skipping === null || submitting === null) throw new Error('a button is missing');
  expect(submitting.x - (skipping.x + skipping.width)).toBeGreaterThan(100);

  const question = await page.getByRole('region', { name: 'The prompt at hand' }).innerText();
  await page.keyboard.press('s');
  const dialog = page.getByRole('dialog', { name: 'Skip this task' });
  await expect(dialog.getByRole('button', { name: 'Skip this task' })).toBeDisabled();
  await expectNoAxeViolations(page);
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(submitButton(page)).toBeEnabled();

  await press(page, 's 3');
  await expect(dialog.getByRole('radio', { name: 'I do not read this language' })).toBeChecked();
  await dialog.getByLabel('Anything to add').fill('It is Finnish.');
  const [sent] = await Promise.all([
    page.waitForResponse((response) => response.url().endsWith('/skip')),
    dialog.getByLabel('Anything to add').press('Control+Enter'),
  ]);
  expect(sent.request().postDataJSON()).toMatchObject({
    reason: 'language',
    comment: 'It is Finnish.',
  });
  expect(sent.status()).toBe(200);
  await expect(page.getByRole('region', { name: 'The prompt at hand' })).not.toHaveText(question);
  const { items } = await workOf(world, headers);
  expect(items).toMatchObject([{ state: 'skipped' }]);
  expect(await assignmentOf(world, headers, items[0]?.id ?? '')).toMatchObject({ state: 'skipped' });
  await expect(page.getByText('0 done today')).toBeVisible();
});

test('the next task is on screen at once, before the server has answered', async ({ browser }) => {
  const { page, headers } = await desk(
    browser,
    Array.from({ length: 12 }, (_, index) => line(`${index}`)),
  );
  const question = page.getByRole('region', { name: 'The prompt at hand' });
  let answered = false;
  const gate = Promise.withResolvers<undefined>();
  await page.route('**/submit', async (route) => {
    await gate.promise;
    answered = true;
    await route.continue();
  });
  const first = await question.innerText();
  await press(page, '1 2 3 4 Enter');
  await expect(question).not.toHaveText(first);
  await expect(answer(page, 'A')).toBeFocused();
  await expectPlaces(page, '-:ABCD');
  await press(page, '2 1');
  expect(answered).toBe(false);
  expect((await workOf(world, headers)).items).toEqual([]);
  gate.resolve(undefined);
  await submitted(world, headers, 1);
  await expectPlaces(page, '1:B 2:A -:CD');
});

test('a submission can be taken back, changed and submitted again', async ({ browser }) => {
  const { page, headers } = await desk(browser, [line('one'), line('two'), line('three')]);
  const question = page.getByRole('region', { name: 'The prompt at hand' });
  const first = await question.innerText();
  await press(page, '1 2 3 4 Shift+C');
  await page.keyboard.insertText('As I thought.');
  await press(page, 'Control+Enter');
  await expect(question).not.toHaveText(first);
  const { id } = await submitted(world, headers);
  await page.keyboard.press('u');
  await expect(question).toHaveText(first);
  await expectPlaces(page, '1:A 2:B 3:C 4:D');
  await expect(page.getByRole('textbox', { name: 'Comment' })).toHaveValue('As I thought.');
  await expect(page.getByText('0 done today')).toBeVisible();
  expect(await assignmentOf(world, headers, id)).toMatchObject({ state: 'active' });

  await press(page, 'd 1 Enter');
  await expect(page.getByText('1 done today')).toBeVisible();
  const again = await submitted(world, headers, 1);
  expect(again).toMatchObject({ id, draft: { ranking: [['A', 'D'], ['B'], ['C']], comment: 'As I thought.' } });

  // Also by pressing, while the server has not heard of the submission yet.
  allow(page, /ERR_CONNECTION_FAILED/);
  await page.route('**/submit', (route) => route.abort('connectionfailed'));
  await expectPlaces(page, '-:ABCD');
  const second = await question.innerText();
  await press(page, '4 3 2 1 Enter');
  await page.getByRole('button', { name: 'Undo' }).first().click();
  await expect(question).toHaveText(second);
  await expectPlaces(page, '1:D 2:C 3:B 4:A');
  await page.unroute('**/submit');
  await press(page, 'a 1 Enter');
  expect((await submitted(world, headers, 2)).draft).toMatchObject({ ranking: [['A', 'D'], ['C'], ['B']] });
});

test('every action shows its key, and the help lists them all', async ({ browser }) => {
  const { page } = await desk(browser, [line('one'), line('two')], { rubric: 'instructgpt' });
  // Of the first task and of every later one.
  await press(page, '1 2 3 4 Enter');
  await expect(page.getByText('1 done today')).toBeVisible();
  const keys = {
    'All are bad': '⇧B',
    Comment: '⇧C',
    'Better answer': 'w',
    Skip: 's',
    Submit: 'Enter',
    Guidelines: 'g',
    Help: '?',
  };
  for (const [name, key] of Object.entries(keys)) {
    await expect(page.getByRole('button', { name }).locator('kbd'), name).toHaveText(key);
  }
  await expect(page.getByRole('button', { name: 'Expand answer A' }).locator('kbd')).toHaveText('e');
  await expect(page.getByRole('button', { name: 'Flags' }).first().locator('kbd')).toHaveText('f');
  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'Keyboard' });
  for (const key of [
    '1 – 4',
    'A – D',
    '← →',
    'Backspace',
    'Enter',
    'u',
    '⇧U',
    'e',
    '⇧1 – ⇧7',
    'f',
    '⇧B',
    '⇧C',
    'w',
    's',
    'g',
    '?',
  ]) {
    await expect(help.getByText(key, { exact: true }), key).toBeVisible();
  }
  await expectNoAxeViolations(page);
});
