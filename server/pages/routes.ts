// The pages: what people read, and the forms they send. Every state has an address; only POST changes anything.
import type { Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { UnreadableEvidence } from '../../analysis/analysis.ts';
import { figuresOf } from '../evidence-figures.ts';
import { evidencePage } from './evidence-page.ts';
import { findCheckpoint } from './find-checkpoint.ts';
import type { CountdownStatus } from '../../workflows/messages.ts';
import { apiErrorOf, ApiError, headersOf, statusOf } from '../api/errors.ts';
import type { AppContext, AppEnv } from '../api/route.ts';
import { actRequest } from '../api/schemas.ts';
import { CountdownFailure, type CountdownSummary, type StepProgress } from '../countdowns.ts';
import { decide } from '../deciding.ts';
import { assertOwnForm, assertSameOriginOf, cookieName } from '../identity/guard.ts';
import type { Markup } from '../markup.ts';
import { releaseNameOf } from '../release-name.ts';
import type { World } from '../world.ts';
import { checkpointPage } from './checkpoint-page.ts';
import type { PageFrame } from './layout.ts';
import { loginPage } from './login-page.ts';
import { releasePage } from './release-page.ts';
import { releasesPage, type ReleaseRow } from './releases-page.ts';
import { sentenceCase } from './sentence.ts';

// Details of a row cost one query each; more rows than fit a screen show what visibility knows.
const DETAILED_ROWS = 25;

export function pageRoutes(app: Hono<AppEnv>, world: World): void {
  const { countdowns, sessions, identity, now, links } = world;
  const https = links.pageBase.startsWith('https:');
  const cookie = cookieName(https);

  app.get('/login', (c) => c.html(loginPage(ownPath(c.req.query('next')), null)));

  app.post('/login', async (c) => {
    assertSameOriginOf(c, https);
    const form = await formOf(c);
    const next = ownPath(form['next']);
    const principal = await identity.authenticate((form['token'] ?? '').trim());
    if (!principal) return c.html(loginPage(next, 'That token is not known here. Ask whoever runs this server for one.'), 401);
    const { id } = sessions.open(principal);
    setCookie(c, cookie, id, { httpOnly: true, sameSite: 'Strict', path: '/', secure: https });
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
    const found = await countdowns.list();
    const rows = await Promise.all(
      found.map(async (summary, index): Promise<ReleaseRow> => ({
        summary,
        status: index < DETAILED_ROWS ? await statusOrNull(summary) : null,
      })),
    );
    return c.html(releasesPage(rows, c.get('visitor'), now()));
  });

  app.get('/r/:name', async (c) => {
    const view = await viewOf(c, takeNotice(c));
    return c.html(releasePage(view));
  });

  app.get('/r/:name/checkpoints/:checkpoint', async (c) => c.html(await checkpointMarkup(c, c.req.param('checkpoint'), takeNotice(c))));

  app.get('/r/:name/evidence/:digest', async (c) => c.html(await evidenceMarkup(c, c.req.param('digest'))));

  app.get('/r/:name/report', (c) => world.report(c, releaseNameOf(c)));

  app.post('/r/:name/acts', async (c) => {
    const form = await formOf(c);
    const { csrf = '', ...said } = form;
    const session = assertOwnForm(c, csrf, https);
    const name = releaseNameOf(c);
    const parsed = actRequest.safeParse({ ...withoutEmpty(said), revision: Number(said['revision'] ?? 0) });
    const back = `/r/${name}/checkpoints/${encodeURIComponent(said['checkpoint'] ?? '')}`;
    if (!parsed.success) throw new ApiError('InvalidRequest', 'the form has the wrong shape', 'reload the page and decide again');
    try {
      const { sentence } = await decide(world, name, parsed.data, session.principal);
      session.notice = `${sentenceCase(sentence)}.`;
    } catch (error) {
      const failure = apiErrorOf(error);
      if (failure.code !== 'Refused' && failure.code !== 'OutcomeUnknown') throw error;
      return c.html(
        await checkpointMarkup(c, parsed.data.checkpoint, { text: notCounted(failure), tone: 'no-go' }),
        statusOf(failure),
        headersOf(failure),
      );
    }
    const decision = parsed.data.action === 'approve' || parsed.data.action === 'reject' || parsed.data.action === 'waive';
    return c.redirect(decision ? back : `/r/${name}`, 303);
  });

  async function viewOf(c: AppContext, notice: PageFrame['notice']) {
    const status = await countdowns.status(releaseNameOf(c));
    return { status, progress: await progressOrNone(status), visitor: c.get('visitor'), nowMs: now(), notice };
  }

  async function checkpointMarkup(c: AppContext, name: string, notice: PageFrame['notice']): Promise<Markup> {
    const view = await viewOf(c, notice);
    return checkpointPage({ ...view, checkpoint: findCheckpoint(view.status, name) });
  }

  async function evidenceMarkup(c: AppContext, digest: string): Promise<Markup> {
    const release = releaseNameOf(c);
    const { checkpoints } = await countdowns.status(release);
    const all = checkpoints.flatMap(({ name, steps }) =>
      steps.flatMap((step) => step.evidence.map((ref) => ({ ref, where: `${name} / ${step.name}` }))),
    );
    const found = all.find(({ ref }) => ref.digest === digest);
    if (!found) throw new ApiError('NotFound', `${release} has no evidence ${digest}`, 'its pages link to all it has');
    const { ref, where } = found;
    const alike = all.map((each) => each.ref).filter((each) => each.kind === ref.kind && each.digest !== digest);
    const before = alike.find((each) => each.digest === c.req.query('before')) ?? null;
    const at = /^[0-9.]{0,400}$/.exec(c.req.query('at') ?? '')?.[0] ?? '';
    const linkOf = (path: string) =>
      `/r/${release}/evidence/${digest}?${new URLSearchParams({ at: path, ...(before === null ? {} : { before: before.digest }) }).toString()}`;
    const figures = await figuresOf(ref, world.evidence, { linkOf, at, before, sampleType: null }).catch((error: unknown) => {
      // Damaged or missing bytes are what the page then says; anything else is a fault.
      if (error instanceof UnreadableEvidence || (error instanceof Error && error.name.startsWith('Evidence'))) return error.message;
      throw error;
    });
    return evidencePage({ release, where, ref, figures, at, others: alike, before, visitor: c.get('visitor') });
  }

  function takeNotice(c: AppContext): PageFrame['notice'] {
    const { session } = c.get('visitor');
    if (!session?.notice) return undefined;
    const { notice: text } = session;
    delete session.notice;
    return { text, tone: 'go' };
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
function notCounted({ code, message }: ApiError): string {
  if (code === 'OutcomeUnknown') return `${sentenceCase(message)}. Reload this page before you decide again.`;
  return `Not counted: ${message}. This page shows what stands now.`;
}

/** Where to go after signing in: a path of this server, never another one (`//elsewhere` is another one, too). */
function ownPath(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])/.test(next) ? next : '/';
}

async function formOf(c: AppContext): Promise<Record<string, string>> {
  const body = await c.req.parseBody();
  return Object.fromEntries(Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** Empty inputs are sent by browsers; to the API they are absent. */
function withoutEmpty(form: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(form).filter(([, value]) => value !== ''));
}
