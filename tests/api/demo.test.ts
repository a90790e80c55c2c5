import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadDemo } from '../../server/projects/demo.ts';
import { listModels } from '../../shared/models.ts';
import { listProjects, readProgress } from '../../shared/projects.ts';
import { listRounds } from '../../shared/rounds.ts';
import { queue } from '../../shared/tasks.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { breaches } from '../support/invariants.ts';

let t: TestApp;
beforeAll(async () => {
  t = await startApp();
});
afterAll(() => t.close());

it('has a round with two models that need no server, and work of every kind that it asks for', async () => {
  const admin = await t.person('admin');
  expect(await Promise.all([loadDemo(t.context), loadDemo(t.context)])).toEqual(expect.arrayContaining([true, false]));
  const { models } = await t.call(listModels, {}, admin);
  expect(models.map(({ name, provider }) => [name, provider])).toEqual([
    ['Demo A', 'replay'],
    ['Demo B', 'replay'],
  ]);
  const { projects } = await t.call(listProjects, {}, admin);
  expect(projects).toHaveLength(1);
  const params = { projectId: projects[0]?.id ?? '' };
  expect(projects[0]?.round).toEqual({
    ...{ number: 1, name: '', demo: true },
    kinds: ['demonstration', 'chat', 'comparison'],
  });
  const { rounds } = await t.call(listRounds, { params }, admin);
  expect(rounds[0]?.policyModel.name).toBe('Demo A');
  expect(rounds[0]?.mix.map(({ model, count }) => [model.name, count])).toEqual([
    ['Demo A', 2],
    ['Demo B', 1],
  ]);
  for (const kind of ['demonstration', 'chat', 'comparison'] as const)
    expect((await t.call(queue, { params, query: { kind } }, admin)).reason).toBe('open');
  const { progress } = await t.call(readProgress, { params }, admin);
  expect(progress.find(({ kind }) => kind === 'chat')?.tasks).toBe(12);
  expect(await breaches(t.database.db)).toEqual([]);
});
