import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildApp } from '../../server/app.ts';
import { openDatabase, type OpenDatabase } from '../../server/db/open.ts';
import { signOut } from '../../shared/accounts.ts';
import type { LiveMessage } from '../../shared/live.ts';
import { addMember, type Project } from '../../shared/projects.ts';
import { submit } from '../../shared/tasks.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { listen } from '../support/listener.ts';
import { seedComparisons } from '../support/seed.ts';
import { claimed, projectWith, rankedAsShown } from '../support/work.ts';

let t: TestApp;
let admin: Caller;
let ann: Caller;
let project: Project;

beforeAll(async () => {
  t = await startApp();
  admin = await t.person('admin');
  ann = await t.person('trainer');
  project = await projectWith(t, admin, [ann], { overlap: { comparison: 5 } });
  await seedComparisons(t.database.db, project.id, 3, { overlap: 5 });
});
afterAll(() => t.close());

const watch = (projectId: string): string => JSON.stringify({ type: 'watch', projectId });
const submittedIs = (count: number) => (message: LiveMessage) =>
  message.type === 'progress' && message.progress[0]?.submitted === count;

describe('the socket', () => {
  it('sends the figures at once and whenever they change, until told to stop', async () => {
    const { socket, next } = await listen(t.app, ann);
    socket.send(watch(project.id));
    expect(await next()).toMatchObject({ projectId: project.id, progress: [{ wanted: 15, submitted: 0, inHand: 0 }] });
    const assignment = await claimed(t, project, ann);
    expect(await next((message) => message.type === 'progress' && message.progress[0]?.inHand === 1)).toBeTruthy();
    await t.call(submit, { params: { assignmentId: assignment.id }, body: rankedAsShown(assignment) }, ann);
    expect(await next(submittedIs(1))).toMatchObject({ progress: [{ inHand: 0, wanted: 15 }] });
    socket.send(JSON.stringify({ type: 'unwatch', projectId: project.id }));
    socket.terminate();
  });

  it('tells of what another process did', async () => {
    // PGlite has one process; there, it is another server on the same database.
    const other: OpenDatabase = t.database.url ? await openDatabase({ url: t.database.url, dataDir: '' }) : t.database;
    const options = {
      publicUrl: 'http://localhost:3000',
      version: 'test',
      logLevel: 'fatal',
      dataDir: tmpdir(),
      secret: 'a secret for tests',
    };
    const { app } = await buildApp({ database: other, ...options });
    await app.ready();
    const { socket, next } = await listen(app, ann);
    socket.send(watch(project.id));
    await next(submittedIs(1));
    const assignment = await claimed(t, project, ann);
    await t.call(submit, { params: { assignmentId: assignment.id }, body: rankedAsShown(assignment) }, ann);
    expect(await next(submittedIs(2))).toBeTruthy();
    socket.terminate();
    await app.close();
    if (other !== t.database) await other.close();
  });

  it('is refused without a session, and to pages of other sites', async () => {
    await expect(listen(t.app)).rejects.toThrow(/401/);
    await expect(listen(t.app, ann, { origin: 'https://elsewhere.example' })).rejects.toThrow(/403/);
    await expect(listen(t.app, ann, { origin: 'null' })).rejects.toThrow(/403/);
    const { socket } = await listen(t.app, ann, { origin: 'http://localhost:3000' });
    socket.terminate();
  });

  it('answers what it does not understand or allow, and goes on', async () => {
    const { socket, next } = await listen(t.app, await t.person('trainer'));
    const stranger = { type: 'refused' };
    socket.send('no json');
    expect(await next()).toEqual({ ...stranger, detail: 'The frame is not JSON.' });
    socket.send('{"type":"shout"}');
    expect(await next()).toMatchObject(stranger);
    socket.send(watch('nowhere'));
    expect((await next()) as object).toMatchObject({ detail: expect.stringContaining('projectId') as string });
    socket.send(watch(project.id));
    expect((await next()) as object).toMatchObject({ detail: expect.stringContaining('no such project') as string });
    expect(socket.readyState).toBe(socket.OPEN);
    socket.terminate();
  });

  it('is closed once its person is signed out', async () => {
    const bob = await t.person('trainer');
    await t.call(addMember, { params: { projectId: project.id, userId: bob.id } }, admin);
    const { socket, next } = await listen(t.app, bob);
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    socket.send(watch(project.id));
    await next();
    await t.call(signOut, {}, bob);
    await claimed(t, project, ann);
    expect(await closed).toBe(1008);
  });

  it('is closed where frames come faster than they are answered, and everyone else is served', async () => {
    const { socket } = await listen(t.app, ann);
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    for (let n = 0; n < 5_000; n += 1) socket.send(watch(project.id));
    expect((await t.app.inject({ method: 'GET', url: '/api/health' })).statusCode).toBe(200);
    expect(await closed).toBe(1008);
  });

  it('is closed on a frame that is too large', async () => {
    const { socket } = await listen(t.app, ann);
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    socket.send('x'.repeat(10_000));
    expect([1006, 1009]).toContain(await closed);
  });
});
