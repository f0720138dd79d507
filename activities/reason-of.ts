interface Failure {
  message?: string;
  code?: string;
  cause?: unknown;
  errors?: readonly unknown[];
}

/**
 * The system's message for a failed connection or request: `connect ECONNREFUSED 10.1.2.3:6060`. It may be in `cause`, or in one error per address of
 * a name.
 */
export function reasonOf(error: unknown): string {
  const { message, code, cause, errors } = (error ?? {}) as Failure;
  if (errors !== undefined && errors.length > 0) return [...new Set(errors.map(reasonOf))].join('; ');
  if (cause !== undefined && cause !== null) return reasonOf(cause);
  return message || code || String(error);
}

export const timedOut = (timeoutMs: number): string => `timed out after ${timeoutMs / 1_000} s`;
