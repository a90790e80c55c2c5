import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { acceptInvitation, invite, signIn } from '../../shared/accounts.ts';
import { fillPath, type Endpoint, type Input, type Output } from '../../shared/endpoint.ts';

const cli = fileURLToPath(new URL('../../server/cli.ts', import.meta.url));

/** A server in a process of its own. */
export interface ServerProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** What it printed so far. */
  output(): string;
  /** Ends it and waits: SIGKILL as a crash would, SIGTERM as an operator would. Answers with the exit code. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>;
}

export const firstAdmin = { email: 'admin@example.org', password: 'a password for tests' };

/** Starts `duologue serve` on a free port, with these settings and no others, and waits until it answers. */
export async function startServer(env: Record<string, string>): Promise<ServerProcess> {
  const child = spawn(process.execPath, [cli, 'serve'], {
    env: {
      ...{ PATH: process.env.PATH ?? '', PORT: '0', DEMO: 'off', APP_SECRET: 'a secret for tests only' },
      ...{ ADMIN_EMAIL: firstAdmin.email, ADMIN_PASSWORD: firstAdmin.password },
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  let output = '';
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      const told = /Duologue is at (\S+)/.exec(output)?.[1];
      if (told) resolve(told);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${output}`)));
  });
  return {
    url,
    child,
    output: () => output,
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      child.kill(signal);
      const [code] = (await once(child, 'exit')) as [number | null];
      return code;
    },
  };
}

export type Headers = Record<string, string>;

/** The server refused; its whole answer is kept. */
export class Answered extends Error {
  readonly status: number;
  readonly text: string;
  constructor(status: number, text: string) {
    super(`answered ${status}: ${text}`);
    this.status = status;
    this.text = text;
  }
}

/** Calls an endpoint over the network. Throws `Answered` for a refusal, and what `fetch` throws where nothing answers. */
export async function callAt<E extends Endpoint>(
  url: string,
  endpoint: E,
  input: Input<E>,
  headers: Headers = {},
): Promise<Output<E>> {
  const response = await fetchAt(url, endpoint, input, headers);
  const text = await response.text();
  if (!response.ok) throw new Answered(response.status, text);
  return (response.status === 204 ? null : endpoint.response === 'stream' ? text : JSON.parse(text)) as Output<E>;
}

async function fetchAt<E extends Endpoint>(
  url: string,
  endpoint: E,
  input: Input<E>,
  headers: Headers,
): Promise<Response> {
  const { params, query, body } = input as {
    params?: Record<string, string>;
    query?: Record<string, string>;
    body?: unknown;
  };
  const stream = endpoint.body === 'stream';
  return fetch(`${url}${fillPath(endpoint.path, params)}?${new URLSearchParams(query)}`, {
    method: endpoint.method,
    headers: {
      ...headers,
      ...(body !== undefined && { 'content-type': stream ? 'application/octet-stream' : 'application/json' }),
    },
    ...(body !== undefined && { body: stream ? (body as BodyInit) : JSON.stringify(body), duplex: 'half' }),
    signal: AbortSignal.timeout(30_000),
  });
}

async function cookieOf(response: Response): Promise<Headers> {
  if (!response.ok) throw new Answered(response.status, await response.text());
  const [cookie = ''] = response.headers.getSetCookie();
  return { cookie: cookie.split(';')[0] ?? '' };
}

/** Signs the first admin in. */
export async function signInAdmin(url: string): Promise<Headers> {
  return cookieOf(await fetchAt(url, signIn, { body: firstAdmin }, {}));
}

/** Invites a trainer to a project and accepts for them; answers with their headers. */
export async function joinAsTrainer(url: string, admin: Headers, projectId: string, name: string): Promise<Headers> {
  const { token } = await callAt(url, invite, { body: { role: 'trainer', projectIds: [projectId] } }, admin);
  const body = { token, name, email: `${name}@example.org`, password: 'a password for tests' };
  return cookieOf(await fetchAt(url, acceptInvitation, { body }, {}));
}
