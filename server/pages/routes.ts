// The pages: what people read, and the forms they send. Every state has an address; only POST changes anything.
import type { Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { eventsPage, readBy } from './events-page.ts';
import { lookAt } from './evidence-look.ts';
import { evidencePage } from './evidence-page.ts';
import { findCheckpoint } from './find-checkpoint.ts';
import type { CountdownStatus } from '../../workflows/messages.ts';
import { ApiError } from '../api/errors.ts';
import type { AppContext, AppEnv } from '../api/route.ts';
import { actRequest } from '../api/schemas.ts';
import { CountdownFailure, type CountdownSummary, type StepProgress } from '../countdowns.ts';
import { decide } from '../deciding.ts';
import { assertOwnForm, assertSameOriginOf, cookieName } from '../identity/guard.ts';
import type { Outcome } from '../identity/sessions.ts';
import { hashOf } from '../identity/tokens.ts';
import { readLeftovers, type Leftovers } from '../leftovers.ts';
import { releaseNameOf } from '../release-name.ts';
import type { World } from '../world.ts';
import { checkpointPage } from './checkpoint-page.ts';
import { loginPage } from './login-page.ts';
import { releasePage } from './release-page.ts';
import { mayShow, readFilter, waitsFor } from './releases-filter.ts';
import { releasesPage, type ReleaseRow } from './releases-page.ts';
import { sentenceCase } from './sentence.ts';

// Details of a row cost one query each; more rows than fit a screen show what visibility knows.
const DETAILED_ROWS = 25;

export function pageRoutes(app: Hono<AppEnv>, world: World): void {
  const { countdowns, sessions, identity, now, links } = world;
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

  app.get('/', async (c) => {
    const { principal } = c.get('visitor');
    const filter = readFilter(c.req.query());
    const { items, nextPage } = await countdowns.list(c.req.query('page') || null);
    const found = items.filter((summary) => mayShow(summary, filter));
    const rows = await Promise.all(
      found.map(async (summary, index): Promise<ReleaseRow> => ({
        summary,
        status: index < DETAILED_ROWS ? await statusOrNull(summary) : null,
      })),
    );
    const shown = filter.waitsForMe ? rows.filter(({ status }) => waitsFor(status, principal)) : rows;
    return c.html(
      releasesPage({ rows: shown, filter, nextPage, leftovers: await leftoversOrNull(), visitor: c.get('visitor'), nowMs: now() }),
    );
  });

  app.get('/r/:name', async (c) => c.html(releasePage(await viewOf(c))));

  app.get('/r/:name/checkpoints/:checkpoint', async (c) => {
    const view = await viewOf(c, c.req.param('checkpoint'));
    return c.html(checkpointPage({ ...view, checkpoint: findCheckpoint(view.status, c.req.param('checkpoint')) }));
  });

  app.get('/r/:name/evidence/:digest', async (c) => c.html(evidencePage(await lookAt(world, c, c.req.param('digest')))));

  app.get('/r/:name/events', async (c) => {
    // The head before the records: those may only have grown meanwhile.
    const status = await countdowns.status(releaseNameOf(c));
    const audit = await countdowns.audit(status.release);
    return c.html(eventsPage({ status, audit, by: readBy(c.req.query('by')), visitor: c.get('visitor') }));
  });

  app.get('/r/:name/report', (c) => world.report(c, releaseNameOf(c)));

  app.post('/r/:name/acts', async (c) => {
    const form = await formOf(c);
    const { csrf = '', ...said } = form;
    const session = assertOwnForm(c, csrf, https);
    const name = releaseNameOf(c);
    const parsed = actRequest.safeParse({ ...withoutEmpty(said), revision: Number(said['revision'] ?? 0) });
    if (!parsed.success) throw new ApiError('InvalidRequest', 'the form has the wrong shape', 'reload the page and decide again');
    const { action, checkpoint, comment, finding } = parsed.data;
    const decision = action === 'approve' || action === 'reject' || action === 'waive';
    const at = pathOf(name, decision && checkpoint !== '' ? checkpoint : null);
    try {
      const { sentence } = await decide(world, name, parsed.data, c.get('visitor').principal);
      session.outcome = { at, text: `${sentenceCase(sentence)}.`, tone: 'go' };
    } catch (error) {
      if (!(error instanceof CountdownFailure) || error.code === 'NotFound') throw error;
      const draft = { action, comment, ...(finding === undefined ? {} : { finding }) };
      session.outcome = { at, text: notCounted(error), tone: 'no-go', draft };
    }
    // Refused or not, the answer is an address to read: reloading it and following it live ask for a page and send nothing again.
    return c.redirect(at, 303);
  });

  async function viewOf(c: AppContext, checkpoint: string | null = null) {
    const status = await countdowns.status(releaseNameOf(c));
    const progress = await progressOrNone(status);
    // Taken last: a page that cannot be shown must not swallow it.
    const outcome = takeOutcome(c, pathOf(status.release, checkpoint));
    return { status, progress, visitor: c.get('visitor'), nowMs: now(), notice: outcome, draft: outcome?.draft };
  }

  function takeOutcome(c: AppContext, at: string): Outcome | undefined {
    const { session } = c.get('visitor');
    if (session?.outcome?.at !== at) return undefined;
    const { outcome } = session;
    delete session.outcome;
    return outcome;
  }

  /** A folder that cannot be read is a notice on the page, which still lists the releases. */
  async function leftoversOrNull(): Promise<Leftovers | null> {
    try {
      return await readLeftovers(world);
    } catch (error) {
      world.onFault(error);
      return null;
    }
  }

  /** One countdown that cannot be read must not take the list with it. */
  async function statusOrNull({ release }: CountdownSummary): Promise<CountdownStatus | null> {
    try {
      return await countdowns.status(release);
    } catch (error) {
      if (!(error instanceof CountdownFailure)) world.onFault(error);
      return null;
    }
  }

  /** Progress is a comfort; a page without it still says what counts. */
  async function progressOrNone(status: CountdownStatus): Promise<StepProgress[]> {
    try {
      return await countdowns.progress(status);
    } catch (error) {
      if (!(error instanceof CountdownFailure)) world.onFault(error);
      return [];
    }
  }
}

/** The hints of failures speak of commands; here the page itself is what to read next. */
function notCounted({ code, message }: CountdownFailure): string {
  if (code === 'Refused') return `Not counted: ${message}. This page shows what stands now.`;
  return `${sentenceCase(message)}. Reload this page before you decide again.`;
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

/** Address of a release's page, or of that of one of its checkpoints. */
const pathOf = (release: string, checkpoint: string | null): string =>
  `/r/${release}${checkpoint === null ? '' : `/checkpoints/${encodeURIComponent(checkpoint)}`}`;

async function formOf(c: AppContext): Promise<Record<string, string>> {
  const body = await c.req.parseBody();
  return Object.fromEntries(Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** Empty inputs are sent by browsers; to the API they are absent. */
function withoutEmpty(form: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(form).filter(([, value]) => value !== ''));
}
