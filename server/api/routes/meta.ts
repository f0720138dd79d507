// Routes about the server itself: identity of the caller, OpenAPI, health.
import { API_VERSION } from '../../../release/release.ts';
import { openApi } from '../openapi.ts';
import { route, type ApiRoute } from '../route.ts';
import { healthSchema, whoamiSchema } from '../schemas.ts';
import type { Dependencies } from '../../request/dependencies.ts';

export function whoami(): ApiRoute {
  return route({
    method: 'get',
    path: '/api/v1/whoami',
    operationId: 'whoami',
    summary: 'Show the principal of this token',
    access: 'reader',
    answers: { 200: { description: 'The principal', name: 'Principal', schema: whoamiSchema } },
    handle: (c) => c.json(whoamiSchema.parse({ apiVersion: API_VERSION, kind: 'Principal', principal: c.get('visitor').principal })),
  });
}

/** @param routes all routes, this one included */
export function readOpenApi(dependencies: Dependencies, routes: () => readonly ApiRoute[]): ApiRoute {
  return route({
    method: 'get',
    path: '/api/v1/openapi.json',
    operationId: 'readOpenApi',
    summary: 'Read the OpenAPI description of this API',
    access: 'reader',
    answers: { 200: { description: 'OpenAPI 3.1', mediaType: 'application/json' } },
    handle: (c) => c.json(openApi(routes(), dependencies.links.pageBase)),
  });
}

export function health(): ApiRoute {
  return route({
    method: 'get',
    path: '/healthz',
    operationId: 'health',
    summary: 'Liveness of the server; does not check Temporal',
    access: 'anyone',
    answers: { 200: { description: 'The server is up', name: 'Health', schema: healthSchema } },
    handle: (c) => c.json(healthSchema.parse({ apiVersion: API_VERSION, kind: 'Health', status: 'ok' })),
  });
}
