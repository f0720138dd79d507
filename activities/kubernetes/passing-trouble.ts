// How long a watch bears an API server that does not answer as it should.
import { ApiFailure } from './api-failure.ts';

/** An API server that restarts knows its roles again within seconds, and a token is renewed within a minute; what lasts longer needs a person. */
const REFUSED_FOR_MS = 60_000;

/**
 * The trouble of one watch. `bear` answers the failure that is to be told and waited out. It throws what is no answer of an API server, an
 * object that is gone, and a refusal (401, 403, 404) that has lasted a minute. The watch itself says how long it waits for a server that is
 * unreachable or in trouble.
 */
export function passingTrouble(now: () => number = () => performance.now()) {
  let refusedSinceMs: number | null = null;
  let last: ApiFailure | null = null;
  return {
    bear(error: unknown): ApiFailure {
      if (!(error instanceof ApiFailure) || error.gone) throw error;
      last = error;
      refusedSinceMs = error.refused ? (refusedSinceMs ?? now()) : null;
      if (refusedSinceMs !== null && now() - refusedSinceMs >= REFUSED_FOR_MS) throw error;
      return error;
    },
    /** A look succeeded. */
    over(): void {
      refusedSinceMs = null;
      last = null;
    },
    /** The refusal that stands, or null. A watch that ends with one has not seen how it went, and must not say so. */
    refusal: (): ApiFailure | null => (refusedSinceMs === null ? null : last),
  };
}
