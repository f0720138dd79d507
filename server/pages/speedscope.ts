// Serves speedscope, so that profiles are not sent to another site.
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Hono } from 'hono';
import type { AppEnv } from '../request/context.ts';
import { ApiError } from '../request/refusal.ts';

const folder = join(dirname(createRequire(import.meta.url).resolve('speedscope/package.json')), 'dist/release');
const files: ReadonlySet<string> = new Set(readdirSync(folder));

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  wasm: 'application/wasm',
  woff2: 'font/woff2',
  png: 'image/png',
  ico: 'image/x-icon',
};

/** speedscope needs inline styles and WebAssembly; resources of other sites stay forbidden. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

export function speedscopeRoutes(app: Hono<AppEnv>): void {
  app.get('/assets/speedscope/:file', (c) => {
    const file = c.req.param('file');
    const mediaType = MEDIA_TYPES[file.split('.').at(-1) ?? ''];
    // Known file names only: no part of the path reaches the file system.
    if (!files.has(file) || mediaType === undefined)
      throw new ApiError('NotFound', `speedscope has no file ${file}`, 'open it from the page of a profile');
    c.header('Content-Security-Policy', POLICY);
    c.header('Content-Type', mediaType);
    return c.body(new Uint8Array(readFileSync(join(folder, file))));
  });
}
