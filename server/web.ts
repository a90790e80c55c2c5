import { spawn } from 'node:child_process';
import { existsSync, globSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { webFolder } from './http/static.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const config = path.join(root, 'web/vite.config.ts');

/** Builds the pages where a source is newer than what was built, or nothing was. */
export async function buildWeb(): Promise<void> {
  const built = path.join(webFolder, 'index.html');
  const sources = ['web/index.html', 'web/vite.config.ts', 'web/src/**', 'shared/**', 'package-lock.json'];
  if (!existsSync(config)) return;
  if (existsSync(built)) {
    const since = statSync(built).mtimeMs;
    const newer = globSync(sources, { cwd: root }).some((file) => statSync(path.join(root, file)).mtimeMs > since);
    if (!newer) return;
  }
  await new Promise<void>((resolve, reject) => {
    const vite = path.join(root, 'node_modules/vite/bin/vite.js');
    const child = spawn(process.execPath, [vite, 'build', '--config', config, '--logLevel', 'warn'], {
      cwd: root,
      stdio: 'inherit',
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`the pages could not be built (vite ended with ${code})`));
    });
  });
}

/** Vite's own server with hot reload, which hands `/api` on to `backend`; answers with its address. */
export async function serveWebForDevelopment(backend: string): Promise<string> {
  const { createServer } = await import('vite');
  const server = await createServer({
    configFile: config,
    server: { proxy: { '/api': { target: backend, ws: true } } },
  });
  await server.listen();
  return server.resolvedUrls?.local[0] ?? '';
}
