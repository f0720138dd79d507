import { addressOf } from '../http/address.ts';
import { RequestError } from '../http/request-error.ts';
import { request, type HttpResponse } from '../http/request.ts';
import type { Message, NotifyTarget, Provider } from './provider.ts';

/** Chat services respond within a second. Half of the 10 s of an attempt, so that a target that hangs does not end the attempt. */
export const DELIVERY_TIMEOUT_MS = 5_000;

/** Limit of the request; reading stops before it, at `maxResponseBytes`. */
const MAX_BODY_BYTES = 1_048_576;

/** Not delivered, and a retry may succeed: the receiver is unreachable, overloaded or failing. Any other error is final. */
export class NotDelivered extends Error {
  override readonly name = 'NotDelivered';
  /** The wait that the receiver asks for; undefined if it asks for none. */
  readonly afterMs: number | undefined;

  constructor(message: string, afterMs?: number) {
    super(message);
    this.afterMs = afterMs;
  }
}

/** Sends one message. Throws `NotDelivered` or a final error. Errors quote neither URL nor response: both may contain a credential. */
export async function deliver(
  provider: Provider,
  target: NotifyTarget,
  message: Message,
  { now, timeoutMs = DELIVERY_TIMEOUT_MS }: { now: Date; timeoutMs?: number | undefined },
): Promise<void> {
  const { host } = addressOf(target.url);
  const { url, headers, body } = provider.compose(message, target, now);
  const response = await reached(host, () => request({ url, headers, body, timeoutMs, limitBytes: MAX_BODY_BYTES }));
  const received = await reached(host, () => startOf(response, provider.maxResponseBytes));
  const outcome = provider.judge({ status: response.status, headers: response.headers, body: received, now });
  if (outcome.kind === 'delivered') return;
  const failure = `${host} responded with ${outcome.reason}`;
  throw outcome.kind === 'later' ? new NotDelivered(failure, outcome.afterMs) : new Error(failure);
}

async function reached<T>(host: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw error instanceof RequestError ? new NotDelivered(`cannot reach ${host}: ${error.reason}`) : error;
  }
}

/** At most `maxBytes`, then closes the connection. With 0 only the status counts, even if the connection breaks after it. */
async function startOf(response: HttpResponse, maxBytes: number): Promise<string> {
  if (maxBytes === 0) {
    response.close();
    return '';
  }
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    sizeBytes += chunk.byteLength;
    if (sizeBytes >= maxBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8');
}
