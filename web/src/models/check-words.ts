import type { ModelCheck } from '../../../shared/models.ts';

type Finding = ModelCheck['findings'][number];

/** Whether a model is of no use without this. */
export function needed({ key }: Finding): boolean {
  return key === 'address' || key === 'answers' || key === 'judges';
}

/** The outcome of a check in a few words, and how good it is. */
export function outcome(check: ModelCheck | null): { text: string; kind: 'ok' | 'danger' | 'none' } {
  if (check === null) return { text: 'Not checked yet', kind: 'none' };
  if (check.ok) return { text: 'Works', kind: 'ok' };
  const wrong = check.findings.find((finding) => needed(finding) && !finding.ok);
  return { text: wrong ? `Does not work: ${wrong.text}` : 'Does not work', kind: 'danger' };
}
