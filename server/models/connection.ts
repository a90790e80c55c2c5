import { lookup } from 'node:dns';
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { addressFault, guarded, type Hosts, type Resolve } from './address.ts';
import { ModelFailure } from './provider.ts';

/** As the global `fetch`, as far as a client of a model server needs it. */
export type Fetch = (url: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** No answer is longer, in bytes: 200,000 characters streamed one by one have about 50 MB. */
const maxAnswer = 64 * 1024 * 1024;
/** A connection that nobody uses is closed after so long, in milliseconds. */
const idleFor = 30_000;
/** How long the rest of an answer that is no longer wanted may take to come, in milliseconds. */
const restWithin = 500;

/**
 * A `fetch` that connects to model servers only: every address is checked at the moment of connecting, as what a name
 * resolves to may change, and a redirect is an answer like any other and not followed. Node's own `fetch` lets nobody look
 * at the resolved address.
 */
export function createFetch(hosts: Hosts, resolve: Resolve = lookup): { fetch: Fetch; close: () => void } {
  const options = { keepAlive: true, timeout: idleFor, lookup: guarded(resolve), noDelay: true };
  const agents = { 'http:': new HttpAgent(options), 'https:': new HttpsAgent(options) };

  async function fetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const url = new URL(input instanceof Request ? input.url : input);
    const fault = addressFault(`${url.origin}${url.pathname}`, hosts);
    if (fault !== null) throw new ModelFailure('unreachable', `The model's address ${fault}.`, { passing: false });
    const answer = await send(url, init);
    const headers = new Headers();
    for (const [name, values] of Object.entries(answer.headersDistinct))
      for (const value of values ?? []) headers.append(name, value);
    const status = answer.statusCode ?? 0;
    if (status === 204 || status === 304) {
      answer.resume();
      return new Response(null, { status, headers });
    }
    return new Response(bodyOf(answer), { status, headers });
  }

  function send(url: URL, init: RequestInit): Promise<IncomingMessage> {
    const secure = url.protocol === 'https:';
    return new Promise((resolve, reject) => {
      const outgoing = (secure ? httpsRequest : httpRequest)(url, {
        method: init.method ?? 'GET',
        agent: agents[secure ? 'https:' : 'http:'],
        headers: { ...Object.fromEntries(headersOf(init)), 'accept-encoding': 'identity' },
        ...(init.signal && { signal: init.signal }),
      });
      outgoing.once('response', resolve);
      outgoing.on('error', (error) => {
        // The server closed a kept connection just as it was taken up again: nothing was asked yet.
        const closed = 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        if (outgoing.reusedSocket && closed && !init.signal?.aborted) send(url, init).then(resolve, reject);
        else reject(error);
      });
      outgoing.end(typeof init.body === 'string' ? init.body : undefined);
    });
  }

  return {
    fetch,
    close() {
      agents['http:'].destroy();
      agents['https:'].destroy();
    },
  };
}

const headersOf = ({ headers }: RequestInit): Headers => (headers instanceof Headers ? headers : new Headers(headers));

/** The body as a stream that fails where it grows beyond bounds or breaks off, and holds the server back where nobody reads. */
function bodyOf(answer: IncomingMessage): ReadableStream<Uint8Array> {
  let length = 0;
  let wanted = true;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      answer.on('data', (chunk: Buffer) => {
        if (!wanted) return;
        length += chunk.length;
        if (length > maxAnswer) answer.destroy(new Error('the answer is too long'));
        else controller.enqueue(chunk);
        if ((controller.desiredSize ?? 0) <= 0) answer.pause();
      });
      answer.once('end', () => wanted && controller.close());
      answer.once('error', (error) => wanted && controller.error(error));
    },
    pull() {
      answer.resume();
    },
    cancel() {
      // Mostly only the end is outstanding; once that is read, the connection can be used again. Node hears of it as we do.
      wanted = false;
      const timer = setTimeout(() => answer.destroy(), restWithin).unref();
      answer.once('close', () => clearTimeout(timer));
      answer.resume();
    },
  });
}
