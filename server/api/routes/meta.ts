// Routes about the server itself: who asks, what the API is, whether it answers.
import { API_VERSION } from '../../../release/release.ts';
import { openApi } from '../openapi.ts';
import { route, type ApiRoute } from '../route.ts';
import { healthSchema, whoamiSchema } from '../schemas.ts';
import type { World } from '../../request/world.ts';

export function whoami(): ApiRoute {
  return route({
    method: 'get',
    path: '/api/v1/whoami',
    operationId: 'whoami',
    summary: 'Who this token belongs to',
    access: 'reader',
    answers: { 200: { description: 'The person', name: 'Principal', schema: whoamiSchema } },
    handle: (c) => c.json(whoamiSchema.parse({ apiVersion: API_VERSION, kind: 'Principal', principal: c.get('visitor').principal })),
  });
}

/** @param routes all routes, this one, too */
export function readOpenApi(world: World, routes: () => readonly ApiRoute[]): ApiRoute {
  return route({
    method: 'get',
    path: '/api/v1/openapi.json',
    operationId: 'readOpenApi',
    summary: 'This description',
    access: 'reader',
    answers: { 200: { description: 'OpenAPI 3.1', mediaType: 'application/json' } },
    handle: (c) => c.json(openApi(routes(), world.links.pageBase)),
  });
}

export function health(): ApiRoute {
  return route({
    method: 'get',
    path: '/healthz',
    operationId: 'health',
    summary: 'The server answers (it says nothing of Temporal)',
    access: 'anyone',
    answers: { 200: { description: 'It does', name: 'Health', schema: healthSchema } },
    handle: (c) => c.json(healthSchema.parse({ apiVersion: API_VERSION, kind: 'Health', status: 'ok' })),
  });
}
