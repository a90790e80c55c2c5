import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { giveFeedback } from '../../../shared/feedback.ts';
import { importLines, type ImportFormat } from '../../../shared/imports.ts';
import type { Project } from '../../../shared/projects.ts';
import { claim, submit, type Assignment } from '../../../shared/tasks.ts';
import type { Caller, TestApp } from '../../support/app.ts';
import { seedChat } from '../../support/seed.ts';
import { projectWith } from '../../support/work.ts';

/** Public data that is no part of this checkout. */
const trees = path.resolve(
  fileURLToPath(new URL('../../..', import.meta.url)),
  '../shared/data/oasst_en_100_tree.jsonl',
);

const subjects = [
  ...['the tides', 'sourdough', 'beehives', 'glaciers', 'violins', 'compilers', 'lighthouses', 'origami'],
  ...['volcanoes', 'chess endings', 'green tea', 'bicycles', 'subways', 'mushrooms', 'sundials', 'kites'],
];

/** What a reader may stumble over. */
const trying = [
  'Grüße, naïve façade',
  '日本語と中文と한국어',
  'שלום \u200fwith marks\u200e',
  '👩‍🚀 and 👍🏽',
  'a line\nanother\r\nand\ta tab',
  'U+2028:\u2028 U+2029:\u2029 U+FEFF:\ufeff',
  '"quotes", \\backslashes\\, {{braces}} {% percent %}',
  '1999-12-31',
  '$x^2$ and `code`\n```py\nprint("hi")\n```',
];
const odd = (at: number): string => trying[at % trying.length] ?? '';

const turns = (...contents: string[]) =>
  contents.map((content, at) => ({ role: at % 2 === 0 ? ('user' as const) : ('assistant' as const), content }));
const system = { role: 'system', content: 'Answer in short words — «always».' };

/** Demonstrations, chats and rankings of a project; says what it holds. */
export async function collect(t: TestApp): Promise<{ project: Project; holds: string[] }> {
  const [admin, ann, ben] = await Promise.all([t.person('admin'), t.person('trainer'), t.person('trainer')]);
  const project = await projectWith(t, admin, [ann, ben], {
    ...{ name: 'To be loaded: «all» of it', rubric: 'instructgpt', overlap: { comparison: 2 } },
  });
  const params = { projectId: project.id };
  const bring = async (format: ImportFormat, body: string): Promise<void> => {
    const made = await t.call(importLines, { params, query: { format }, body }, admin);
    if (made.rejectedCount > 0) throw new Error(`${format}: ${JSON.stringify(made.rejected)}`);
  };
  const each = (line: (subject: string, at: number) => unknown): string =>
    subjects.map((subject, at) => JSON.stringify(line(subject, at))).join('\n');

  await bring(
    'prompts',
    each((subject, at) => ({ prompt: `Make a rhyme on ${subject}, please. ${odd(at)}` })),
  );
  for (const trainer of [ann, ben]) for (let n = 0; n < 3; n += 1) await demonstrate(t, project, trainer, n);
  await bring('conversations', each(dialogue));
  await bring('comparisons', each(comparison));
  for (const trainer of [ann, ben]) await rankAll(t, project, trainer);
  for (const [at, subject] of subjects.entries()) {
    const trainer = at % 2 === 0 ? ann : ben;
    const answers = [`They are what they are, ${subject}. ${odd(at)}`, 'Nobody knows.'];
    const question = `What should a child know of ${subject}?`;
    for (const messageId of (await seedChat(t.database.db, project.id, trainer.id, { answers, question })).answerIds) {
      const body = { thumb: at % 3 === 0 ? ('down' as const) : ('up' as const), text: odd(at), report: null };
      await t.call(giveFeedback, { params: { messageId }, body }, trainer);
    }
  }
  const holds = [`${4 * subjects.length} conversations written for this`];
  if (existsSync(trees)) {
    await bring('oasst', readFileSync(trees, 'utf8'));
    holds.push('the 100 trees of Open-Assistant in ../shared/data');
  }
  return { project, holds };
}

/** With and without a system message, of one turn and of two; `weight` as OpenAI has it in some. */
function dialogue(subject: string, at: number): object {
  const said = turns(
    `How do ${subject} come about?`,
    `Slowly, as ${subject} do. ${odd(at)}`,
    ...(at % 2 === 0 ? [] : [`And who looks after ${subject}?`, `${odd(at + 1)} — those who like ${subject}.`]),
  );
  if (at % 4 === 3) Object.assign(said[1] ?? {}, { weight: 0 });
  return { messages: at % 3 === 0 ? [system, ...said] : said, ...(at % 2 === 0 && { source: 'handbook' }) };
}

function comparison(subject: string, at: number): object {
  const asked = turns(`Which books tell the most of ${subject}? ${odd(at)}`);
  const completions = [0, 1, 2, 3].slice(0, 2 + (at % 3)).map((n) => ({
    content: `Book ${n} of ${subject}: ${odd(at + n)}`,
    ...(n > 0 && { model: `writer-${n}` }),
  }));
  return { messages: at % 4 === 0 ? [system, ...asked] : asked, completions };
}

async function handedOut(
  t: TestApp,
  { id }: Project,
  kind: Assignment['kind'],
  as: Caller,
): Promise<Assignment | null> {
  const answer = await t.call(claim, { params: { projectId: id }, body: { kinds: [kind] } }, as);
  return answer?.assignment ?? null;
}

async function demonstrate(t: TestApp, project: Project, as: Caller, n: number): Promise<void> {
  const assignment = await handedOut(t, project, 'demonstration', as);
  if (assignment?.kind !== 'demonstration') throw new Error('no prompt was handed out');
  const messages = [
    ...assignment.task.conversation.map(({ role, content }) => ({ role, content })),
    { role: 'assistant' as const, content: `A rhyme, in time. ${odd(n)}` },
  ];
  await t.call(submit, { params: { assignmentId: assignment.id }, body: { messages } }, as);
}

/** Ranks and rates all there is, ties among it. */
async function rankAll(t: TestApp, project: Project, as: Caller): Promise<void> {
  for (let n = 0; ; n += 1) {
    const assignment = await handedOut(t, project, 'comparison', as);
    if (assignment === null) return;
    if (assignment.kind !== 'comparison') throw new Error('no comparison was handed out');
    const labels = assignment.task.completions.map(({ label }) => label);
    const [first = '', second = '', ...others] = labels;
    const ranking =
      n % 4 === 0 && others.length > 0
        ? [[first, second], ...others.map((label) => [label])]
        : labels.map((label) => [label]);
    const ratings = Object.fromEntries(
      labels.map((label, place) => [
        label,
        { overall: Math.max(1, 7 - 2 * place), flags: place === 1 ? ['opinion'] : [] },
      ]),
    );
    await t.call(submit, { params: { assignmentId: assignment.id }, body: { ranking, ratings } }, as);
  }
}
