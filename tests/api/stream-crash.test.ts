import { mkdtemp, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { openChats, readChat, say } from '../../shared/chats.ts';
import { liveMessage } from '../../shared/live.ts';
import { createModel } from '../../shared/models.ts';
import { createProject } from '../../shared/projects.ts';
import { startRound } from '../../shared/rounds.ts';
import { claim } from '../../shared/tasks.ts';
import { engine, freshDatabase, type TestDatabase } from '../support/database.ts';
import { type ModelServer, startModelServer } from '../support/model-server.ts';
import {
  callAt,
  type Headers,
  joinAsTrainer,
  type ServerProcess,
  signInAdmin,
  startServer,
} from '../support/server.ts';

/*
 * The process that writes an answer is killed in the midst of it. On PostgreSQL the page is connected to another one from the
 * beginning, which takes over; on PGlite the page connects again to the next start. Either way the page sees one answer go
 * on: no piece is missing and none comes twice.
 */

const two = engine === 'postgres';
let database: TestDatabase | null = null;
let dataDir: string;
let models: ModelServer;
const servers: ServerProcess[] = [];

const launch = (): Promise<ServerProcess> =>
  startServer(database?.url ? { DATABASE_URL: database.url, DATA_DIR: dataDir } : { DATA_DIR: dataDir });

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'duologue-stream-'));
  if (two) database = await freshDatabase();
  models = await startModelServer({ betweenMs: 60, words: 60 });
  for (let n = 0; n < (two ? 2 : 1); n += 1) servers.push(await launch());
}, 120_000);
afterAll(async () => {
  await Promise.all(servers.map((server) => server.end('SIGKILL')));
  await models.close();
  await database?.drop();
  await rm(dataDir, { recursive: true, force: true });
});

/** What a page has of an answer, from whichever server it is connected to. */
class Page {
  text = '';
  state = 'waiting';
  /** How often the text became shorter before the reader's eyes. */
  shrank = 0;
  #socket: WebSocket | null = null;

  async follow(server: ServerProcess, headers: Headers, streamId: string, coming = false): Promise<void> {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/live`, { headers });
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('message', (data: Buffer) => {
      const message = liveMessage.parse(JSON.parse(data.toString()));
      if (message.type === 'piece') {
        const text = this.text.slice(0, message.at) + message.text;
        if (text.length < this.text.length) this.shrank += 1;
        this.text = text;
      } else if (message.type === 'stream') this.state = message.state;
    });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    socket.send(JSON.stringify({ type: 'follow', streamId, from: this.text.length, coming }));
  }

  unfollow(streamId: string): void {
    this.#socket?.send(JSON.stringify({ type: 'unfollow', streamId }));
  }

  leave(): void {
    this.#socket?.terminate();
  }
}

it('goes on with an answer where it was', { timeout: 120_000 }, async () => {
  const [writer, other = writer] = servers;
  if (!writer || !other) throw new Error('no server');
  const admin = await signInAdmin(writer.url);
  const model = { name: 'Steady', provider: 'openai' as const, baseUrl: models.url, model: 'steady' };
  const made = await callAt(writer.url, createModel, { body: model }, admin);
  const { project } = await callAt(writer.url, createProject, { body: { name: 'Chats' } }, admin);
  const params = { projectId: project.id };
  const modelId = made.model.id;
  const body = { policyModelId: modelId, mix: [{ modelId, count: 3 }], kinds: ['chat' as const] };
  await callAt(writer.url, startRound, { params, body }, admin);
  await callAt(writer.url, openChats, { params, body: { opening: 'none', count: 1 } }, admin);
  const ann = await joinAsTrainer(writer.url, admin, project.id, 'ann');
  const ben = await joinAsTrainer(writer.url, admin, project.id, 'ben');
  const claimed = await callAt(writer.url, claim, { params, body: { kinds: ['chat'] } }, ann);
  const assignmentId = claimed?.assignment.id ?? '';
  const answerId = randomUUID();
  const hello = { id: randomUUID(), answerId, parentId: null, content: 'Tell me about the tides.' };
  const page = new Page();
  // The process that it is connected to hears of the answer only from the database.
  await page.follow(other, ann, answerId, true);
  const { answer } = await callAt(writer.url, say, { params: { assignmentId }, body: hello }, ann);
  await expect.poll(() => page.text.split(' ').length, { timeout: 10_000 }).toBeGreaterThan(12);
  // Another's is not shown to whoever asks for it as coming and takes that back while it is looked for.
  const stranger = new Page();
  await stranger.follow(other, ben, answerId, true);
  stranger.unfollow(answerId);
  await sleep(700);
  expect([stranger.text, stranger.state]).toEqual([new Page().text, new Page().state]);
  stranger.leave();
  expect(page.state).toBe('streaming');
  await writer.end('SIGKILL');
  const before = page.text;

  if (!two) {
    page.leave();
    const again = await launch();
    servers.push(again);
    await page.follow(again, ann, answer.id);
  }
  await expect.poll(() => page.state, { timeout: 60_000, interval: 100 }).toBe('done');
  await sleep(100);
  const seed = models.last('steady')?.body.seed;
  const whole = await fetch(`${models.url}/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: 'steady', messages: [{ role: 'user', content: hello.content }], seed }),
  });
  const { choices } = z
    .object({ choices: z.array(z.object({ message: z.object({ content: z.string() }) })) })
    .parse(await whole.json());
  expect(page.text).toBe(choices[0]?.message.content);
  expect(page.text.startsWith(before)).toBe(true);
  expect(page.shrank).toBe(0);
  const survivor = servers.at(-1);
  const { chat } = await callAt(survivor?.url ?? '', readChat, { params: { assignmentId } }, ann);
  expect(chat.messages.map(({ content }) => content)).toEqual([hello.content, page.text]);
  page.leave();
});
