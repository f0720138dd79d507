// What every answer carries and every request must pass before anybody looks at it.
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { AppEnv } from './context.ts';
import { ApiError } from './refusal.ts';

/** Two megabytes: a release file is capped at one, and its k6 scripts have the rest. */
export const BODY_LIMIT_BYTES = 2 * 1024 * 1024;

// Nothing runs or loads that this server did not send; nobody may frame it; forms post only here.
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

const A_YEAR_S = 31_536_000;

export function safeHeaders({ https }: { https: boolean }): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    await next();
    const { headers } = c.res;
    const set = (name: string, value: string) => {
      if (!headers.has(name)) headers.set(name, value);
    };
    set('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    set('X-Content-Type-Options', 'nosniff');
    // Not no-referrer: under it browsers send `Origin: null` with forms, and the check below could not tell ours from theirs.
    set('Referrer-Policy', 'same-origin');
    set('Cross-Origin-Opener-Policy', 'same-origin');
    set('Cross-Origin-Resource-Policy', 'same-origin');
    set('Cache-Control', 'no-store');
    if (https) set('Strict-Transport-Security', `max-age=${A_YEAR_S}`);
  };
}

/**
 * Answers only to names this server was given. Without it a page of another site could point its own name at 127.0.0.1 and talk to us
 * as same-origin (DNS rebinding).
 */
export function knownHost(hosts: readonly string[]): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (!hosts.includes(hostOf(c.req.header('host'), c.req.url))) {
      throw new ApiError(
        'NotAllowed',
        'this server does not answer to that host name',
        'use the address it printed at start, or add the name to its hosts',
      );
    }
    await next();
  };
}

/** Over HTTP/1.1 the header is always there; requests made in process carry only the URL. */
export const hostOf = (header: string | undefined, url: string): string => header ?? new URL(url).host;

export const cappedBody: MiddlewareHandler = bodyLimit({
  maxSize: BODY_LIMIT_BYTES,
  onError: () => {
    throw new ApiError('TooLarge', `a request may have ${BODY_LIMIT_BYTES / 1024 / 1024} MiB`, 'send a smaller file');
  },
});

/** A form of our own page: same origin by the browser's word. Fails closed where a browser says nothing. */
export function assertSameOrigin(headers: {
  origin: string | undefined;
  secFetchSite: string | undefined;
  host: string;
  https: boolean;
}): void {
  const { origin, secFetchSite, host, https } = headers;
  const own = `${https ? 'https' : 'http'}://${host}`;
  const crossOrigin = (origin !== undefined && origin !== own) || (secFetchSite !== undefined && secFetchSite !== 'same-origin');
  if (crossOrigin || (origin === undefined && secFetchSite === undefined)) {
    throw new ApiError('NotAllowed', 'this form was not sent from a page of this server', 'open the page here and decide there');
  }
}
