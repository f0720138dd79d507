import type { z } from 'zod';
import type { AppContext } from '../request/context.ts';

/** Path of one release in the API. */
export const RELEASE_PATH = '/api/v1/countdowns/:name';

export interface Answer {
  description: string;
  /** Name in the OpenAPI components; absent for other media types than JSON. */
  name?: string;
  schema?: z.ZodType;
  mediaType?: string;
}

/** One route of the API: handler and OpenAPI description in one place. */
export interface ApiRoute<Body extends z.ZodType = z.ZodType> {
  method: 'get' | 'post';
  /** In hono's syntax: `/api/v1/countdowns/:name`. */
  path: string;
  operationId: string;
  summary: string;
  /**
   * `anyone`: no authentication. `reader`: token or session. `bearer`: token only, so that another site cannot send the request through a
   * browser (CSRF).
   */
  access: 'anyone' | 'reader' | 'bearer';
  body?: Body;
  query?: Record<string, string>;
  answers: Record<number, Answer>;
  handle: (context: AppContext, body: z.output<Body>) => Promise<Response> | Response;
}

/** Checks the handler against the type of its body, then erases the type so that routes fit one list. */
export function route<Body extends z.ZodType>(definition: ApiRoute<Body>): ApiRoute {
  return definition as unknown as ApiRoute;
}
