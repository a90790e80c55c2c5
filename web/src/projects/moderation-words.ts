import type { ModerationAction, ModerationCategory } from '../../../shared/moderation-terms.ts';

export const categoryNames: Record<ModerationCategory, string> = {
  harassment: 'Harassment',
  hate: 'Hate',
  illicit: 'Illicit acts',
  'self-harm': 'Self-harm',
  sexual: 'Sexual',
  'sexual/minors': 'Sexual, of minors',
  violence: 'Violence',
};

export const actionNames: Record<ModerationAction, string> = {
  ignore: 'Ignore',
  warn: 'Warn',
  collapse: 'Collapse',
  block: 'Block',
};

/** As in `Hate, Violence`. */
export function categoriesInWords(categories: readonly ModerationCategory[]): string {
  return categories.map((category) => categoryNames[category]).join(', ');
}

/** The label of a text that moderation hides. */
export function hiddenWords(categories: readonly ModerationCategory[], open: boolean): string {
  return `${open ? 'Shown' : 'Hidden by moderation'}: ${categoriesInWords(categories)}.`;
}
