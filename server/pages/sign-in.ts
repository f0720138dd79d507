// Signing in and out: a token becomes a session with a cookie.
import type { Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { hashOf } from '../identity/tokens.ts';
import { assertOwnForm, assertSameOriginOf, cookieName } from '../request/authenticate.ts';
import type { AppEnv } from '../request/context.ts';
import type { World } from '../request/world.ts';
import { formOf } from './form.ts';
import { loginPage } from './login-page.ts';

export function signInRoutes(app: Hono<AppEnv>, { sessions, identity, links }: World): void {
  const https = links.pageBase.startsWith('https:');
  const cookie = cookieName(https);

  app.get('/login', (c) => c.html(loginPage(ownPath(c.req.query('next'), links.pageBase), null)));

  app.post('/login', async (c) => {
    assertSameOriginOf(c, https);
    const form = await formOf(c);
    const next = ownPath(form['next'], links.pageBase);
    const token = (form['token'] ?? '').trim();
    if (!(await identity.authenticate(token)))
      return c.html(loginPage(next, 'That token is not known here. Ask whoever runs this server for one.'), 401);
    const { id } = sessions.open(hashOf(token));
    // Lax, so that a link in a chat finds its reader signed in: browsers send it with another site's links, but never with its forms,
    // scripts or pictures. That is enough, for no GET changes anything, and each form has to prove its origin and our own token besides.
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
 * Where to go after signing in: path and query of a page of this server, never another one. What a browser would make of the text decides:
 * it drops tabs and reads `\\` as `/`, so `/<tab>/elsewhere` and `/./\\elsewhere` are addresses of elsewhere, too.
 */
function ownPath(next: string | undefined, pageBase: string): string {
  const own = new URL(pageBase);
  const url = URL.parse(next ?? '/', own.href);
  if (url?.origin !== own.origin) return '/';
  return `${url.pathname.replace(/^\/+/, '/')}${url.search}`;
}
