// Every refusal of an API server, as one sentence with verb and resource.
import { ApplicationFailure } from '@temporalio/common';

export type Verb = 'get' | 'list' | 'patch' | 'create';

/** One kind of object, or one object. The path, the sentence and the question about rights are all made from it. */
export interface Resource {
  /** `apps`; empty for the core group. */
  group: string;
  version: string;
  resource: string;
  namespace?: string;
  name?: string;
  /** A part of an object with a path and rights of its own: `log` of a pod. */
  subresource?: string;
}

/** The API server answered with a status that is not a success, or `status` 0: no answer at all, so a write may have landed. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
  readonly verb: Verb;
  readonly resource: Resource;
  readonly status: number;
  /** What the server asked for with `Retry-After`; null when it did not. */
  readonly retryAfterMs: number | null;
  /** True when the API server itself says that this very object is not there, and not a proxy before it that lacks a path. */
  readonly gone: boolean;

  constructor(
    verb: Verb,
    resource: Resource,
    cluster: string,
    status: number,
    detail: string,
    retryAfterMs: number | null = null,
    { gone = false, ...options }: ErrorOptions & { gone?: boolean } = {},
  ) {
    super(sentence(verb, resource, cluster, status, detail), options);
    this.verb = verb;
    this.resource = resource;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    this.gone = gone;
  }

  /** True when the object changed between our read and our write: read again and check again. */
  get conflict(): boolean {
    return this.status === 409;
  }

  /** True when it was refused who asks, or what was asked for. An API server that has just started, and a token that is being renewed, refuse for a moment. */
  get refused(): boolean {
    return this.status === 401 || this.status === 403 || this.status === 404;
  }

  /** True when it is not known whether a write landed: no answer, a proxy's time-out (408), or a server in trouble. Read back before anything else. */
  get outcomeUnknown(): boolean {
    return this.status === 0 || this.status === 408 || this.status >= 500;
  }
}

/** `deployments.apps shop/go-api`, `pods/log shop-staging/go-api-7d4-x1`. */
export function describeResource({ group, resource, namespace, name, subresource }: Resource): string {
  const whole = subresource === undefined ? resource : `${resource}/${subresource}`;
  const kind = group === '' ? whole : `${whole}.${group}`;
  const place = [namespace, name].filter((part) => part !== undefined).join('/');
  return place === '' ? kind : `${kind} ${place}`;
}

const endings: Record<number, string> = {
  401: 'the credentials are not accepted (401); renew those of the kubeconfig',
  404: 'there is none (404)',
  409: 'it was changed at the same time (409)',
  429: 'too many requests (429); it is tried again',
};

function sentence(verb: Verb, resource: Resource, cluster: string, status: number, detail: string): string {
  const act = `cluster ${cluster}: could not ${verb} ${describeResource(resource)}`;
  if (status === 0) return `${act}: the API server gave no answer (${detail})`;
  if (status === 403 && !isDenial(detail)) return `${act}: this identity may not (403); grant it the verb "${verb}" there`;
  if (status >= 500) return `${act}: the API server is in trouble (${status}: ${detail})`;
  return `${act}: ${endings[status] ?? `it was refused (${status}: ${detail})`}`;
}

/** The message of a webhook or admission policy that refuses a change which the roles allow; a role's refusal reads `User "x" cannot patch ...`. */
export const isDenial = (sentence: string): boolean => /\bdenied (?:the )?request\b/.test(sentence);

/**
 * The failure as workflows see it. What is busy, unreachable or in trouble is tried again, after the time the server asked for. Who may not
 * (401, 403) and what is not found (404) carries a type, and the retry policy of who asks says what it is worth: a launch
 * reports it at once, an undo retries. An object that the API server itself reports as not found, and a wrong request, end both.
 */
export function toApplicationFailure(error: unknown): unknown {
  if (!(error instanceof ApiFailure)) return error;
  const { status, message, retryAfterMs } = error;
  if (status === 401 || status === 403) return ApplicationFailure.create({ message, type: 'Forbidden' });
  if (status === 404) return ApplicationFailure.create({ message, type: 'NotFound', nonRetryable: error.gone });
  if (status === 429)
    return ApplicationFailure.create({
      message,
      type: 'TooManyRequests',
      ...(retryAfterMs === null ? {} : { nextRetryDelay: retryAfterMs }),
    });
  if (status === 409) return ApplicationFailure.create({ message, type: 'Conflict' });
  if (status === 0) return ApplicationFailure.create({ message, type: 'Unreachable' });
  if (status >= 500) return ApplicationFailure.create({ message, type: 'ApiServerFailing' });
  if (FINAL_STATUSES.includes(status)) return ApplicationFailure.create({ message, type: 'Refused', nonRetryable: true });
  return ApplicationFailure.create({ message, type: 'RefusedForNow' });
}

/**
 * The request itself is wrong (bad request, method, size, media type, object not valid), so sending it again changes nothing. Every other
 * refusal may pass: 408, 410, 421 and 425 are those of a proxy or of a server that restarts, and a rollback must outlast them.
 */
const FINAL_STATUSES: readonly number[] = [400, 405, 413, 415, 422];
