import { z } from 'zod';
import { endpoint, roles } from './endpoint.ts';

export const role = z.enum(roles);

export const email = z
  .email('must be an email address')
  .max(254)
  .transform((value) => value.trim().toLowerCase());
export const personName = z.string().trim().min(1, 'must not be empty').max(100);
/** At least ten characters: length, not character classes (NIST SP 800-63B). */
export const password = z.string().min(10, 'must have at least 10 characters').max(256);

/** An account as the command line makes it. */
export const newUser = z.strictObject({ email, role, name: personName, password });
export type NewUser = z.infer<typeof newUser>;

export const user = z.object({
  id: z.uuid(),
  name: z.string(),
  /** Null for people who came with imported rankings; they cannot sign in. */
  email: z.string().nullable(),
  role,
  disabled: z.boolean(),
  createdAt: z.iso.datetime(),
});
export type User = z.infer<typeof user>;

const signedIn = z.object({ user });
const userParams = z.object({ userId: z.uuid() });

export const signIn = endpoint({
  method: 'POST',
  path: '/api/session',
  access: 'anyone',
  summary: 'Sign in; answers with a session cookie',
  body: z.strictObject({ email, password: z.string().min(1).max(256) }),
  response: signedIn,
});
export const whoAmI = endpoint({
  method: 'GET',
  path: '/api/session',
  access: 'trainer',
  summary: 'The signed-in user',
  response: signedIn,
});
export const signOut = endpoint({
  method: 'DELETE',
  path: '/api/session',
  access: 'trainer',
  summary: 'Sign out',
  response: null,
});

export const setupState = endpoint({
  method: 'GET',
  path: '/api/setup',
  access: 'anyone',
  summary: 'Whether the first admin is still to be made',
  response: z.object({ needed: z.boolean() }),
});
export const setup = endpoint({
  method: 'POST',
  path: '/api/setup',
  access: 'anyone',
  summary: 'Make the first admin, with the token of the setup link; signs in',
  body: z.strictObject({ token: z.string().max(200), name: personName, email, password }),
  response: signedIn,
  status: 201,
});

export const invitation = z.object({
  id: z.uuid(),
  email: z.string().nullable(),
  role,
  projectIds: z.array(z.uuid()),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  acceptedBy: z.string().nullable(),
});
export type Invitation = z.infer<typeof invitation>;

export const invite = endpoint({
  method: 'POST',
  path: '/api/invitations',
  access: 'admin',
  summary: 'Invite a person; the link is shown this once',
  body: z.strictObject({
    email: email.optional(),
    role: role.default('trainer'),
    projectIds: z.array(z.uuid()).max(1000).default([]),
  }),
  response: z.object({ invitation, token: z.string(), link: z.string() }),
  status: 201,
});
export const listInvitations = endpoint({
  method: 'GET',
  path: '/api/invitations',
  access: 'admin',
  summary: 'Invitations, newest first',
  response: z.object({ invitations: z.array(invitation) }),
});
export const revokeInvitation = endpoint({
  method: 'DELETE',
  path: '/api/invitations/:invitationId',
  access: 'admin',
  summary: 'Take an invitation back',
  params: z.object({ invitationId: z.uuid() }),
  response: null,
});
export const inspectInvitation = endpoint({
  method: 'POST',
  path: '/api/invitations/inspect',
  access: 'anyone',
  summary: 'What an invitation link offers',
  // In the body: what stands in an address ends up in logs.
  body: z.strictObject({ token: z.string().min(1).max(200) }),
  response: z.object({ email: z.string().nullable(), role, projects: z.array(z.string()) }),
});
export const acceptInvitation = endpoint({
  method: 'POST',
  path: '/api/invitations/accept',
  access: 'anyone',
  summary: 'Make an account with an invitation; signs in',
  body: z.strictObject({ token: z.string().min(1).max(200), name: personName, email, password }),
  response: signedIn,
  status: 201,
});

export const changeProfile = endpoint({
  method: 'PATCH',
  path: '/api/profile',
  access: 'trainer',
  summary: 'Change your own name',
  body: z.strictObject({ name: personName }),
  response: signedIn,
});
export const changePassword = endpoint({
  method: 'POST',
  path: '/api/profile/password',
  access: 'trainer',
  summary: 'Change your own password; signs out everywhere else',
  body: z.strictObject({ current: z.string().max(256), password }),
  response: null,
});

export const token = z.object({
  id: z.uuid(),
  name: z.string(),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable(),
});
export type Token = z.infer<typeof token>;

export const createToken = endpoint({
  method: 'POST',
  path: '/api/tokens',
  access: 'admin',
  summary: 'Make an API token that acts as you; it is shown this once',
  body: z.strictObject({ name: personName }),
  response: z.object({ token: z.string(), id: z.uuid(), name: z.string() }),
  status: 201,
});
export const listTokens = endpoint({
  method: 'GET',
  path: '/api/tokens',
  access: 'trainer',
  summary: 'Your API tokens',
  response: z.object({ tokens: z.array(token) }),
});
export const revokeToken = endpoint({
  method: 'DELETE',
  path: '/api/tokens/:tokenId',
  access: 'trainer',
  summary: 'Revoke one of your API tokens',
  params: z.object({ tokenId: z.uuid() }),
  response: null,
});

export const listUsers = endpoint({
  method: 'GET',
  path: '/api/users',
  access: 'admin',
  summary: 'Everyone with an account, and the people that imports brought along',
  response: z.object({ users: z.array(user) }),
});
export const changeUser = endpoint({
  method: 'PATCH',
  path: '/api/users/:userId',
  access: 'admin',
  summary: "Change a person's role, or disable the account; both end the person's sessions",
  params: userParams,
  body: z.strictObject({ role: role.optional(), disabled: z.boolean().optional() }),
  response: signedIn,
});

export const erasePerson = endpoint({
  method: 'DELETE',
  path: '/api/users/:userId/data',
  access: 'admin',
  summary:
    'Delete all that a person made, and their account, on their request; releases that hold some of it are marked',
  params: userParams,
  body: z.strictObject({
    /** The person's email, or the name of one without. */
    confirm: z.string().min(1, 'must not be empty').max(300),
  }),
  response: z.object({
    /** So many were deleted. */
    conversations: z.number().int(),
    /** So many hold some of it. */
    releases: z.number().int(),
  }),
});

export const auditEntry = z.object({
  id: z.number().int(),
  at: z.iso.datetime(),
  /** Null where the command line acted. */
  actor: z.object({ id: z.uuid(), name: z.string() }).nullable(),
  /** `project.create`, `user.change`, ... */
  action: z.string(),
  subject: z.string(),
  details: z.record(z.string(), z.unknown()),
});
export type AuditEntry = z.infer<typeof auditEntry>;

export const readAudit = endpoint({
  method: 'GET',
  path: '/api/audit',
  access: 'admin',
  summary: 'What admins did, newest first; `before` is the id to go on from',
  query: z.object({
    before: z.coerce.number().int().positive().optional(),
    limit: z.coerce.number().int().min(1).max(200).default(50),
  }),
  response: z.object({ entries: z.array(auditEntry), next: z.number().int().nullable() }),
});
