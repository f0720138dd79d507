interface Failure {
  message?: string;
  code?: string;
  cause?: unknown;
  errors?: readonly unknown[];
}

/**
 * Why a connection or a request failed, in the words of the system: `connect ECONNREFUSED 10.1.2.3:6060`. `fetch` and its like keep it in the
 * cause, and a name with several addresses fails with one error for each of them.
 */
export function reasonOf(error: unknown): string {
  const { message, code, cause, errors } = (error ?? {}) as Failure;
  if (errors !== undefined && errors.length > 0) return [...new Set(errors.map(reasonOf))].join('; ');
  if (cause !== undefined && cause !== null) return reasonOf(cause);
  return message || code || String(error);
}

export const timedOut = (timeoutMs: number): string => `timed out after ${timeoutMs / 1_000} s`;
