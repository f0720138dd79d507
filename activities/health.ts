// Health page of a service, requested like by any other client.
import type { Environment } from '../release/environment.ts';
import { RequestError } from './http/request-error.ts';
import { request, statusOf, wholeBody } from './http/request.ts';
import { named, refuse } from './refusal.ts';

/** kubelet's probes time out after 1 s by default. */
const RESPONSE_TIMEOUT_MS = 2_000;
/** A health page has a few hundred bytes. */
const MAX_BODY_BYTES = 65_536;
/** In `detail`. */
const QUOTED_CHARACTERS = 120;

export interface HealthAnswer {
  ok: boolean;
  /** `200 {"status":"ok"}`, or why there is no response. */
  detail: string;
  /** RFC 3339. */
  at: string;
}

/** URL of a target's health page. Throws `Misconfigured` when the environment file has no such target, or the path points to another host. */
export function healthUrl(environment: Environment, target: string, path: string): string {
  const known = named(environment.spec.targets, 'target', target);
  const url = new URL(path, known.url);
  if (url.origin !== new URL(known.url).origin)
    throw refuse(
      'Misconfigured',
      `the health path ${path} points to another host than that of target ${target}; start it with a single "/"`,
    );
  return url.href;
}

/**
 * Requests the page once, on a new connection, so that a Service selects a pod anew. Healthy: 200 and JSON with `status: "ok"`. Throws only on
 * cancellation.
 */
export async function askHealth(url: string, signal?: AbortSignal): Promise<HealthAnswer> {
  const at = new Date().toISOString();
  try {
    const response = await request({ url, timeoutMs: RESPONSE_TIMEOUT_MS, limitBytes: MAX_BODY_BYTES, signal, newConnection: true });
    const text = (await wholeBody(response)).toString('utf8');
    return {
      at,
      ok: response.status === 200 && reportedStatus(text) === 'ok',
      detail: `${statusOf(response).replace('HTTP ', '')} ${text.slice(0, QUOTED_CHARACTERS).replaceAll(/\s+/g, ' ')}`.trim(),
    };
  } catch (error) {
    if (error instanceof RequestError) return { at, ok: false, detail: error.reason };
    throw error;
  }
}

function reportedStatus(text: string): unknown {
  try {
    return (JSON.parse(text) as { status?: unknown } | null)?.status;
  } catch {
    // A page that is not JSON has no status; the caller reports its text instead.
    return undefined;
  }
}
