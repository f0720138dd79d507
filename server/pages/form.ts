import type { AppContext } from '../request/context.ts';

/** Text fields of a form, without files. */
export async function formOf(c: AppContext): Promise<Record<string, string>> {
  const body = await c.req.parseBody();
  return Object.fromEntries(Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
