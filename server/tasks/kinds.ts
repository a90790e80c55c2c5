import type { TaskKind } from '../../shared/projects.ts';
import { chatWork } from '../chats/work.ts';
import { comparisonWork } from '../comparisons/work.ts';
import { demonstrationWork } from '../demonstrations/work.ts';
import type { WorkKind } from './work-kind.ts';

const kinds = new Map<TaskKind, WorkKind>(
  [comparisonWork, demonstrationWork, chatWork].map((kind) => [kind.kind, kind]),
);

/** The kind's own part of handing out work. Tasks are only made of kinds that have one. */
export function workKind(kind: TaskKind): WorkKind {
  const found = kinds.get(kind);
  if (!found) throw new Error(`there are no tasks of the kind ${kind}`);
  return found;
}
