// Signing in and out: a token becomes a session with a cookie.
import type { Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { hashOf } from '../identity/tokens.ts';
import { assertOwnForm, assertSameOriginOf, cookieName } from '../request/authenticate.ts';
import type { AppEnv } from '../request/context.ts';
import type { Dependencies } from '../request/dependencies.ts';
import { formOf } from './form.ts';
import { loginPage } from './login-page.ts';

export function signInRoutes(app: Hono<AppEnv>, { sessions, identity, links }: Dependencies): void {
  const https = links.pageBase.startsWith('https:');
  const cookie = cookieName(https);

  app.get('/login', (c) => c.html(loginPage(ownPath(c.req.query('next'), links.pageBase), null)));

  app.post('/login', async (c) => {
    assertSameOriginOf(c, https);
    const form = await formOf(c);
    const next = ownPath(form['next'], links.pageBase);
    const token = (form['token'] ?? '').trim();
    if (!(await identity.authenticate(token)))
      return c.html(loginPage(next, 'Unknown token. Ask the operator of this server for one.'), 401);
    const { id } = sessions.open(hashOf(token));
    // Lax: sent when a link in a chat is followed, but never with forms, scripts or images of other sites. GET is read-only, and forms also
    // verify origin and CSRF token.
    setCookie(c, cookie, id, { httpOnly: true, sameSite: 'Lax', path: '/', secure: https });
    return c.redirect(next, 303);
  });

  app.post('/logout', async (c) => {
    const form = await formOf(c);
    assertOwnForm(c, form['csrf'] ?? '', https);
    sessions.close(getCookie(c, cookie) ?? '');
    deleteCookie(c, cookie, { path: '/', secure: https });
    return c.redirect('/login', 303);
  });
}

/**
 * Redirect target after sign-in, on this server only. Parsed as browsers do: they drop tabs and read `\\` as `/`, so `/<tab>/elsewhere` and
 * `/./\\elsewhere` are other sites.
 */
function ownPath(next: string | undefined, pageBase: string): string {
  const own = new URL(pageBase);
  const url = URL.parse(next ?? '/', own.href);
  if (url?.origin !== own.origin) return '/';
  return `${url.pathname.replace(/^\/+/, '/')}${url.search}`;
}
