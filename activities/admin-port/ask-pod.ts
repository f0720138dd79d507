// One request to the admin port of one pod, where the service serves its switches and faults.
import { RequestError } from '../http/request-error.ts';
import { request, statusOf, wholeBody } from '../http/request.ts';
import { refuse } from '../refusal.ts';

/** A switch is one assignment in memory. Three requests and their retry fit an activity of 10 s. */
const REQUEST_TIMEOUT_MS = 2_000;
/** Hundreds of switches with their descriptions. */
const MAX_RESPONSE_BYTES = 256 * 1_024;
/** A pod's own message is quoted up to this length. */
const MAX_QUOTED_CHARACTERS = 300;

export interface AdminPod {
  name: string;
  ip: string;
  /** By its conditions in Kubernetes. */
  ready: boolean;
}

export interface PodRequest {
  method: 'GET' | 'PUT' | 'DELETE';
  path: string;
  body?: unknown;
}

export interface PodAnswer {
  status: number;
  /** Null when the response is not JSON. */
  json: unknown;
}

/** A request to a pod that may be tried again. */
export class PodFailure extends Error {
  override readonly name = 'PodFailure';
  /** Nothing listens on the port: the process that held any state is gone. */
  readonly refusedConnection: boolean;
  /** Of a 409: the `reason` of the response. */
  readonly conflict: string | null;

  constructor(message: string, { refusedConnection = false, conflict = null }: { refusedConnection?: boolean; conflict?: string | null }) {
    super(message);
    this.refusedConnection = refusedConnection;
    this.conflict = conflict;
  }
}

/**
 * The response with status 200 or 404. Throws PodFailure for no usable response, 409 and 5xx, and a refusal (`Refused`, non-retryable) with the pod's
 * own message for every other status.
 */
export async function askPod(pod: AdminPod, port: number, { method, path, body }: PodRequest): Promise<PodAnswer> {
  const asked = `pod ${pod.name}: ${method} ${path}`;
  const answer = await send(pod, port, { method, path, body }).catch((error: unknown) => {
    if (!(error instanceof RequestError)) throw error;
    throw new PodFailure(`${asked}: ${error.message}`, { refusedConnection: error.reason.includes('ECONNREFUSED') });
  });
  if (answer.status === 200 || answer.status === 404) return answer;
  const message = `${asked}: ${answer.text}`;
  if (answer.status === 409) throw new PodFailure(message, { conflict: fieldOf(answer.json, 'reason') ?? '' });
  if (answer.status >= 500) throw new PodFailure(message, {});
  throw refuse('Refused', `${message}; nothing was changed there`);
}

async function send(pod: AdminPod, port: number, { method, path, body }: PodRequest): Promise<PodAnswer & { text: string }> {
  const host = pod.ip.includes(':') ? `[${pod.ip}]` : pod.ip;
  const response = await request({
    url: `http://${host}:${port}${path}`,
    timeoutMs: REQUEST_TIMEOUT_MS,
    limitBytes: MAX_RESPONSE_BYTES,
    ...(method === 'GET' ? {} : { method }),
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const json = jsonOf((await wholeBody(response)).toString('utf8'));
  const own = fieldOf(json, 'error')?.slice(0, MAX_QUOTED_CHARACTERS);
  return { status: response.status, json, text: own === undefined ? statusOf(response) : `${statusOf(response)}: ${own}` };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

function fieldOf(json: unknown, field: string): string | undefined {
  const value = typeof json === 'object' && json !== null ? (json as Record<string, unknown>)[field] : undefined;
  return typeof value === 'string' ? value : undefined;
}
