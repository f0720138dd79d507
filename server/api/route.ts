import type { z } from 'zod';
import type { AppContext } from '../request/context.ts';

/** Address of one release in the API. */
export const RELEASE_PATH = '/api/v1/releases/:name';

export interface Answer {
  description: string;
  /** Name among the OpenAPI components; absent for what is not JSON. */
  name?: string;
  schema?: z.ZodType;
  mediaType?: string;
}

/** One route of the API: what OpenAPI says of it and what it does stand in one place, so that neither can go stale. */
export interface ApiRoute<Body extends z.ZodType = z.ZodType> {
  method: 'get' | 'post';
  /** hono's spelling: `/api/v1/releases/:name`. */
  path: string;
  operationId: string;
  summary: string;
  /**
   * `anyone`: no identity. `reader`: any signed-in person, by token or session. `bearer`: token only, so that no page of another site can
   * ever make a browser do it.
   */
  access: 'anyone' | 'reader' | 'bearer';
  body?: Body;
  query?: Record<string, string>;
  answers: Record<number, Answer>;
  handle: (context: AppContext, body: z.output<Body>) => Promise<Response> | Response;
}

/** Keeps the body's type with its handler, then forgets it, so that routes fit one list. */
export function route<Body extends z.ZodType>(definition: ApiRoute<Body>): ApiRoute {
  return definition as unknown as ApiRoute;
}
