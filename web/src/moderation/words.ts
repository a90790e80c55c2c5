import type { Dispute } from '../../../shared/moderation.ts';

/** What each kind of dispute says, and what settling it means. */
export const kindWords: Record<Dispute['kind'], { name: string; right: string; wrong: string }> = {
  false_positive: {
    name: 'Judged, though it is fine',
    right: 'It is fine: moderation was wrong',
    wrong: 'It was judged rightly',
  },
  false_negative: {
    name: 'Missed by moderation',
    right: 'It should have been caught',
    wrong: 'It was let through rightly',
  },
};

const actionWords = {
  ignore: 'ignored',
  warn: 'shown with a label',
  collapse: 'collapsed',
  block: 'withheld',
} as const;
const roleWords = { user: 'a person', assistant: 'a model', system: 'the system message' } as const;

/** Who wrote the text and what was done with it, as in `Written by a model · collapsed by the built-in rules`. */
export function told({ role, action, source }: Pick<Dispute, 'role' | 'action' | 'source'>): string {
  const judge = source === 'rules' ? 'the built-in rules' : source;
  return `Written by ${roleWords[role]} · ${action === null ? 'let through' : `${actionWords[action]} by ${judge}`}`;
}
