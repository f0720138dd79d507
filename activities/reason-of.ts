interface Failure {
  message?: string;
  code?: string;
  cause?: unknown;
  errors?: readonly unknown[];
}

/** Message of `fetch` for every failure; the reason is in its cause. */
const OF_FETCH = 'fetch failed';

/**
 * The system's message for a failed connection or request: `connect ECONNREFUSED 10.1.2.3:6060`; of a name, one per address. The cause is read only
 * behind an error without a message of its own: a wrapping error may hide a value that its cause quotes.
 */
export function reasonOf(error: unknown): string {
  const { message, code, cause, errors } = (error ?? {}) as Failure;
  if (errors !== undefined && errors.length > 0) return [...new Set(errors.map(reasonOf))].join('; ');
  const own = message === OF_FETCH ? '' : message;
  if (!own && cause !== undefined && cause !== null) return reasonOf(cause);
  return own || code || String(error);
}

export const timedOut = (timeoutMs: number): string => `timed out after ${timeoutMs / 1_000} s`;
