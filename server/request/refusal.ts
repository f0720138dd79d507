import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { API_VERSION } from '../../release/release.ts';
import type { Problem } from '../../release/problem.ts';
import { CountdownFailure } from '../temporal/countdowns.ts';

/** A refusal on its way to a person: status, code, sentence, and what to do. */
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

/** Every code of an error of the API, with its HTTP status. */
const statusOfCode = {
  InvalidRequest: 400,
  NotSignedIn: 401,
  NotAllowed: 403,
  NotFound: 404,
  Refused: 409,
  Closing: 409,
  // As good as gone: the bytes that were stored are not there any more.
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

// A Temporal server restarts within this time in the lab (6 s); asking sooner only adds load.
const RETRY_AFTER_S = 5;

/** Everything thrown in a request becomes one of these; what is not modelled says nothing of its inside. */
export function apiErrorOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof CountdownFailure) return new ApiError(error.code, error.message, error.hint);
  return new ApiError(
    'Internal',
    'the server failed at this request; its log says why',
    'try again; if it stays, send the log to whoever runs this server',
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
