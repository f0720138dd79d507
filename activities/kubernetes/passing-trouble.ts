// How long a watch tolerates errors of an API server.
import { ApiFailure } from './api-failure.ts';

/** An API server loads its roles within seconds of a restart, and a token is renewed within a minute; longer errors need a person. */
const MAX_REFUSED_MS = 60_000;

/**
 * Failures of one watch. `bear` returns a failure to report and wait for; it throws any other error, an object that is gone, and a refusal (401, 403,
 * 404) that has lasted a minute. The watch limits the wait for an unreachable or failing server.
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
    /** The current refusal, or null. A watch that ends with one has no result and must throw it. */
    refusal: (): ApiFailure | null => (refusedSinceMs === null ? null : last),
  };
}
