import { timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import type { Session, Sessions } from '../identity/sessions.ts';
import type { Identity } from '../identity/tokens.ts';
import type { AppContext, AppEnv, Visitor } from './context.ts';
import { ApiError } from './refusal.ts';
import { assertSameOrigin, hostOf } from './safety.ts';

const BEARER = /^Bearer +([\w.~+/=-]{1,512})$/i;

/** `__Host-` binds the cookie to this very host, but browsers accept it only over https. */
export const cookieName = (https: boolean): string => (https ? '__Host-tminus' : 'tminus');

export interface GuardOptions {
  identity: Identity;
  sessions: Sessions;
  https: boolean;
  /** Paths that need no identity. Everything else does, also what does not exist. */
  isOpen: (path: string) => boolean;
}

/** Lets in who has a valid bearer token or session. A bad token is refused even beside a good session: its sender is confused or hostile. */
export function identityGuard({ identity, sessions, https, isOpen }: GuardOptions): MiddlewareHandler<AppEnv> {
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
    throw new ApiError('NotSignedIn', 'this needs a valid token', '`tminus login`, or send `Authorization: Bearer <token>`');
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
    // A session is no longer lived than its token: what was taken back counts no more, here as with a bearer.
    const principal = await identity.holderOf(session.tokenHash);
    if (!principal) sessions.close(id);
    return principal && { principal, session };
  }
}

export function assertBearer(c: AppContext): void {
  if (c.get('visitor').session === null) return;
  throw new ApiError(
    'NotSignedIn',
    'this route takes a bearer token, not a browser session',
    'send `Authorization: Bearer <token>`; pages have their own forms',
  );
}

/** The session a form was posted with, once the form proves to be ours. */
export function assertOwnForm(c: AppContext, csrf: string, https: boolean): Session {
  assertSameOriginOf(c, https);
  const { session } = c.get('visitor');
  if (!session) throw new ApiError('NotSignedIn', 'forms need a signed-in page', 'sign in at /login');
  if (!sameText(csrf, session.csrf))
    throw new ApiError('NotAllowed', 'this form is not of your session', 'reload the page and decide again');
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
