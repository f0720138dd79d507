import type { AppContext } from './context.ts';
import { ApiError } from './refusal.ts';

// As metadata.name is bounded. A name with a slash would reach the workflows of steps, which are not for people.
const RELEASE_NAME = /^[a-z0-9][a-z0-9.-]{0,252}$/i;

/** The release a path speaks of. */
export function releaseNameOf(c: AppContext): string {
  const name = c.req.param('name') ?? '';
  if (!RELEASE_NAME.test(name)) throw new ApiError('NotFound', 'there is no countdown of that name', '`tminus list` shows those there are');
  return name;
}
