// Routes that start a countdown and list all.
import { API_VERSION } from '../../../release/release.ts';
import { shownVerdict } from '../../../verdict/words.ts';
import { startRequest } from '../../actions/requests.ts';
import { submit } from '../../actions/start.ts';
import { linksOf } from '../links.ts';
import { route, type ApiRoute } from '../route.ts';
import { planSchema, releaseListSchema } from '../schemas.ts';
import type { Dependencies } from '../../request/dependencies.ts';
import type { CountdownSummary } from '../../temporal/countdowns.ts';

export function startRelease(dependencies: Dependencies): ApiRoute {
  return route({
    method: 'post',
    path: '/api/v1/countdowns',
    operationId: 'startRelease',
    summary: 'Start a countdown; idempotent for the same release file and launch time, refused for another one with the same name',
    access: 'bearer',
    body: startRequest,
    answers: {
      200: { description: 'Dry run, or already running', name: 'ReleasePlan', schema: planSchema },
      201: { description: 'Started', name: 'ReleasePlan', schema: planSchema },
    },
    async handle(c, body) {
      const plan = await submit(dependencies, body, c.get('visitor').principal);
      return c.json(
        planSchema.parse({
          apiVersion: API_VERSION,
          kind: 'ReleasePlan',
          metadata: { name: plan.release },
          started: plan.started,
          launchAt: plan.launchAt,
          checkpoints: plan.checkpoints,
          links: linksOf(dependencies, plan.release),
        }),
        plan.started === 'started' ? 201 : 200,
      );
    },
  });
}

export function listReleases(dependencies: Dependencies): ApiRoute {
  return route({
    method: 'get',
    path: '/api/v1/countdowns',
    operationId: 'listReleases',
    summary: 'List all countdowns, running ones first',
    access: 'reader',
    query: { phase: 'Filter by phase', page: '`nextPage` of the previous page; default: the first page, which has all running countdowns' },
    answers: { 200: { description: 'The list', name: 'ReleaseList', schema: releaseListSchema } },
    async handle(c) {
      const phase = c.req.query('phase');
      const { items, nextPage } = await dependencies.countdowns.list(c.req.query('page') ?? null);
      const found = items.filter((each) => phase === undefined || each.phase === phase);
      const item = ({ release, running, verdict, ...rest }: CountdownSummary) => ({
        ...rest,
        verdict: verdict && shownVerdict(verdict, !running),
        name: release,
        state: running ? ('running' as const) : ('ended' as const),
        links: linksOf(dependencies, release),
      });
      return c.json(releaseListSchema.parse({ apiVersion: API_VERSION, kind: 'ReleaseList', items: found.map(item), nextPage }));
    },
  });
}
