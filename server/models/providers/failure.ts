import { APIConnectionError, APIError } from 'openai';
import { AddressRefused } from '../address.ts';
import { ModelFailure } from '../provider.ts';

/** The server's own words are kept up to so many characters. */
const maxSaid = 300;

/** What went wrong with a request, from what the client, the connection or the stream threw. */
export function failureOf(error: unknown, apiKey: string | null): ModelFailure {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if (inner instanceof ModelFailure) return inner;
    if (inner instanceof AddressRefused)
      return new ModelFailure(
        'unreachable',
        "The model's address is a link-local or metadata address, which no model server is behind.",
        { passing: false },
      );
  }
  if (error instanceof APIConnectionError || !(error instanceof APIError)) return connectionFailure(error);
  return answerFailure(error as Refused, apiKey);
}

/** `APIError` as it is where nobody named its types: an error within a stream has neither status nor headers. */
type Refused = APIError<number | undefined, Headers | undefined, object | undefined>;

function answerFailure(error: Refused, apiKey: string | null): ModelFailure {
  const { status, headers } = error;
  const html = /^\d*\s*<(!doctype|html)/i.test(error.message) || (headers?.get('content-type') ?? '').includes('html');
  const said = html ? null : saidBy(error, apiKey);
  const rated =
    status === 429 || (status === undefined && /rate.?limit/i.test(`${error.code ?? ''} ${error.type ?? ''}`));
  if (rated) {
    const retryAfterMs = headers ? retryAfterOf(headers, Date.now()) : null;
    return new ModelFailure('rate', 'The model server has too many requests at the moment.', {
      ...{ retryAfterMs, said, cause: error },
      // Money that is used up does not come back by waiting.
      ...(error.code === 'insufficient_quota' && { passing: false }),
    });
  }
  if (status === undefined || status >= 500)
    return new ModelFailure('broken', 'The model server had an error of its own.', {
      ...{ said, cause: error, retryAfterMs: headers ? retryAfterOf(headers, Date.now()) : null },
    });
  if (status === 401 || status === 403)
    return new ModelFailure('key', 'The model server does not accept the key.', { said, cause: error });
  if (status === 404) {
    // Whoever has the path answers in the protocol, and says that it is the model which is missing.
    const known = !html && typeof error.error === 'object';
    return known && /model/i.test(error.message)
      ? unknownModel(error, said)
      : new ModelFailure('unreachable', `The model server has nothing at this path: ${pathHint}`, {
          ...{ said, cause: error, passing: false },
        });
  }
  if (status >= 300 && status < 400)
    return new ModelFailure('unreachable', `The model server sends us elsewhere, which is not followed: ${pathHint}`, {
      ...{ cause: error, passing: false },
    });
  if (html) return webPage();
  if (status === 408 || status === 409)
    return new ModelFailure('broken', 'The model server could not answer in time.', { said, cause: error });
  if (error.code === 'context_length_exceeded' || /context (length|window|size)/i.test(error.message))
    return new ModelFailure('refused', 'The conversation is too long for this model.', { said, cause: error });
  // LiteLLM answers so with a 400.
  if (error.code === 'model_not_found' || /invalid model name/i.test(error.message)) return unknownModel(error, said);
  return new ModelFailure('refused', 'The model server refuses what it was asked.', { said, cause: error });
}

function unknownModel(cause: Refused, said: string | null): ModelFailure {
  return new ModelFailure('model', 'The model server knows no such model.', { said, cause });
}

const pathHint = 'is the base URL right (it usually ends in /v1)?';

export function webPage(): ModelFailure {
  return new ModelFailure('unreachable', `It answered with a web page, not with the protocol: ${pathHint}`, {
    passing: false,
  });
}

/** By the code of the connection's innermost error. */
function connectionFailure(error: unknown): ModelFailure {
  let cause = error;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const fail = (words: string): ModelFailure => new ModelFailure('unreachable', words, { cause: error });
  if (code === 'ECONNREFUSED') return fail("Nothing answers at the model's address: is its server running?");
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return fail("The host name of the model's address cannot be found.");
  if (/^(EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EHOSTDOWN)$/.test(code))
    return fail("The model's address cannot be reached.");
  if (/CERT|SIGNATURE|ISSUER/.test(code)) return fail("The certificate of the model's address is not trusted.");
  if (/^ERR_(SSL|TLS)|^EPROTO$/.test(code))
    return fail("The model's address does not speak TLS: should it begin with http:// rather than https://?");
  if (code.startsWith('HPE_')) return fail("What answers at the model's address does not speak HTTP.");
  return fail('The connection to the model server broke before it answered.');
}

/**
 * A refusal in a form that the client reads: servers put their words into `error.message`, into `error`, `message` or
 * `detail`, and the client knows the first two.
 */
export async function readableRefusal(response: Response): Promise<Response> {
  if (response.ok) return response;
  const text = await response.text();
  const { status, headers } = response;
  const kept = new Headers([...headers].filter(([name]) => !name.startsWith('content-')));
  if (/^\s*</.test(text)) kept.set('content-type', 'text/html');
  return new Response(worded(text), { status, headers: kept });
}

function worded(text: string): string {
  let told: unknown;
  try {
    told = JSON.parse(text);
  } catch {
    return text;
  }
  if (typeof told !== 'object' || told === null || 'error' in told) return text;
  const words = 'message' in told ? told.message : 'detail' in told ? told.detail : told;
  return JSON.stringify({ error: { message: typeof words === 'string' ? words : JSON.stringify(words) } });
}

function saidBy(error: Refused, apiKey: string | null): string | null {
  const words = error.message.replace(/^\d{3} /, '').trim();
  if (words === '' || /\(no body\)|^\(no status/.test(words)) return null;
  const shown = apiKey === null ? words : words.replaceAll(apiKey, '…');
  return shown.length > maxSaid ? `${shown.slice(0, maxSaid).toWellFormed()}…` : shown;
}

/**
 * How long a server asks us to wait, in milliseconds, or null: `retry-after-ms`; `Retry-After` in seconds or as a date
 * (RFC 9110, 10.2.3); or the `x-ratelimit-reset-*` of what has nothing left, as `1m30.5s`, `250ms` or seconds.
 */
export function retryAfterOf(headers: Headers, now: number): number | null {
  const milliseconds = headers.get('retry-after-ms');
  if (milliseconds !== null && Number.isFinite(Number(milliseconds))) return Math.max(0, Number(milliseconds));
  // LiteLLM passes on what the server behind it says under a name of its own.
  const after = headers.get('retry-after') ?? headers.get('llm_provider-retry-after');
  if (after !== null) {
    if (Number.isFinite(Number(after))) return Math.max(0, Number(after) * 1_000);
    const until = Date.parse(after);
    if (Number.isFinite(until)) return Math.max(0, until - now);
  }
  const resets = ['requests', 'tokens']
    .filter((what) => headers.get(`x-ratelimit-remaining-${what}`) === '0')
    .map((what) => duration(headers.get(`x-ratelimit-reset-${what}`) ?? ''))
    .filter((wait) => wait !== null);
  return resets.length > 0 ? Math.max(...resets) : null;
}

const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

function duration(text: string): number | null {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return null;
  return [...text.matchAll(/([\d.]+)(ms|s|m|h)/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? ''] ?? 0),
    0,
  );
}
