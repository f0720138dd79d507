// How long a watch tolerates an API server that does not answer as it should.
import { ApiFailure } from './api-failure.ts';

/** An API server that restarts has loaded its roles within seconds, and a token is renewed within a minute; what lasts longer needs a person. */
const MAX_REFUSED_MS = 60_000;

/**
 * Failures of one watch. `bear` returns the failure that is to be reported and waited out. It throws whatever is not an ApiFailure, an object
 * that is gone, and a refusal (401, 403, 404) that has lasted a minute. How long to wait for a server that is unreachable or failing is up to
 * the watch.
 */
export function passingTrouble(now: () => number = () => performance.now()) {
  let refusedSinceMs: number | null = null;
  let last: ApiFailure | null = null;
  return {
    bear(error: unknown): ApiFailure {
      if (!(error instanceof ApiFailure) || error.gone) throw error;
      last = error;
      refusedSinceMs = error.refused ? (refusedSinceMs ?? now()) : null;
      if (refusedSinceMs !== null && now() - refusedSinceMs >= MAX_REFUSED_MS) throw error;
      return error;
    },
    /** A sample succeeded. */
    over(): void {
      refusedSinceMs = null;
      last = null;
    },
    /** The refusal that stands, or null. A watch that ends with one has no result, and must fail with it. */
    refusal: (): ApiFailure | null => (refusedSinceMs === null ? null : last),
  };
}
