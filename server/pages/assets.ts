import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Hono } from 'hono';
import type { AppEnv } from '../request/context.ts';

interface Asset {
  path: string;
  mediaType: string;
  body: string;
  hash: string;
}

const load = (name: string, mediaType: string): Asset => {
  const body = readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8');
  return { path: `/assets/${name}`, mediaType, body, hash: createHash('sha256').update(body).digest('hex').slice(0, 12) };
};

export const assets: readonly Asset[] = [
  load('style.css', 'text/css; charset=utf-8'),
  load('live.js', 'text/javascript; charset=utf-8'),
  load('flame.js', 'text/javascript; charset=utf-8'),
  load('sort.js', 'text/javascript; charset=utf-8'),
];

/** Address of an asset with the hash of its content, so that browsers may cache it forever. */
export function assetPath(name: string): string {
  const asset = assets.find(({ path }) => path === `/assets/${name}`);
  if (!asset) throw new Error(`there is no asset ${name}`);
  return `${asset.path}?v=${asset.hash}`;
}

export function assetRoutes(app: Hono<AppEnv>): void {
  for (const { path, mediaType, body } of assets) {
    app.get(path, (c) => c.body(body, 200, { 'Content-Type': mediaType, 'Cache-Control': 'public, max-age=31536000, immutable' }));
  }
}
