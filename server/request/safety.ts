// Security headers of every response, and the checks that every request passes before a handler sees it.
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { secureHeaders } from 'hono/secure-headers';
import type { AppEnv } from './context.ts';
import { ApiError } from './refusal.ts';

/** 2 MiB: at most 1 MiB for the release file, the rest for its k6 scripts. */
export const BODY_LIMIT_BYTES = 2 * 1024 * 1024;

const ONE_YEAR_S = 31_536_000;

/**
 * Security headers of every response. A handler that sets one of them itself keeps its own (the report and speedscope have their own policy).
 * Only scripts, styles and images of this server load, no other site can frame a page, and forms are posted only to this server.
 */
export function safeHeaders({ https }: { https: boolean }): MiddlewareHandler<AppEnv> {
  return secureHeaders({
    overwrite: false,
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
    },
    // With `no-referrer` browsers send `Origin: null` with forms, and `assertSameOrigin` could not accept our own.
    referrerPolicy: 'same-origin',
    strictTransportSecurity: https && `max-age=${ONE_YEAR_S}`,
    // For browsers without frame-ancestors and for plug-ins that no longer exist.
    xFrameOptions: false,
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
    originAgentCluster: false,
  });
}

/** Responses are personal and change: no cache stores them, except assets, which set their own header. */
export const noStore: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  if (!c.res.headers.has('Cache-Control')) c.header('Cache-Control', 'no-store');
};

/**
 * Refuses requests with an unknown Host header. Otherwise another site could point its own name at 127.0.0.1 and send requests as same-origin
 * (DNS rebinding).
 */
export function knownHost(hosts: readonly string[]): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (!hosts.includes(hostOf(c.req.header('host'), c.req.url))) {
      throw new ApiError(
        'NotAllowed',
        'the Host header is not a name of this server',
        'use the address that the server printed at start, or set TMINUS_PAGE_BASE to this one',
      );
    }
    await next();
  };
}

/** HTTP/1.1 always has the header; requests made in process have only the URL. */
export const hostOf = (header: string | undefined, url: string): string => header ?? new URL(url).host;

export const cappedBody: MiddlewareHandler = bodyLimit({
  maxSize: BODY_LIMIT_BYTES,
  onError: () => {
    throw new ApiError('TooLarge', `the request body is above the limit of ${BODY_LIMIT_BYTES / 1024 / 1024} MiB`, 'send a smaller file');
  },
});

/**
 * Accepts a form only from a page of this server: each of Origin and Sec-Fetch-Site that was sent must agree, and at least one must be sent.
 * Not hono/csrf: it passes when either of the two agrees, and this check fails closed.
 */
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
    throw new ApiError('NotAllowed', 'the form was not sent from a page of this server', 'open the page on this server and send its form');
  }
}
