import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { newId } from '../db/ids.ts';
import { newProject } from '../../shared/projects.ts';
import { record } from '../accounts/audit.ts';
import { openChats } from '../chats/open.ts';
import type { Context } from '../context.ts';
import { type Database, transaction } from '../db/database.ts';
import { importLines } from '../imports/imports.ts';
import { insertModel, type ModelRow, selectModels } from '../models/queries.ts';
import { startRound } from '../rounds/rounds.ts';
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

/** One keeps close to what was recorded for the likest prompt, the other strays. */
const demoModels = [
  { name: 'Demo A', temperature: 0.3 },
  { name: 'Demo B', temperature: 1 },
];

/** How many of the demo's conversations are also offered as prompts to write an answer to. */
const promptCount = 16;

/** How many chats are to be had, half of them with an opening prompt. */
const chatCount = 12;

/** Makes the demo project in a database without any project, from files in the formats that anyone may import. */
export async function loadDemo({ db, clock, random }: Pick<Context, 'db' | 'clock' | 'random'>): Promise<boolean> {
  const project = await transaction(db, async (tx) => {
    // Of several processes that start at once, one makes it.
    await lockProjects(tx);
    if ((await selectProjects(tx, null)).length > 0) return null;
    const settings = { name: 'Demo: helpful answers', guidelines, overlap: { comparison: 2 } };
    const { id } = await createProject(tx, null, newProject.parse(settings));
    await beginFirstRound(tx, id, clock);
    return selectProject(tx, id);
  });
  if (project === null) return false;
  const file = (name: string): AsyncIterable<Uint8Array> => createReadStream(new URL(name, folder));
  await importLines(db, project, 'comparisons', file('comparisons.jsonl'), { clock, random });
  await importLines(db, project, 'conversations', file('conversations.jsonl'), { clock, random });
  await importLines(db, project, 'prompts', prompts(), { clock, random });
  await openChats(db, null, project.id, { opening: 'prompts', count: chatCount / 2 });
  await openChats(db, null, project.id, { opening: 'none', count: chatCount / 2 });
  return true;
}

/** People chat with the model that keeps closer to what was recorded, and compare its answers with those of both. */
async function beginFirstRound(tx: Database, projectId: string, clock: () => Date): Promise<void> {
  const [policy, ...others] = await provideDemoModels(tx);
  // A model of another provider may have taken the names.
  if (policy === undefined) return;
  const mix = [{ modelId: policy.id, count: 2 }, ...others.slice(0, 1).map(({ id }) => ({ modelId: id, count: 1 }))];
  const kinds = ['demonstration' as const, 'chat' as const, 'comparison' as const];
  await startRound(tx, null, projectId, { name: '', policyModelId: policy.id, mix, kinds }, clock);
}

/** The models that need no server, the two of them made where there are none. In a transaction. */
export async function provideDemoModels(tx: Database): Promise<ModelRow[]> {
  const replays = async (): Promise<ModelRow[]> =>
    (await selectModels(tx)).filter(({ provider, archived }) => provider === 'replay' && !archived);
  const there = await replays();
  if (there.length > 0) return there;
  for (const { name, temperature } of demoModels) {
    const kept = { name, parameters: { temperature }, provider: 'replay', model: 'replay', concurrency: 100 } as const;
    const row = await insertModel(tx, { id: newId(), ...kept });
    if (row !== null) await record(tx, null, 'model.create', row.id, kept);
  }
  return replays();
}

/** Every few of the comparisons, without their completions. Unknown members of a line are passed over by the import. */
async function* prompts(): AsyncGenerator<Uint8Array> {
  const lines = (await readFile(new URL('comparisons.jsonl', folder), 'utf8')).split('\n').filter(Boolean);
  const step = Math.max(1, Math.floor(lines.length / promptCount));
  yield Buffer.from(lines.filter((_, index) => index % step === 0).join('\n'));
}
