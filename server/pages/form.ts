import type { AppContext } from '../request/context.ts';

/** The text fields of a form; files are left out. */
export async function formOf(c: AppContext): Promise<Record<string, string>> {
  const body = await c.req.parseBody();
  return Object.fromEntries(Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
