import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { Refusal } from '../problem.ts';

export const webFolder = fileURLToPath(new URL('../../web/dist', import.meta.url));

/** Serves the built pages, where there are any; an address that is no file and no API is the app's own to route. */
export async function registerWeb(app: FastifyInstance): Promise<void> {
  const built = existsSync(path.join(webFolder, 'index.html'));
  if (built)
    await app.register(fastifyStatic, {
      root: webFolder,
      setHeaders: (reply, file) => {
        // Names under assets/ carry a hash of the content.
        const hashed = file.startsWith(path.join(webFolder, 'assets'));
        reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  app.setNotFoundHandler((request, reply) => {
    const page =
      request.method === 'GET' && !request.url.startsWith('/api/') && request.headers.accept?.includes('text/html');
    if (built && page) return reply.sendFile('index.html');
    throw new Refusal('not_found', `${request.method} ${request.url.split('?')[0]} leads nowhere.`);
  });
}
