import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { openChats, say } from '../../shared/chats.ts';
import { fillPath } from '../../shared/endpoint.ts';
import { importLines } from '../../shared/imports.ts';
import { liveMessage } from '../../shared/live.ts';
import { createModel } from '../../shared/models.ts';
import { createProject } from '../../shared/projects.ts';
import { startRound } from '../../shared/rounds.ts';
import { listSamplings, samplePool } from '../../shared/samplings.ts';
import { claim } from '../../shared/tasks.ts';
import { callAt, type Headers, joinAsTrainer, type ServerProcess, signInAdmin } from '../support/server.ts';
import { Connection } from './driver.ts';
import { quantile, residentMb, type Row, whole } from './figures.ts';

/** Answers that are timed up to their first word. */
const answers = 200;
/** Streams at once, their pace in milliseconds between two words, and how long each is. */
const streamCount = 500;
const betweenMs = 50;
const streamWords = 300;
const sockets = 500;
/** Prompts that are sampled, and completions of each. */
const prompts = 2_000;
const completions = 4;

/** Chats, sampling and sockets, with a scripted model server in a process of its own on the same machine. */
export async function measureModels(start: () => Promise<ServerProcess>): Promise<Row[]> {
  const server = await start();
  try {
    return [
      ...(await firstWord(server)),
      await streamsAtOnce(server),
      await alternatives(server),
      await idleSockets(server),
    ];
  } finally {
    await server.end('SIGTERM');
  }
}

interface ModelProcess {
  readonly url: string;
  readonly child: ChildProcess;
}

async function startModels(...pace: number[]): Promise<ModelProcess> {
  const file = fileURLToPath(new URL('model-process.ts', import.meta.url));
  const child = spawn(process.execPath, [file, ...pace.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => child.kill());
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { url: line.toString().trim(), child };
}

interface Chats {
  projectId: string;
  trainers: Headers[];
}

/** A project whose round asks this model, with chats for so many trainers. */
async function prepareChats(
  server: ServerProcess,
  models: ModelProcess,
  model: string,
  people: number,
): Promise<Chats> {
  const admin = await signInAdmin(server.url);
  const name = `${model} ${randomUUID()}`;
  const body = { name, provider: 'openai' as const, baseUrl: models.url, model, concurrency: 1_000 };
  const { id: modelId } = (await callAt(server.url, createModel, { body }, admin)).model;
  const { project } = await callAt(server.url, createProject, { body: { name } }, admin);
  const params = { projectId: project.id };
  const round = { policyModelId: modelId, mix: [{ modelId, count: 3 }], kinds: ['chat' as const] };
  await callAt(server.url, startRound, { params, body: round }, admin);
  await callAt(server.url, openChats, { params, body: { opening: 'none', count: 10 * streamCount } }, admin);
  const trainers: Headers[] = [];
  for (let n = 0; n < people; n += 1)
    trainers.push(await joinAsTrainer(server.url, admin, project.id, `${randomUUID()}-${n}`));
  return { projectId: project.id, trainers };
}

async function claimChat(server: ServerProcess, projectId: string, trainer: Headers): Promise<string> {
  const got = await callAt(server.url, claim, { params: { projectId }, body: { kinds: ['chat'] } }, trainer);
  if (got === null) throw new Error('no chat was handed out');
  return got.assignment.id;
}

async function openSocket(server: ServerProcess, headers: Headers): Promise<WebSocket> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/live`, { headers });
  await once(socket, 'open');
  return socket;
}

/** From asking to the first word: through the server, and of the model server itself, in turn. */
async function firstWord(server: ServerProcess): Promise<Row[]> {
  const models = await startModels(0, 5, 5);
  const { projectId, trainers } = await prepareChats(server, models, 'steady', 1);
  const [trainer] = trainers;
  if (trainer === undefined) throw new Error('nobody joined');
  const socket = await openSocket(server, trainer);
  const heard = new Map<string, () => void>();
  socket.on('message', (data: Buffer) => {
    const message = liveMessage.parse(JSON.parse(data.toString()));
    if (message.type === 'piece') heard.get(message.streamId)?.();
  });
  const connection = await Connection.open(server.url, trainer);
  const direct = await keptAgent(models.url);
  const through: number[] = [];
  const alone: number[] = [];
  let assignmentId = '';
  for (let n = 0; n < answers + 20; n += 1) {
    // A chat grows; twenty beginnings of one are few enough for all to cost the same.
    if (n % 20 === 0) assignmentId = await claimChat(server, projectId, trainer);
    const before = performance.now();
    const path = fillPath(say.path, { assignmentId });
    const id = randomUUID();
    const word = new Promise<void>((resolve) => heard.set(id, resolve));
    const asked = connection.request(
      'POST',
      path,
      JSON.stringify({ id: randomUUID(), answerId: id, parentId: null, content: 'How do you do?' }),
    );
    // As the page does.
    socket.send(JSON.stringify({ type: 'follow', streamId: id, from: 0, coming: true }));
    const answer = await asked;
    if (answer.status !== 200) throw new Error(`a message was answered ${answer.status} ${answer.body}`);
    await word;
    if (n >= 20) through.push(performance.now() - before);
    heard.delete(id);
    socket.send(JSON.stringify({ type: 'unfollow', streamId: id }));
    const took = await direct();
    if (n >= 20) alone.push(took);
    // Its rest is not to be in the way of the next.
    await sleep(40);
  }
  socket.terminate();
  connection.close();
  models.child.kill();
  const added = (at: number): number => quantile(through, at) - quantile(alone, at);
  return [
    {
      what: 'time to the first word that the server adds, median and p99',
      measured: `${added(0.5).toFixed(1)} ms and ${added(0.99).toFixed(1)} ms (of ${quantile(through, 0.5).toFixed(1)} ms and ${quantile(through, 0.99).toFixed(1)} ms)`,
      target: '5 ms and 25 ms',
      reached: added(0.5) <= 5 && added(0.99) <= 25,
    },
  ];
}

/** Asks the model server itself; the time to its first word, in milliseconds. */
async function keptAgent(url: string): Promise<() => Promise<number>> {
  const body = JSON.stringify({
    model: 'steady',
    stream: true,
    messages: [{ role: 'user', content: 'How do you do?' }],
  });
  return async () => {
    const before = performance.now();
    const response = await fetch(`${url}/chat/completions`, { method: 'POST', body });
    let text = '';
    let took = 0;
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      if (took === 0 && /"content":"[^"]/.test(text)) took = performance.now() - before;
    }
    return took;
  };
}

/** Streams at once, each on a socket of its own, at the pace of a person who reads fast. */
async function streamsAtOnce(server: ServerProcess): Promise<Row> {
  const models = await startModels(0, betweenMs, streamWords);
  const people = 50;
  const { projectId, trainers } = await prepareChats(server, models, 'steady', people);
  const chats = await Promise.all(
    trainers.map(async (trainer) => {
      const own: { trainer: Headers; assignmentId: string; socket: WebSocket }[] = [];
      for (let n = 0; n < streamCount / people; n += 1)
        own.push({
          trainer,
          assignmentId: await claimChat(server, projectId, trainer),
          socket: await openSocket(server, trainer),
        });
      return own;
    }),
  ).then((lists) => lists.flat());

  const cpuBefore = cpuSeconds(server);
  const begun = performance.now();
  const results = await Promise.all(
    chats.map(async ({ trainer, assignmentId, socket }) => {
      const body = { id: randomUUID(), parentId: null, content: 'Tell me a long story.' };
      const { answer } = await callAt(server.url, say, { params: { assignmentId }, body }, trainer);
      return new Promise<{ seconds: number; gap: number }>((resolve, reject) => {
        let first = 0;
        let last = 0;
        let gap = 0;
        socket.on('message', (data: Buffer) => {
          const message = liveMessage.parse(JSON.parse(data.toString()));
          const now = performance.now();
          if (message.type === 'piece') {
            if (first === 0) first = now;
            else gap = Math.max(gap, now - last);
            last = now;
          } else if (message.type === 'stream' && message.state === 'done') {
            resolve({ seconds: (now - first) / 1_000, gap });
          } else if (message.type === 'stream' && message.state === 'failed') reject(new Error(message.detail ?? ''));
        });
        socket.on('close', (code, reason) => reject(new Error(`a socket was closed: ${code} ${reason.toString()}`)));
        socket.send(JSON.stringify({ type: 'follow', streamId: answer.id, from: 0 }));
      });
    }),
  );
  const seconds = (performance.now() - begun) / 1_000;
  const cores = (cpuSeconds(server) - cpuBefore) / seconds;
  for (const { socket } of chats) socket.removeAllListeners('close').terminate();
  models.child.kill();
  const own = (streamWords * betweenMs) / 1_000;
  const slowest = Math.max(...results.map((one) => one.seconds)) / own;
  const gap = quantile(
    results.map((one) => one.gap),
    0.99,
  );
  return {
    what: `${streamCount} streams at once, ${1_000 / betweenMs} words a second each`,
    measured: `the slowest took ${slowest.toFixed(2)} times its own ${own} s, p99 of the longest gap ${whole(gap)} ms, ${cores.toFixed(2)} cores`,
    target: 'none falls behind (1.15 times), on one core',
    reached: slowest <= 1.15 && cores <= 1,
  };
}

/** Seconds of processor time that a process has used; Linux only. */
function cpuSeconds({ child }: ServerProcess): number {
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // utime and stime, in ticks of which Linux has 100 a second.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Sampling a pool of prompts from a model that answers at once. */
async function alternatives(server: ServerProcess): Promise<Row> {
  const models = await startModels(0, 0, 24);
  const admin = await signInAdmin(server.url);
  const name = `instant ${randomUUID()}`;
  const model = { name, provider: 'openai' as const, baseUrl: models.url, model: 'instant', concurrency: 200 };
  const { id: modelId } = (await callAt(server.url, createModel, { body: model }, admin)).model;
  const { project } = await callAt(server.url, createProject, { body: { name } }, admin);
  const params = { projectId: project.id };
  const lines = Array.from({ length: prompts }, (_, n) => JSON.stringify({ prompt: `Question ${n}: why is that?` }));
  await callAt(server.url, importLines, { params, query: { format: 'prompts' }, body: lines.join('\n') }, admin);
  const before = performance.now();
  const pool = { pool: 'prompts' as const, completions, mix: [{ modelId, count: completions }] };
  await callAt(server.url, samplePool, { params, body: pool }, admin);
  for (;;) {
    const { sums } = await callAt(server.url, listSamplings, { params, query: {} }, admin);
    if (sums.failed > 0) throw new Error(`${sums.failed} samplings failed`);
    if (sums.done === prompts) break;
    await sleep(100);
  }
  const perSecond = (prompts * completions) / ((performance.now() - before) / 1_000);
  models.child.kill();
  return {
    what: `alternatives sampled from a model that answers at once, ${whole(prompts)} comparisons of ${completions}`,
    measured: `${whole(perSecond)} completions/s`,
    target: '500 completions/s',
    reached: perSecond >= 500,
  };
}

async function idleSockets(server: ServerProcess): Promise<Row> {
  const admin = await signInAdmin(server.url);
  const pid = server.child.pid ?? 0;
  await sleep(2_000);
  const before = residentMb(pid);
  const open = await Promise.all(Array.from({ length: sockets }, () => openSocket(server, admin)));
  await sleep(2_000);
  const more = residentMb(pid) - before;
  for (const socket of open) socket.terminate();
  return {
    what: `memory of ${sockets} idle sockets`,
    measured: `${whole(more)} MB more`,
    target: '150 MB more at most',
    reached: more <= 150,
  };
}
