import type { AppContext } from './context.ts';
import { ApiError } from './refusal.ts';

// Same bounds as metadata.name. A name with a slash would address the workflows of steps.
const RELEASE_NAME = /^[a-z0-9][a-z0-9.-]{0,252}$/i;

/** The release name in the path. */
export function releaseNameOf(c: AppContext): string {
  const name = c.req.param('name') ?? '';
  if (!RELEASE_NAME.test(name))
    throw new ApiError('NotFound', 'there is no countdown with that name', '`tminus list` shows all countdowns');
  return name;
}
