import type { Input } from '../../shared/endpoint.ts';
import { addMember, createProject, type Project } from '../../shared/projects.ts';
import { claim, submit, type Assignment } from '../../shared/tasks.ts';
import type { Caller, TestApp } from './app.ts';

/** A project with these people as members. */
export async function projectWith(
  t: TestApp,
  admin: Caller,
  people: Caller[],
  settings: Partial<Input<typeof createProject>['body']> = {},
): Promise<Project> {
  const { project } = await t.call(createProject, { body: { name: 'A project', ...settings } }, admin);
  for (const { id } of people) await t.call(addMember, { params: { projectId: project.id, userId: id } }, admin);
  return project;
}

/** Claims and expects to get something. */
export async function claimed(t: TestApp, project: Project, as: Caller): Promise<Assignment> {
  const answer = await t.call(claim, { params: { projectId: project.id }, body: {} }, as);
  if (answer === null) throw new Error('nothing was handed out');
  return answer.assignment;
}

/** Ranks the completions of an assignment in the order in which they are shown. */
export function rankedAsShown(assignment: Assignment): { ranking: string[][] } {
  if (assignment.kind !== 'comparison') throw new Error('no comparison');
  return { ranking: assignment.task.completions.map(({ label }) => [label]) };
}

/** Claims and submits until there is nothing more; says what was done. */
export async function workOff(t: TestApp, project: Project, as: Caller): Promise<string[]> {
  const done: string[] = [];
  for (;;) {
    const answer = await t.call(claim, { params: { projectId: project.id }, body: { kinds: ['comparison'] } }, as);
    if (answer === null) return done;
    const { assignment } = answer;
    await t.call(submit, { params: { assignmentId: assignment.id }, body: rankedAsShown(assignment) }, as);
    done.push(assignment.id);
  }
}
