import { z } from 'zod';
import type { Answer, ApiRoute } from './route.ts';
import { errorSchema } from './schemas.ts';

interface Operation {
  operationId: string;
  summary: string;
  security: Record<string, string[]>[];
  parameters: object[];
  requestBody?: object;
  responses: Record<string, object>;
}

/** OpenAPI 3.1 document of the routes, generated from the schemas that validate the requests. */
export function openApi(routes: readonly ApiRoute[], serverUrl: string): object {
  const schemas: Record<string, unknown> = { Error: jsonSchema(errorSchema, 'output') };
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes) {
    for (const { name, schema } of Object.values(route.answers)) if (name && schema) schemas[name] = jsonSchema(schema, 'output');
    const path = (paths[openApiPath(route.path)] ??= {});
    path[route.method] = operationOf(route);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Tminus', version: 'v1alpha1', description: 'Countdowns: start, watch and decide.' },
    servers: [{ url: serverUrl }],
    paths,
    components: {
      schemas,
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, session: { type: 'apiKey', in: 'cookie', name: 'tminus' } },
    },
  };
}

const openApiPath = (path: string): string => path.replaceAll(/:(\w+)/g, '{$1}');

const security: Record<ApiRoute['access'], Record<string, string[]>[]> = {
  anyone: [],
  reader: [{ bearer: [] }, { session: [] }],
  bearer: [{ bearer: [] }],
};

function operationOf(route: ApiRoute): Operation {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
  const inQuery = Object.entries(route.query ?? {}).map(([name, description]) => ({
    name,
    in: 'query',
    required: false,
    description,
    schema: { type: 'string' },
  }));
  return {
    operationId: route.operationId,
    summary: route.summary,
    security: security[route.access],
    parameters: [...inPath, ...inQuery],
    ...(route.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(route.body, 'input') } } } }
      : {}),
    responses: {
      ...Object.fromEntries(Object.entries(route.answers).map(([status, answer]) => [status, responseOf(answer)])),
      default: {
        description: 'Error with code, message and hint',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  };
}

function responseOf({ description, name, schema, mediaType }: Answer): object {
  if (name && schema) return { description, content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } } };
  return mediaType ? { description, content: { [mediaType]: {} } } : { description };
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): unknown {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}
