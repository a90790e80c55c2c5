import type { AuditEntry } from '../../../shared/accounts.ts';

/** The server's words for actions, as a sentence goes on after a name; others are shown as they are. */
const phrases: Record<string, string> = {
  'benchmark.delete': 'deleted a list of benchmark prompts',
  'benchmark.upload': 'uploaded a list of benchmark prompts',
  'chats.open': 'made chats',
  import: 'imported a file',
  'invitation.accept': 'accepted an invitation',
  'invitation.create': 'made an invitation',
  'invitation.revoke': 'revoked an invitation',
  'member.add': 'added a member',
  'member.remove': 'removed a member',
  'model.change': 'changed a model',
  'model.create': 'added a model',
  'project.change': 'changed a project',
  'project.create': 'created a project',
  'release.cancel': 'cancelled a release',
  'release.create': 'built a release',
  'release.delete': 'deleted a release',
  'release.rebuild': 'built a release again',
  'round.start': 'began a round',
  'token.create': 'made an API token',
  'token.revoke': 'revoked an API token',
  'user.change': 'changed an account',
  'user.create': 'made an account',
  'webhook.create': 'added a webhook',
  'webhook.delete': 'removed a webhook',
  'webhook.test': 'tried a webhook',
};

/** `Who did what`, in words. */
export function told({ actor, action }: AuditEntry): string {
  return `${actor?.name ?? 'The command line'} ${phrases[action] ?? action.replaceAll('.', ' ').replaceAll('_', ' ')}`;
}
