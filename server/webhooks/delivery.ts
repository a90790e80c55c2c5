import { createHmac } from 'node:crypto';
import { lookup } from 'node:dns';
import { addressFault, AddressRefused, type Resolve } from '../models/address.ts';
import { createFetch } from '../models/connection.ts';
import { retryAfterOf } from '../models/providers/failure.ts';

/*
 * One delivery, after the Standard Webhooks specification 1.0.0
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
 */

/** No answer is waited for longer, in milliseconds. */
const answerWithin = 10_000;

/** Secrets as people hand them on: `whsec_` and base64. */
const prefix = 'whsec_';

export function secretOf(bytes: Buffer): string {
  return prefix + bytes.toString('base64');
}

/** Why an address cannot be told anything, in words, or null. What its name stands for is seen only when one connects. */
export function urlFault(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return 'must be an http or https address';
  if (url.username !== '' || url.password !== '')
    return 'must not hold a user name or password: the signature says who sends';
  if (addressFault(`${url.origin}${url.pathname}`, null) !== null)
    return 'is a link-local or metadata address, where no receiver is';
  return null;
}

/** The headers of a message: its id, the moment of sending, and the signature of both with the body by HMAC-SHA256. */
export function signed(secret: string, id: string, at: Date, body: string): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const key = Buffer.from(secret.slice(prefix.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

/** How a delivery went. */
export interface Outcome {
  readonly ok: boolean;
  /** In words, without a full stop. */
  readonly words: string;
  /** False where to try again has no use. */
  readonly passing: boolean;
  /** For how long the receiver asks to be left alone, in milliseconds. */
  readonly retryAfterMs: number | null;
}

interface Sending {
  readonly signal?: AbortSignal;
  readonly resolve?: Resolve;
  readonly withinMs?: number;
}

/**
 * Posts `body`. A redirect is not followed, and of the answer only the head is read. Throws where `signal` is aborted, and
 * for nothing that the receiver does.
 */
export async function post(
  url: string,
  headers: Record<string, string>,
  body: string,
  { signal, resolve = lookup, withinMs = answerWithin }: Sending = {},
): Promise<Outcome> {
  const failed = (words: string, passing = true): Outcome => ({ ok: false, words, passing, retryAfterMs: null });
  const fault = urlFault(url);
  if (fault !== null) return failed(`the address ${fault}`, false);
  const patience = AbortSignal.timeout(withinMs);
  const { fetch, close } = createFetch(null, resolve);
  try {
    const { status, headers: answered } = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', 'user-agent': 'Duologue' },
      body,
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
    });
    const words = `answered ${status}`;
    if (status >= 200 && status < 300) return { ok: true, words, passing: false, retryAfterMs: null };
    if (status >= 300 && status < 400) return failed(`${words}, a redirect, which is not followed`);
    if (status === 410) return failed(`${words}: it wants no more of this`, false);
    return { ok: false, words, passing: true, retryAfterMs: retryAfterOf(answered, Date.now()) };
  } catch (error) {
    signal?.throwIfAborted();
    if (patience.aborted) return failed(`gave no answer within ${withinMs / 1_000} seconds`);
    return failed(wordsFor(error));
  } finally {
    // With the connection, what is left of the answer is dropped.
    close();
  }
}

function wordsFor(error: unknown): string {
  let cause = error;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  if (cause instanceof AddressRefused) return 'has a name that stands for a link-local or metadata address';
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code === 'ECONNREFUSED') return 'has nothing that listens';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'has a host name that cannot be found';
  if (/CERT|SIGNATURE|ISSUER/.test(code)) return 'has a certificate that is not trusted';
  return `could not be reached${code === '' ? '' : ` (${code})`}`;
}
