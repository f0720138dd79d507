// The HTTP API, one row per route. Each row says who may, what goes in, what comes out and what it does.
import { readDuration } from '../../release/duration.ts';
import { verifyChain } from '../../verdict/audit-chain.ts';
import { shownVerdict } from '../../verdict/words.ts';
import type { CountdownStatus } from '../../workflows/messages.ts';
import type { CountdownSummary } from '../countdowns.ts';
import { decide, type Decided } from '../deciding.ts';
import { readLeftovers } from '../leftovers.ts';
import { prune } from '../pruning.ts';
import { releaseNameOf } from '../release-name.ts';
import { submit } from '../submission.ts';
import type { World } from '../world.ts';
import { ApiError } from './errors.ts';
import { followEvents, followStatus, sendEvidence } from './streams.ts';
import { openApi } from './openapi.ts';
import { route, type ApiRoute, type AppContext } from './route.ts';
import {
  actRequest,
  actResultSchema,
  clockRequest,
  clockResultSchema,
  API_VERSION,
  eventListSchema,
  healthSchema,
  holdRequest,
  leftoverListSchema,
  planSchema,
  progressSchema,
  pruneRequest,
  pruneResultSchema,
  releaseListSchema,
  releaseStatusSchema,
  startRequest,
  whoamiSchema,
  type ActRequest,
} from './schemas.ts';

const NAMED = '/api/v1/releases/:name';

export function apiRoutes(world: World): ApiRoute[] {
  const { countdowns, links } = world;
  const nameOf = releaseNameOf;
  const page = (name: string): { page: string } => ({ page: `${links.pageBase}/r/${encodeURIComponent(name)}` });

  const statusBody = (status: CountdownStatus) => {
    const revision = status.checkpoints.find(({ name }) => name === status.current)?.revision ?? 0;
    const { page: pageLink } = page(status.release);
    return releaseStatusSchema.parse({
      apiVersion: API_VERSION,
      kind: 'ReleaseStatus',
      metadata: { name: status.release, revision },
      ...status,
      verdict: shownVerdict(status.verdict, status.ending !== undefined),
      links: { page: pageLink, report: `${pageLink}/report` },
    });
  };

  const answerAct = async (c: AppContext, request: ActRequest): Promise<Response> => {
    const name = nameOf(c);
    const decided: Decided = await decide(world, name, request, c.get('visitor').principal);
    const { sentence, phase, revision } = decided;
    // 202: handed over and durable, but nobody has read it yet.
    return c.json(
      actResultSchema.parse({
        apiVersion: API_VERSION,
        kind: 'ActResult',
        metadata: { name, revision },
        action: request.action,
        sentence,
        phase,
        links: page(name),
      }),
      phase === null ? 202 : 200,
    );
  };

  const routes: ApiRoute[] = [
    route({
      method: 'post',
      path: '/api/v1/releases',
      operationId: 'startRelease',
      summary: 'Start a countdown; the same start again answers the one that runs, another one of its name is refused',
      access: 'bearer',
      body: startRequest,
      answers: {
        200: { description: 'Planned only, or already running', name: 'ReleasePlan', schema: planSchema },
        201: { description: 'Started', name: 'ReleasePlan', schema: planSchema },
      },
      async handle(c, body) {
        const plan = await submit(world, body, c.get('visitor').principal);
        return c.json(
          planSchema.parse({
            apiVersion: API_VERSION,
            kind: 'ReleasePlan',
            metadata: { name: plan.release },
            started: plan.started,
            launchAt: plan.launchAt,
            checkpoints: plan.checkpoints,
            links: page(plan.release),
          }),
          plan.started === 'started' ? 201 : 200,
        );
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/releases',
      operationId: 'listReleases',
      summary: 'All countdowns, running ones first',
      access: 'reader',
      query: { phase: 'Only those in this phase', page: '`nextPage` of the page before; left out for the first, which has all that run' },
      answers: { 200: { description: 'The list', name: 'ReleaseList', schema: releaseListSchema } },
      async handle(c) {
        const phase = c.req.query('phase');
        const { items, nextPage } = await countdowns.list(c.req.query('page') ?? null);
        const found = items.filter((each) => phase === undefined || each.phase === phase);
        const item = ({ release, running, verdict, ...said }: CountdownSummary) => ({
          ...said,
          verdict: verdict && shownVerdict(verdict, !running),
          name: release,
          state: running ? ('running' as const) : ('ended' as const),
          links: page(release),
        });
        return c.json(releaseListSchema.parse({ apiVersion: API_VERSION, kind: 'ReleaseList', items: found.map(item), nextPage }));
      },
    }),
    route({
      method: 'get',
      path: NAMED,
      operationId: 'readRelease',
      summary: 'Verdict, reasons, checkpoints, findings, approvals',
      access: 'reader',
      answers: { 200: { description: 'The status', name: 'ReleaseStatus', schema: releaseStatusSchema } },
      handle: async (c) => c.json(statusBody(await countdowns.status(nameOf(c)))),
    }),
    route({
      method: 'get',
      path: `${NAMED}/progress`,
      operationId: 'readProgress',
      summary: 'What the running steps last said of themselves',
      access: 'reader',
      answers: { 200: { description: 'Progress', name: 'ReleaseProgress', schema: progressSchema } },
      async handle(c) {
        const status = await countdowns.status(nameOf(c));
        const items = await countdowns.progress(status);
        return c.json(
          progressSchema.parse({ apiVersion: API_VERSION, kind: 'ReleaseProgress', metadata: { name: status.release }, items }),
        );
      },
    }),
    route({
      method: 'get',
      path: `${NAMED}/events`,
      operationId: 'readEvents',
      summary: 'The audit chain, verified; with follow=1 new records as server-sent events',
      access: 'reader',
      query: { follow: '1 for server-sent events' },
      answers: { 200: { description: 'The audit', name: 'EventList', schema: eventListSchema } },
      async handle(c) {
        const name = nameOf(c);
        if (c.req.query('follow') !== undefined) return followEvents(world, c, name);
        const items = await countdowns.audit(name);
        const checked = verifyChain(items);
        const chain = checked.ok
          ? { state: 'verified', sentence: `${checked.records} records form one chain; its head is ${checked.head.hash}` }
          : { state: 'broken', sentence: checked.sentence };
        return c.json(eventListSchema.parse({ apiVersion: API_VERSION, kind: 'EventList', metadata: { name }, chain, items }));
      },
    }),
    route({
      method: 'get',
      path: `${NAMED}/stream`,
      operationId: 'followRelease',
      summary: 'The status at every change, as server-sent events named `status`; `failure` when it cannot be read',
      access: 'reader',
      answers: { 200: { description: 'Server-sent events', mediaType: 'text/event-stream' } },
      handle: (c) => followStatus(world, c, nameOf(c), statusBody),
    }),
    route({
      method: 'post',
      path: `${NAMED}/acts`,
      operationId: 'act',
      summary: 'Approve, reject, hold, resume, recycle, retry, waive or abort',
      access: 'bearer',
      body: actRequest,
      answers: {
        200: { description: 'It counts', name: 'ActResult', schema: actResultSchema },
        202: { description: 'A hold or an abort: handed over', name: 'ActResult', schema: actResultSchema },
      },
      handle: answerAct,
    }),
    route({
      method: 'post',
      path: `${NAMED}/hold`,
      operationId: 'hold',
      summary: 'Stop the clock; lands with all workers down',
      access: 'bearer',
      body: holdRequest,
      answers: { 202: { description: 'Handed over', name: 'ActResult', schema: actResultSchema } },
      handle: (c, { reason }) =>
        answerAct(c, { id: crypto.randomUUID(), action: 'hold', checkpoint: '', revision: 0, evidenceDigest: '', comment: reason }),
    }),
    route({
      method: 'post',
      path: `${NAMED}/clock`,
      operationId: 'advanceClock',
      summary: 'Let the virtual clock of a rehearsal run ahead; answers before it has arrived',
      access: 'bearer',
      body: clockRequest,
      answers: { 202: { description: 'The clock runs', name: 'ClockResult', schema: clockResultSchema } },
      async handle(c, { ahead }) {
        const name = nameOf(c);
        const reading = readDuration(ahead);
        if (!reading.ok) throw new ApiError('InvalidRequest', reading.why, 'write a length of time such as 71h or 30m');
        await countdowns.advance(name, reading.ms);
        return c.json(
          clockResultSchema.parse({
            apiVersion: API_VERSION,
            kind: 'ClockResult',
            metadata: { name },
            aheadMs: reading.ms,
            links: page(name),
          }),
          202,
        );
      },
    }),
    route({
      method: 'get',
      path: `${NAMED}/report`,
      operationId: 'readReport',
      summary: 'The whole countdown as one HTML file that needs no network',
      access: 'reader',
      answers: { 200: { description: 'HTML', mediaType: 'text/html' } },
      handle: (c) => world.report(c, nameOf(c)),
    }),
    route({
      method: 'get',
      path: '/api/v1/leftovers',
      operationId: 'listLeftovers',
      summary: 'What stands: effects that are not restored and not settled, by service',
      access: 'reader',
      answers: { 200: { description: 'The list', name: 'LeftoverList', schema: leftoverListSchema } },
      handle: async (c) =>
        c.json(leftoverListSchema.parse({ apiVersion: API_VERSION, kind: 'LeftoverList', ...(await readLeftovers(world)) })),
    }),
    route({
      method: 'post',
      path: '/api/v1/evidence/prune',
      operationId: 'pruneEvidence',
      summary: 'Remove evidence by age, never what an open countdown, an undo or the last good release names; for who may start countdowns',
      access: 'bearer',
      body: pruneRequest,
      answers: { 200: { description: 'Removed, or counted by a dry run', name: 'PruneResult', schema: pruneResultSchema } },
      async handle(c, body) {
        const pruned = await prune(world, body, c.get('visitor').principal);
        return c.json(pruneResultSchema.parse({ apiVersion: API_VERSION, kind: 'PruneResult', dryRun: body.dryRun, ...pruned }));
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/evidence/:digest',
      operationId: 'readEvidence',
      summary: 'The bytes a finding was made from, as they were captured',
      access: 'reader',
      answers: { 200: { description: 'Bytes', mediaType: 'application/octet-stream' } },
      handle: (c) => sendEvidence(world, c, c.req.param('digest') ?? ''),
    }),
    route({
      method: 'get',
      path: '/api/v1/whoami',
      operationId: 'whoami',
      summary: 'Who this token belongs to',
      access: 'reader',
      answers: { 200: { description: 'The person', name: 'Principal', schema: whoamiSchema } },
      handle: (c) => c.json(whoamiSchema.parse({ apiVersion: API_VERSION, kind: 'Principal', principal: c.get('visitor').principal })),
    }),
    route({
      method: 'get',
      path: '/api/v1/openapi.json',
      operationId: 'readOpenApi',
      summary: 'This description',
      access: 'reader',
      answers: { 200: { description: 'OpenAPI 3.1', mediaType: 'application/json' } },
      handle: (c) => c.json(openApi(routes, links.pageBase)),
    }),
    route({
      method: 'get',
      path: '/healthz',
      operationId: 'health',
      summary: 'The server answers (it says nothing of Temporal)',
      access: 'anyone',
      answers: { 200: { description: 'It does', name: 'Health', schema: healthSchema } },
      handle: (c) => c.json(healthSchema.parse({ apiVersion: API_VERSION, kind: 'Health', status: 'ok' })),
    }),
  ];
  return routes;
}
