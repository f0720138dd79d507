// Routes of the evidence folder: open undos in its journal, reading a piece, and pruning.
import { API_VERSION } from '../../../release/release.ts';
import { prune } from '../../actions/prune.ts';
import { pruneRequest } from '../../actions/requests.ts';
import { route, type ApiRoute } from '../route.ts';
import { leftoverListSchema, pruneResultSchema } from '../schemas.ts';
import { sendEvidence } from '../streams.ts';
import type { Dependencies } from '../../request/dependencies.ts';
import { readLeftovers } from '../../temporal/leftovers.ts';

export function listLeftovers(dependencies: Dependencies): ApiRoute {
  return route({
    method: 'get',
    path: '/api/v1/leftovers',
    operationId: 'listLeftovers',
    summary: 'List effects that are neither restored nor settled, by service',
    access: 'reader',
    answers: { 200: { description: 'The list', name: 'LeftoverList', schema: leftoverListSchema } },
    handle: async (c) =>
      c.json(leftoverListSchema.parse({ apiVersion: API_VERSION, kind: 'LeftoverList', ...(await readLeftovers(dependencies)) })),
  });
}

export function pruneEvidence(dependencies: Dependencies): ApiRoute {
  return route({
    method: 'post',
    path: '/api/v1/evidence/prune',
    operationId: 'pruneEvidence',
    summary: 'Remove old evidence that no open countdown, undo or last good release references; requires the right to start countdowns',
    access: 'bearer',
    body: pruneRequest,
    answers: { 200: { description: 'Removed pieces; counted only in a dry run', name: 'PruneResult', schema: pruneResultSchema } },
    async handle(c, body) {
      const pruned = await prune(dependencies, body, c.get('visitor').principal);
      return c.json(pruneResultSchema.parse({ apiVersion: API_VERSION, kind: 'PruneResult', dryRun: body.dryRun, ...pruned }));
    },
  });
}

export function readEvidence(dependencies: Dependencies): ApiRoute {
  return route({
    method: 'get',
    path: '/api/v1/evidence/:digest',
    operationId: 'readEvidence',
    summary: 'Download a piece of evidence as it was captured',
    access: 'reader',
    answers: { 200: { description: 'Bytes', mediaType: 'application/octet-stream' } },
    handle: (c) => sendEvidence(dependencies, c, c.req.param('digest') ?? ''),
  });
}
