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
