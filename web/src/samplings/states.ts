import type { Sampling, SamplingState } from '../../../shared/samplings.ts';

export const stateNames: Record<SamplingState, string> = {
  waiting: 'Waiting',
  running: 'Running',
  failed: 'Failed',
  done: 'Done',
};

export const originNames: Record<Sampling['origin'], string> = {
  chat: 'from a chat',
  pool: 'from a pool',
  side: 'kept from side by side',
};

export const poolNames = { prompts: 'Prompts', conversations: 'Conversations' } as const;
