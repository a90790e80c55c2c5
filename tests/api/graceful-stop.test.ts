import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openChats, readChat, say } from '../../shared/chats.ts';
import { createModel } from '../../shared/models.ts';
import { createProject } from '../../shared/projects.ts';
import { startRound } from '../../shared/rounds.ts';
import { claim } from '../../shared/tasks.ts';
import { openDatabase } from '../../server/db/open.ts';
import { selectProgress } from '../../server/streams/queries.ts';
import { engine, freshDatabase, type TestDatabase } from '../support/database.ts';
import { type ModelServer, startModelServer } from '../support/model-server.ts';
import { callAt, joinAsTrainer, signInAdmin, startServer } from '../support/server.ts';

/* A server that is told to stop in the midst of an answer hands it over: all that was written is stored, and nobody owns it. */

let database: TestDatabase | null = null;
let dataDir: string;
let models: ModelServer;

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'duologue-stop-'));
  if (engine === 'postgres') database = await freshDatabase();
  models = await startModelServer({ betweenMs: 60, words: 200 });
}, 60_000);
afterAll(async () => {
  await models.close();
  await database?.drop();
  await rm(dataDir, { recursive: true, force: true });
});

it('hands over what it writes when it is told to stop', { timeout: 60_000 }, async () => {
  const server = await startServer(
    database?.url ? { DATABASE_URL: database.url, DATA_DIR: dataDir } : { DATA_DIR: dataDir },
  );
  const admin = await signInAdmin(server.url);
  const body = { name: 'Steady', provider: 'openai' as const, baseUrl: models.url, model: 'steady' };
  const { model } = await callAt(server.url, createModel, { body }, admin);
  const { project } = await callAt(server.url, createProject, { body: { name: 'Stopped' } }, admin);
  const params = { projectId: project.id };
  const mix = [{ modelId: model.id, count: 3 }];
  await callAt(server.url, startRound, { params, body: { policyModelId: model.id, mix, kinds: ['chat'] } }, admin);
  await callAt(server.url, openChats, { params, body: { opening: 'none', count: 1 } }, admin);
  const trainer = await joinAsTrainer(server.url, admin, project.id, 'ann');
  const claimed = await callAt(server.url, claim, { params, body: {} }, trainer);
  if (claimed === null) throw new Error('no chat was handed out');
  const chat = { params: { assignmentId: claimed.assignment.id } };
  const said = { ...chat, body: { id: randomUUID(), parentId: null, content: 'Tell me much' } };
  const { answer } = await callAt(server.url, say, said, trainer);
  const textNow = async (): Promise<string> => {
    const { messages } = (await callAt(server.url, readChat, chat, trainer)).chat;
    return messages.find(({ id }) => id === answer.id)?.content ?? '';
  };
  await expect.poll(textNow, { timeout: 10_000 }).not.toBe('');
  const before = await textNow();
  expect(await server.end('SIGTERM')).toBe(0);
  expect(server.output()).not.toContain('background work failed');

  const after = await openDatabase({ url: database?.url ?? null, dataDir });
  const [stored] = await selectProgress(after.db, [answer.id]);
  await after.close();
  expect(stored).toMatchObject({ state: 'streaming', owner: null });
  expect(stored?.text.length).toBeGreaterThanOrEqual(before.length);
});
