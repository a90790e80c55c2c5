import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Context } from '../context.ts';
import { transaction } from '../db/database.ts';
import { importLines } from '../imports/imports.ts';
import { newProject } from '../../shared/projects.ts';
import { createProject } from './projects.ts';
import { lockProjects, selectProject, selectProjects } from './queries.ts';

const folder = new URL('./demo/', import.meta.url);

const guidelines = `# What we are looking for

Read the whole conversation, then all the answers, before you place any of them.

1. **Helpful.** Does it do what was asked, in the form that was asked for? An answer that ignores a constraint ("exactly three sentences") is worse than a plainer one that keeps it.
2. **True.** A confident mistake is worse than an honest "I am not sure". Check sums, dates and code.
3. **Harmless.** A good refusal is short, says why and offers what *can* be done. Refusing something harmless is a fault too.

Length is no merit. Where two answers are equally good, **tie them**: press the same digit for both.

When you write a dialogue yourself, write the assistant as you would want it to be: direct, correct, friendly without flattery.
`;

/** How many of the demo's conversations are also offered as prompts to write an answer to. */
const promptCount = 16;

/** Makes the demo project in a database without any project, from files in the formats that anyone may import. */
export async function loadDemo({ db, clock, random }: Pick<Context, 'db' | 'clock' | 'random'>): Promise<boolean> {
  const project = await transaction(db, async (tx) => {
    // Of several processes that start at once, one makes it.
    await lockProjects(tx);
    if ((await selectProjects(tx, null)).length > 0) return null;
    const settings = { name: 'Demo: helpful answers', guidelines, overlap: { comparison: 2 } };
    const { id } = await createProject(tx, null, newProject.parse(settings));
    return selectProject(tx, id);
  });
  if (project === null) return false;
  const file = (name: string): AsyncIterable<Uint8Array> => createReadStream(new URL(name, folder));
  await importLines(db, project, 'comparisons', file('comparisons.jsonl'), { clock, random });
  await importLines(db, project, 'conversations', file('conversations.jsonl'), { clock, random });
  await importLines(db, project, 'prompts', prompts(), { clock, random });
  return true;
}

/** Every few of the comparisons, without their completions. Unknown members of a line are passed over by the import. */
async function* prompts(): AsyncGenerator<Uint8Array> {
  const lines = (await readFile(new URL('comparisons.jsonl', folder), 'utf8')).split('\n').filter(Boolean);
  const step = Math.max(1, Math.floor(lines.length / promptCount));
  yield Buffer.from(lines.filter((_, index) => index % step === 0).join('\n'));
}
