import type { Role } from '../../../shared/endpoint.ts';

/** What each role is for, as the end of a sentence. */
export const roleDuties: Record<Role, string> = {
  trainer: 'you write dialogues and rank answers',
  reviewer: 'you do what trainers do and check the work of others',
  admin: 'you set up projects, invite people and export datasets',
};
