import { timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import type { Session, Sessions } from '../identity/sessions.ts';
import type { Identity } from '../identity/tokens.ts';
import type { AppContext, AppEnv, Visitor } from './context.ts';
import { ApiError } from './refusal.ts';
import { assertSameOrigin, hostOf } from './safety.ts';

const BEARER = /^Bearer +([\w.~+/=-]{1,512})$/i;

/** `__Host-` binds the cookie to this host; browsers accept the prefix only over https. */
export const cookieName = (https: boolean): string => (https ? '__Host-tminus' : 'tminus');

export interface AuthenticationOptions {
  identity: Identity;
  sessions: Sessions;
  https: boolean;
  /** Paths without authentication. All others need it, unknown paths too. */
  isOpen: (path: string) => boolean;
}

/** Accepts a valid bearer token or session. An invalid token is refused even with a valid session. */
export function authenticateVisitor({ identity, sessions, https, isOpen }: AuthenticationOptions): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (isOpen(c.req.path)) return await next();
    const visitor = await visitorOf(c);
    if (visitor) {
      c.set('visitor', visitor);
      return await next();
    }
    const wantsPage = c.req.method === 'GET' && !c.req.path.startsWith('/api/') && c.req.header('authorization') === undefined;
    const { pathname, search } = new URL(c.req.url);
    if (wantsPage) return c.redirect(`/login?next=${encodeURIComponent(`${pathname}${search}`)}`, 303);
    throw new ApiError('NotSignedIn', 'a valid token is required', 'run `tminus login`, or send `Authorization: Bearer <token>`');
  };

  async function visitorOf(c: AppContext): Promise<Visitor | null> {
    const header = c.req.header('authorization');
    if (header !== undefined) {
      const token = BEARER.exec(header)?.[1];
      const principal = token === undefined ? null : await identity.authenticate(token);
      return principal && { principal, session: null };
    }
    const id = getCookie(c, cookieName(https));
    const session = id === undefined ? null : sessions.find(id);
    if (id === undefined || !session) return null;
    // A session ends with its token: a removed token is refused here as it is as a bearer token.
    const principal = await identity.holderOf(session.tokenHash);
    if (!principal) sessions.close(id);
    return principal && { principal, session };
  }
}

export function assertBearer(c: AppContext): void {
  if (c.get('visitor').session === null) return;
  throw new ApiError(
    'NotSignedIn',
    'this route requires a bearer token; a browser session is not accepted',
    'send `Authorization: Bearer <token>`, or use the form on the page',
  );
}

/** The session of a form, after the origin and the CSRF token of the form are verified. */
export function assertOwnForm(c: AppContext, csrf: string, https: boolean): Session {
  assertSameOriginOf(c, https);
  const { session } = c.get('visitor');
  if (!session) throw new ApiError('NotSignedIn', 'a form requires a signed-in session', 'sign in at /login');
  if (!sameText(csrf, session.csrf))
    throw new ApiError('NotAllowed', 'the CSRF token of the form does not match your session', 'reload the page and decide again');
  return session;
}

export function assertSameOriginOf(c: AppContext, https: boolean): void {
  assertSameOrigin({
    origin: c.req.header('origin'),
    secFetchSite: c.req.header('sec-fetch-site'),
    host: hostOf(c.req.header('host'), c.req.url),
    https,
  });
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
