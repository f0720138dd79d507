// Read-only routes of one countdown: status, progress, events and report.
import { API_VERSION } from '../../../release/release.ts';
import { verifyChain } from '../../../verdict/audit-chain.ts';
import { shownVerdict } from '../../../verdict/words.ts';
import type { CountdownStatus } from '../../../verdict/countdown-status.ts';
import { linksOf } from '../links.ts';
import { RELEASE_PATH, route, type ApiRoute } from '../route.ts';
import { eventListSchema, progressSchema, releaseStatusSchema } from '../schemas.ts';
import { followEvents, followStatus } from '../streams.ts';
import { releaseNameOf } from '../../request/release-name.ts';
import type { Dependencies } from '../../request/dependencies.ts';

export function readRelease(dependencies: Dependencies): ApiRoute {
  return route({
    method: 'get',
    path: RELEASE_PATH,
    operationId: 'readRelease',
    summary: 'Read the status: verdict, reasons, checkpoints, findings, approvals',
    access: 'reader',
    answers: { 200: { description: 'The status', name: 'ReleaseStatus', schema: releaseStatusSchema } },
    handle: async (c) => c.json(statusBody(dependencies, await dependencies.countdowns.status(releaseNameOf(c)))),
  });
}

export function readProgress(dependencies: Dependencies): ApiRoute {
  return route({
    method: 'get',
    path: `${RELEASE_PATH}/progress`,
    operationId: 'readProgress',
    summary: 'Read the latest heartbeats of the running steps',
    access: 'reader',
    answers: { 200: { description: 'Progress', name: 'ReleaseProgress', schema: progressSchema } },
    async handle(c) {
      const status = await dependencies.countdowns.status(releaseNameOf(c));
      const items = await dependencies.countdowns.progress(status);
      return c.json(progressSchema.parse({ apiVersion: API_VERSION, kind: 'ReleaseProgress', metadata: { name: status.release }, items }));
    },
  });
}

export function readEvents(dependencies: Dependencies): ApiRoute {
  return route({
    method: 'get',
    path: `${RELEASE_PATH}/events`,
    operationId: 'readEvents',
    summary: 'Read and verify the audit log; with follow=1 new records as server-sent events',
    access: 'reader',
    query: { follow: '1 for server-sent events' },
    answers: { 200: { description: 'The audit log', name: 'EventList', schema: eventListSchema } },
    async handle(c) {
      const name = releaseNameOf(c);
      if (c.req.query('follow') !== undefined) return followEvents(dependencies, c, name);
      const items = await dependencies.countdowns.audit(name);
      const checked = verifyChain(items);
      const chain = checked.ok
        ? { state: 'verified', message: `${checked.records} records form an unbroken hash chain; its head is ${checked.head.hash}` }
        : { state: 'broken', message: checked.message };
      return c.json(eventListSchema.parse({ apiVersion: API_VERSION, kind: 'EventList', metadata: { name }, chain, items }));
    },
  });
}

export function followRelease(dependencies: Dependencies): ApiRoute {
  return route({
    method: 'get',
    path: `${RELEASE_PATH}/stream`,
    operationId: 'followRelease',
    summary: 'Stream the status at every change as server-sent events named `status`, or `failure` when it cannot be read',
    access: 'reader',
    answers: { 200: { description: 'Server-sent events', mediaType: 'text/event-stream' } },
    handle: (c) => followStatus(dependencies, c, releaseNameOf(c), (status) => statusBody(dependencies, status)),
  });
}

export function readReport(dependencies: Dependencies): ApiRoute {
  return route({
    method: 'get',
    path: `${RELEASE_PATH}/report`,
    operationId: 'readReport',
    summary: 'Download the report: the whole countdown as one HTML file without external resources',
    access: 'reader',
    answers: { 200: { description: 'HTML', mediaType: 'text/html' } },
    handle: (c) => dependencies.report(c, releaseNameOf(c)),
  });
}

function statusBody(dependencies: Dependencies, status: CountdownStatus) {
  const revision = status.checkpoints.find(({ name }) => name === status.current)?.revision ?? 0;
  const { page } = linksOf(dependencies, status.release);
  return releaseStatusSchema.parse({
    apiVersion: API_VERSION,
    kind: 'ReleaseStatus',
    metadata: { name: status.release, revision },
    ...status,
    verdict: shownVerdict(status.verdict, status.ending !== undefined),
    links: { page, report: `${page}/report` },
  });
}
