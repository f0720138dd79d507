// Failures of an API server, as one message with verb and resource.
import { ApplicationFailure } from '@temporalio/common';

export type Verb = 'get' | 'list' | 'patch' | 'create';

/** A kind of object, or one object; path, messages and access reviews are derived from it. */
export interface Resource {
  /** `apps`; empty for the core group. */
  group: string;
  version: string;
  resource: string;
  namespace?: string;
  name?: string;
  /** `log` of a pod: it has its own path and RBAC rule. */
  subresource?: string;
}

interface FailedRequest {
  verb: Verb;
  resource: Resource;
  cluster: string;
  status: number;
  detail: string;
  retryAfterMs?: number | null;
  gone?: boolean;
  cause?: unknown;
}

/** The API server responded with an error status, or not at all (`status` 0): a write may have landed. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
  readonly verb: Verb;
  readonly resource: Resource;
  readonly status: number;
  /** The `Retry-After` header; null without one. */
  readonly retryAfterMs: number | null;
  /** True when the API server itself reports that this object does not exist, not a proxy that lacks the path. */
  readonly gone: boolean;

  constructor(request: FailedRequest) {
    super(messageOf(request), 'cause' in request ? { cause: request.cause } : {});
    this.verb = request.verb;
    this.resource = request.resource;
    this.status = request.status;
    this.retryAfterMs = request.retryAfterMs ?? null;
    this.gone = request.gone ?? false;
  }

  /** True when the object changed between our read and our write: read and check again. */
  get conflict(): boolean {
    return this.status === 409;
  }

  /** Identity or object refused. May pass: an API server that has just started, or a token that is being renewed. */
  get refused(): boolean {
    return this.status === 401 || this.status === 403 || this.status === 404;
  }

  /** A write may have landed: no response, a proxy's timeout (408), or a server error. Read back first. */
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

const reasons: Record<number, string> = {
  401: 'the credentials were rejected (401); renew those of the kubeconfig',
  404: 'not found (404)',
  409: 'it was changed at the same time (409)',
  429: 'too many requests (429); it is retried',
};

function messageOf({ verb, resource, cluster, status, detail }: FailedRequest): string {
  const failed = `cluster ${cluster}: could not ${verb} ${describeResource(resource)}`;
  if (status === 0) return `${failed}: no response from the API server (${detail})`;
  if (status === 403 && !isDenial(detail)) return `${failed}: forbidden (403); grant this identity the verb "${verb}"`;
  if (status >= 500) return `${failed}: the API server failed (${status}: ${detail})`;
  return `${failed}: ${reasons[status] ?? `rejected (${status}: ${detail})`}`;
}

/** Denied by a webhook or admission policy, not by RBAC (`User "x" cannot patch ...`). */
export const isDenial = (message: string): boolean => /\bdenied (?:the )?request\b/.test(message);

/**
 * The failure as workflows see it. 401, 403 and 404 have types for the caller's retry policy: a launch reports them at once, an undo retries. Not
 * retried are an object that the API server itself reports as not found, and an invalid request.
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
 * The request itself is invalid (method, size, media type, object). All other statuses may pass: 408, 410, 421 and 425 come from a proxy or a server
 * that restarts, and a rollback must outlast them.
 */
const FINAL_STATUSES: readonly number[] = [400, 405, 413, 415, 422];
