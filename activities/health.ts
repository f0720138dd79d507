// Whether a service answers healthy, requested the way any other client would.
import type { Environment } from '../release/environment.ts';
import { named, refuse } from './refusal.ts';

/** A health page that needs longer is not healthy: kubelet's own probes wait 1 s by default. */
const ANSWER_TIMEOUT_MS = 2_000;
/** A health page is a few hundred bytes; the first 64 KiB are enough of anything longer. */
const MAX_BODY_BYTES = 65_536;

export interface HealthAnswer {
  ok: boolean;
  /** `200 {"status":"ok"}`, or why not. */
  detail: string;
  /** RFC 3339. */
  at: string;
}

/** URL of a target's health page. Throws `Misconfigured` when the environment file has no such target, or the path leads away from its host. */
export function healthUrl(environment: Environment, target: string, path: string): string {
  const known = named(environment.spec.targets, 'target', target);
  const url = new URL(path, known.url);
  if (url.origin !== new URL(known.url).origin)
    throw refuse(
      'Misconfigured',
      `the health path ${path} leads to another host than that of target ${target}; begin it with a single "/"`,
    );
  return url.href;
}

/**
 * Asks once, on a connection of its own so that a Service chooses a pod anew. Healthy: 200 and a JSON body with `status: "ok"`. Never throws but on
 * cancellation.
 */
export async function askHealth(url: string, signal?: AbortSignal): Promise<HealthAnswer> {
  const at = new Date().toISOString();
  const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      redirect: 'error',
      headers: { connection: 'close' },
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    const text = await firstBytes(response);
    return {
      at,
      ok: response.status === 200 && statusOf(text) === 'ok',
      detail: `${response.status} ${text.slice(0, 120).replaceAll(/\s+/g, ' ')}`.trim(),
    };
  } catch (cause) {
    signal?.throwIfAborted();
    const inner = (cause as { cause?: { message?: string; code?: string } }).cause;
    return {
      at,
      ok: false,
      detail: timeout.aborted
        ? `no answer within ${ANSWER_TIMEOUT_MS / 1_000} s`
        : inner?.message || inner?.code || (cause as Error).message,
    };
  }
}

async function firstBytes(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MAX_BODY_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function statusOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { status?: unknown } | null)?.status;
  } catch {
    // A page that is not JSON has no status; the caller reports its text instead.
    return undefined;
  }
}
