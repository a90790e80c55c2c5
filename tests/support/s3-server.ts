import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the server does instead of what it is asked: an error of S3 by its status and name, silence, or a break in the middle. */
export type Trouble = { status: number; code: string } | 'silent' | 'broken';

/** As much of S3 as is asked for here, with path-style addresses: one bucket, in memory. It does not check signatures. */
export interface S3Server {
  readonly endpoint: string;
  readonly bucket: string;
  /** By key. */
  readonly objects: ReadonlyMap<string, Buffer>;
  /** Each request so far, as in `PUT releases/x?partNumber=1`. */
  readonly requests: readonly string[];
  /** Uploads in parts that were neither completed nor aborted. */
  readonly openUploads: number;
  /** Decides for each request whether there is trouble; null takes all trouble away. */
  trouble(when: ((request: string) => Trouble | null) | null): void;
  close(): Promise<void>;
}

export async function startS3(bucket = 'datasets'): Promise<S3Server> {
  const objects = new Map<string, Buffer>();
  const uploads = new Map<string, Map<number, Buffer>>();
  const requests: string[] = [];
  let troubled: ((request: string) => Trouble | null) | null = null;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://s3');
    const [, asked, ...rest] = url.pathname.split('/');
    const key = decodeURIComponent(rest.join('/'));
    const { method = '' } = request;
    const partNumber = url.searchParams.get('partNumber');
    const uploadId = url.searchParams.get('uploadId');
    const line = `${method} ${key}${partNumber === null ? '' : `?partNumber=${partNumber}`}`;
    requests.push(line);
    const trouble = troubled?.(line) ?? null;
    if (trouble === 'silent') return;
    if (trouble === 'broken' && method !== 'GET') return void request.socket.destroy();
    const body = await bodyOf(request);
    if (trouble !== null && trouble !== 'broken') return refuse(response, trouble.status, trouble.code);
    if (asked !== bucket) return refuse(response, 404, 'NoSuchBucket');

    if (method === 'POST' && url.searchParams.has('uploads')) {
      const id = randomBytes(8).toString('hex');
      uploads.set(id, new Map());
      return xml(response, `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
    }
    if (uploadId !== null) {
      const parts = uploads.get(uploadId);
      if (!parts) return refuse(response, 404, 'NoSuchUpload');
      if (method === 'PUT') {
        parts.set(Number(partNumber), body);
        return void response.setHeader('ETag', tagOf(body)).end();
      }
      uploads.delete(uploadId);
      if (method === 'DELETE') return void response.writeHead(204).end();
      objects.set(key, Buffer.concat([...parts.entries()].toSorted(([a], [b]) => a - b).map(([, part]) => part)));
      return xml(response, '<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>');
    }
    if (method === 'PUT') {
      objects.set(key, body);
      return void response.setHeader('ETag', tagOf(body)).end();
    }
    if (method === 'DELETE') {
      objects.delete(key);
      return void response.writeHead(204).end();
    }
    const object = objects.get(key);
    if (!object) return refuse(response, 404, 'NoSuchKey');
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const part = first === undefined ? object : object.subarray(Number(first), Number(last) + 1);
    response.writeHead(first === undefined ? 200 : 206, { 'Content-Length': part.length, ETag: tagOf(object) });
    if (trouble !== 'broken') return void response.end(part);
    response.write(part.subarray(0, part.length / 2));
    await sleep(50);
    response.destroy();
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ...{ endpoint: `http://127.0.0.1:${port}`, bucket, objects, requests },
    get openUploads() {
      return uploads.size;
    },
    trouble: (when) => {
      troubled = when;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The body; where it came in signed chunks (`aws-chunked`), what is in them. */
async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  const body = Buffer.concat(pieces);
  if (!/aws-chunked/.test(request.headers['content-encoding'] ?? '')) return body;
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const end = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.subarray(at, end).toString(), 16);
    if (!size) return Buffer.concat(chunks);
    chunks.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

const tagOf = (bytes: Buffer): string => `"${createHash('md5').update(bytes).digest('hex')}"`;

function xml(response: ServerResponse, content: string): void {
  response.setHeader('Content-Type', 'application/xml').end(`<?xml version="1.0" encoding="UTF-8"?>${content}`);
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.statusCode = status;
  xml(response, `<Error><Code>${code}</Code><Message>It is refused</Message></Error>`);
}
