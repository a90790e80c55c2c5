import type { z } from 'zod';

/** Roles from least to most; whoever may do a thing, those to the right may do it too. */
export const roles = ['trainer', 'reviewer', 'admin'] as const;
export type Role = (typeof roles)[number];

/** Who may call an endpoint: `anyone` needs no session, a role means that role or a higher one. */
export type Access = 'anyone' | Role;

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * The only shape of a route: server, web, OpenAPI document and tests all read this object.
 *
 * - `params`, `query`, `body`: schemas of what comes in. `body: 'stream'` means raw bytes, handed on unread.
 * - `response`: schema of what goes out, `null` for 204 with no body, `'stream'` for bytes.
 *   A nullable schema answers 204 where the value is null.
 * - `status`: of a success with a body; 200 unless told.
 */
export interface Endpoint<
  Params extends z.ZodType | undefined = z.ZodType | undefined,
  Query extends z.ZodType | undefined = z.ZodType | undefined,
  Body extends z.ZodType | 'stream' | undefined = z.ZodType | 'stream' | undefined,
  Response extends z.ZodType | 'stream' | null = z.ZodType | 'stream' | null,
> {
  readonly method: Method;
  /** With `:name` for each parameter. */
  readonly path: `/api/${string}` | '/metrics';
  readonly access: Access;
  readonly summary: string;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  readonly response: Response;
  readonly status?: 200 | 201 | 202;
}

type SchemaInput<S> = S extends z.ZodType ? z.input<S> : S extends 'stream' ? unknown : undefined;
type SchemaOutput<S> = S extends z.ZodType ? z.output<S> : undefined;
type Present<T> = { [K in keyof T as T[K] extends undefined ? never : K]: T[K] };

/** What a caller passes: the parts that the endpoint declares, and no others. */
export type Input<E> =
  E extends Endpoint<infer P, infer Q, infer B, infer _R>
    ? Present<{ params: SchemaInput<P>; query: SchemaInput<Q>; body: SchemaInput<B> }>
    : never;

/** What a handler receives, parsed. */
export type Parsed<E> =
  E extends Endpoint<infer P, infer Q, infer B, infer _R>
    ? { params: SchemaOutput<P>; query: SchemaOutput<Q>; body: SchemaOutput<B> }
    : never;

/** What a handler returns and a caller gets. */
export type Output<E> =
  E extends Endpoint<infer _P, infer _Q, infer _B, infer R>
    ? R extends z.ZodType
      ? z.output<R>
      : R extends 'stream'
        ? unknown
        : null
    : never;

/** Declares an endpoint; exists so that the schemas' types are kept. */
export function endpoint<
  P extends z.ZodType | undefined = undefined,
  Q extends z.ZodType | undefined = undefined,
  B extends z.ZodType | 'stream' | undefined = undefined,
  R extends z.ZodType | 'stream' | null = null,
>(declaration: Endpoint<P, Q, B, R>): Endpoint<P, Q, B, R> {
  return declaration;
}

/** True if `role` may call what asks for `access`. */
export function permits(access: Access, role: Role | null): boolean {
  if (access === 'anyone') return true;
  return role !== null && roles.indexOf(role) >= roles.indexOf(access);
}

/** Fills the `:name` parts of an endpoint's path. */
export function fillPath(path: string, params: Record<string, string> = {}): string {
  return path.replace(/:([a-zA-Z]+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
}
