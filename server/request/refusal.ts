import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { API_VERSION } from '../../release/release.ts';
import type { Problem } from '../../release/problem.ts';
import { CountdownFailure } from '../temporal/countdowns.ts';

/** A refusal or failure of a request: code (and with it the HTTP status), message and hint. */
export class ApiError extends Error {
  readonly code: ApiErrorCode;
  readonly hint: string;
  readonly problems: readonly Problem[];

  constructor(code: ApiErrorCode, message: string, hint: string, problems: readonly Problem[] = []) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.hint = hint;
    this.problems = problems;
  }
}

/** Error codes of the API with their HTTP status. */
const statusOfCode = {
  InvalidRequest: 400,
  NotSignedIn: 401,
  NotAllowed: 403,
  NotFound: 404,
  Refused: 409,
  Closing: 409,
  // Gone: the stored bytes no longer match their digest.
  Damaged: 410,
  TooLarge: 413,
  InvalidRelease: 422,
  Internal: 500,
  Unreachable: 503,
  NoWorker: 503,
  OutcomeUnknown: 504,
} as const satisfies Record<string, ContentfulStatusCode>;

export type ApiErrorCode = keyof typeof statusOfCode;
export const apiErrorCodes = Object.keys(statusOfCode) as ApiErrorCode[];

// A Temporal server restarts within about this time (6 s in the lab); earlier retries only add load.
const RETRY_AFTER_S = 5;

/** Maps everything that is thrown in a request. Unmodelled errors are logged, and the response has no internal details. */
export function apiErrorOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof CountdownFailure) return new ApiError(error.code, error.message, error.hint);
  return new ApiError(
    'Internal',
    'internal error; the server log has the details',
    'try again; if it persists, send the log to the operator of this server',
  );
}

export function statusOf({ code }: ApiError): ContentfulStatusCode {
  return statusOfCode[code];
}

export function headersOf({ code }: ApiError): Record<string, string> {
  if (code === 'Unreachable' || code === 'NoWorker') return { 'Retry-After': String(RETRY_AFTER_S) };
  if (code === 'NotSignedIn') return { 'WWW-Authenticate': 'Bearer realm="tminus"' };
  return {};
}

export function errorBody({ code, message, hint, problems }: ApiError): object {
  const docs = code === 'InvalidRelease' ? 'docs/reference/release-file.md' : 'docs/reference/http-api.md';
  return { apiVersion: API_VERSION, kind: 'Error', code, message, hint, docs, ...(problems.length > 0 ? { problems } : {}) };
}
