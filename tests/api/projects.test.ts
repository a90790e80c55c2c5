import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAudit } from '../../shared/accounts.ts';
import * as projects from '../../shared/projects.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { projectWith } from '../support/work.ts';

let t: TestApp;
let admin: Caller;
let ann: Caller;

beforeAll(async () => {
  t = await startApp();
  admin = await t.person('admin');
  ann = await t.person('trainer');
});
afterAll(() => t.close());

const of = ({ id }: { id: string }) => ({ params: { projectId: id } });

describe('a project', () => {
  it('is made with usual settings where none are given', async () => {
    const { project } = await t.call(projects.createProject, { body: { name: '  Usual  ' } }, admin);
    expect(project).toMatchObject({
      name: 'Usual',
      guidelines: '',
      rubric: projects.rubricPresets.ranking,
      overlap: { demonstration: 1, chat: 1, comparison: 1, review: 1 },
      completionsPerComparison: 4,
      archived: false,
    });
    expect((await t.call(projects.readProject, of(project), admin)).project).toEqual(project);
  });

  it('takes a rubric by the name of a preset, or as data', async () => {
    const { project } = await t.call(projects.createProject, { body: { name: 'R', rubric: 'instructgpt' } }, admin);
    expect(project.rubric.flags).toHaveLength(11);
    expect(project.rubric.overall?.max).toBe(7);
    const rubric = { name: 'Own', overall: null, flags: [{ key: 'kind', label: 'Kind' }] };
    const change = await t.call(projects.changeProject, { ...of(project), body: { rubric } }, admin);
    expect(change.project.rubric).toEqual(rubric);
  });

  it('is changed one setting at a time, archived and taken back, and each change is in the audit log', async () => {
    const project = await projectWith(t, admin, []);
    const change = (body: object) => t.call(projects.changeProject, { ...of(project), body }, admin);
    expect((await change({ overlap: { comparison: 3 } })).project.overlap).toMatchObject({ comparison: 3, review: 1 });
    expect((await change({ limits: { maxTurns: 6 } })).project.limits).toEqual({ maxTurns: 6, maxCharacters: 30_000 });
    expect((await change({ guidelines: '# Be kind' })).project).toMatchObject({
      guidelines: '# Be kind',
      limits: { maxTurns: 6 },
    });
    expect((await change({ archived: true })).project.archived).toBe(true);
    expect((await change({ archived: false })).project.archived).toBe(false);
    const { entries } = await t.call(readAudit, { query: {} }, admin);
    const mine = entries.filter(({ subject }) => subject === project.id);
    expect(mine.map(({ action }) => action)).toEqual([...Array<string>(5).fill('project.change'), 'project.create']);
    expect(mine[0]).toMatchObject({ actor: { id: admin.id }, details: { archived: false } });
  });

  it('refuses settings that cannot be, by name of the field', async () => {
    const wrong: [object, string][] = [
      [{ name: ' ' }, 'name'],
      [{ name: 'x', overlap: { comparison: 0 } }, 'overlap.comparison'],
      [{ name: 'x', overlap: { comparison: 1.5 } }, 'overlap.comparison'],
      [{ name: 'x', completionsPerComparison: 10 }, 'completionsPerComparison'],
      [{ name: 'x', rubric: 'nonsense' }, 'rubric'],
      [{ name: 'x', limits: { maxTurns: 1 } }, 'limits.maxTurns'],
      [{ name: 'x', leaseMinutes: 0.5 }, 'leaseMinutes'],
    ];
    for (const [body, path] of wrong) {
      const { errors } = await t.refused('invalid', projects.createProject, { body: body as { name: string } }, admin);
      expect(
        errors?.map((fault) => fault.path),
        JSON.stringify(body),
      ).toContain(path);
    }
    const unknown = { name: 'x', colour: 'red' } as { name: string };
    expect((await t.refused('invalid', projects.createProject, { body: unknown }, admin)).detail).toContain('colour');
  });

  it('is seen by its members and admins only', async () => {
    const project = await projectWith(t, admin, [ann], { name: 'Seen' });
    const stranger = await t.person('trainer');
    await t.refused('not_found', projects.readProject, of(project), stranger);
    await t.refused('not_found', projects.readProgress, of(project), stranger);
    expect((await t.call(projects.listProjects, {}, stranger)).projects).toEqual([]);
    expect((await t.call(projects.listProjects, {}, ann)).projects.map(({ id }) => id)).toEqual([project.id]);
    expect((await t.call(projects.listMembers, of(project), admin)).members.map(({ id }) => id)).toEqual([ann.id]);
    const membership = { params: { projectId: project.id, userId: ann.id } };
    await t.call(projects.addMember, membership, admin);
    await t.call(projects.removeMember, membership, admin);
    await t.refused('not_found', projects.readProject, of(project), ann);
    const nobody = { params: { projectId: project.id, userId: project.id } };
    await t.refused('not_found', projects.addMember, nobody, admin);
  });
});
