// The HTTP server of Tminus: security headers, host, body size and authentication, then API and pages. GET is read-only.
import { Hono } from 'hono';
import type { EvidenceFolder } from '../activities/evidence/evidence-folder.ts';
import { createFolderEvidenceStore } from '../activities/evidence/folder-store.ts';
import type { StartPolicy } from '../release/start-policy.ts';
import { problemOfFile } from '../release/problem.ts';
import type { ApiRoute } from './api/route.ts';
import { apiRoutes } from './api/routes.ts';
import { figuresApart } from './evidence/figures-apart.ts';
import { createSessions } from './identity/sessions.ts';
import type { Signer } from './identity/signing.ts';
import type { Identity } from './identity/tokens.ts';
import { assets, assetRoutes } from './pages/assets.ts';
import { errorPage } from './pages/error-page.ts';
import { pageRoutes } from './pages/routes.ts';
import { speedscopeRoutes } from './pages/speedscope.ts';
import { reportOf } from './report/report-of.ts';
import { assertBearer, authenticateVisitor } from './request/authenticate.ts';
import type { AppContext, AppEnv } from './request/context.ts';
import { ApiError, apiErrorOf, errorBody, headersOf, statusOf } from './request/refusal.ts';
import { cappedBody, knownHost, noStore, safeHeaders } from './request/safety.ts';
import type { Dependencies } from './request/dependencies.ts';
import { CountdownFailure, type Countdowns } from './temporal/countdowns.ts';
import { createLive } from './temporal/live.ts';
import { withRecords } from './temporal/recorded.ts';

export interface AppOptions {
  countdowns: Countdowns;
  /** The evidence folder. */
  evidencePath: string;
  folder: EvidenceFolder;
  startPolicy: StartPolicy;
  identity: Identity;
  signer: Signer;
  /** Address of this server for people: `http://127.0.0.1:7480`. With https, cookies are Secure. */
  links: { pageBase: string };
  /** Accepted Host headers besides that of `pageBase`. */
  hosts?: readonly string[];
  /** Whether the server is reachable from this machine only. Default: reachable from others. */
  loopback?: boolean;
  now?: () => number;
  log?: (line: string) => void;
  onFault?: (error: unknown) => void;
}

export function createApp(options: AppOptions): Hono<AppEnv> {
  const {
    evidencePath,
    folder,
    startPolicy,
    identity,
    signer,
    links,
    hosts = [],
    loopback = false,
    now = Date.now,
    log = (line) => console.log(line),
    onFault = (error) => console.error(error),
  } = options;
  const evidence = createFolderEvidenceStore(evidencePath, { now: () => new Date(now()) });
  const countdowns = withRecords(options.countdowns, folder, evidence);
  const https = links.pageBase.startsWith('https:');
  const sessions = createSessions(now);
  const figures = figuresApart(evidencePath);
  const dependencies: Dependencies = {
    countdowns,
    evidence,
    folder,
    figures,
    startPolicy,
    identity,
    signer,
    sessions,
    links,
    loopback,
    now,
    log,
    onFault,
    live: createLive({ countdowns, onFault }),
    report: reportOf({ countdowns, figures, now }),
  };
  const api = apiRoutes(dependencies);
  const open = new Set([
    '/login',
    ...assets.map(({ path }) => path),
    ...api.filter(({ access }) => access === 'anyone').map(({ path }) => path),
  ]);

  const app = new Hono<AppEnv>();
  app.use('*', safeHeaders({ https }), noStore);
  app.use('*', knownHost([new URL(links.pageBase).host, ...hosts]));
  app.use('*', cappedBody);
  app.use('*', authenticateVisitor({ identity, sessions, https, isOpen: (path) => open.has(path) }));
  for (const route of api) app.on(route.method.toUpperCase(), route.path, async (c) => await runRoute(route, c));
  assetRoutes(app);
  speedscopeRoutes(app);
  pageRoutes(app, dependencies);
  app.notFound((c) => answerError(c, new ApiError('NotFound', 'there is no page at this address', 'the list of releases is at /')));
  app.onError((error, c) => {
    if (!(error instanceof ApiError) && !(error instanceof CountdownFailure)) onFault(error);
    return answerError(c, apiErrorOf(error));
  });
  return app;
}

async function runRoute(route: ApiRoute, c: AppContext): Promise<Response> {
  if (route.access === 'bearer') assertBearer(c);
  return await route.handle(c, route.body ? await bodyOf(route.body, c) : undefined);
}

async function bodyOf(schema: NonNullable<ApiRoute['body']>, c: AppContext): Promise<unknown> {
  const text = await c.req.text();
  let sent: unknown;
  try {
    sent = JSON.parse(text);
  } catch {
    throw new ApiError('InvalidRequest', 'the request body is not JSON', 'send application/json as described in /api/v1/openapi.json');
  }
  const parsed = schema.safeParse(sent);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => ({
    ...problemOfFile('body', message),
    path: path.join('.'),
    text: `${path.join('.') || 'body'}: ${message}`,
  }));
  throw new ApiError(
    'InvalidRequest',
    problems[0]?.text ?? 'the request body does not match the schema',
    'send a body as described in /api/v1/openapi.json',
    problems,
  );
}

/** JSON for programs and a page for browsers, with the same message and hint. */
function answerError(c: AppContext, error: ApiError): Response | Promise<Response> {
  const headers = headersOf(error);
  const program = c.req.path.startsWith('/api/') || c.req.path === '/healthz' || !(c.req.header('accept') ?? '').includes('text/html');
  if (program) return c.json(errorBody(error), statusOf(error), headers);
  return c.html(errorPage(error, c.get('visitor') ?? null), statusOf(error), headers);
}
