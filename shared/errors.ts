import { z } from 'zod';

/** Every way in which a request can be refused: code -> HTTP status and the title a person reads. */
export const problems = {
  malformed: [400, 'The request could not be read'],
  invalid: [422, 'Some of what was sent cannot be accepted'],
  not_signed_in: [401, 'Please sign in'],
  wrong_credentials: [401, 'Email or password is wrong'],
  forbidden: [403, 'Your role does not allow this'],
  foreign_origin: [403, 'The request came from another site'],
  not_found: [404, 'There is nothing here'],
  conflict: [409, 'This does not fit what is already there'],
  draft_conflict: [409, 'A newer draft was saved elsewhere'],
  lease_lost: [409, 'The place was given to someone else'],
  already_submitted: [409, 'This was already submitted'],
  too_late: [409, 'The time to take this back is over'],
  archived: [409, 'The project is archived'],
  gone: [410, 'This link is used up or out of date'],
  too_large: [413, 'This is too large'],
  unsupported_type: [415, 'This content type is not understood'],
  too_many_requests: [429, 'Too many tries, please wait'],
  internal: [500, 'Something went wrong on the server'],
  storage_full: [507, 'The server has no room left to store this'],
  unavailable: [503, 'The server cannot do this right now'],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof problems;

/** One thing wrong with the input. `path` names the field (`ranking.0.1`), `line` the line of a file, from 1. */
export const fault = z.object({
  path: z.string(),
  message: z.string(),
  line: z.number().int().optional(),
});
export type Fault = z.infer<typeof fault>;

/** The body of every refusal: RFC 9457 `application/problem+json`. */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.enum(Object.keys(problems) as [ProblemCode, ...ProblemCode[]]),
  detail: z.string(),
  errors: z.array(fault).optional(),
  /** Seconds to wait before the next try. */
  retryAfter: z.number().optional(),
  /** With `draft_conflict`: what is stored now. */
  current: z.object({ revision: z.number().int(), draft: z.unknown() }).optional(),
});
export type Problem = z.infer<typeof problem>;
