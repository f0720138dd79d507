import { Webhook } from 'standardwebhooks';
import type { Announcement } from '../bookkeeping-contract.ts';
import { addressOf } from '../http/address.ts';
import { RequestError } from '../http/request-error.ts';
import { request } from '../http/request.ts';
import { announcementText } from './announcement-text.ts';

/** Chat services respond within a second. Half of the 10 s of an attempt, so that a target that hangs does not end the attempt. */
export const WEBHOOK_TIMEOUT_MS = 5_000;

/** Statuses below 500 that allow a retry: request timeout, too early, too many requests. */
const RETRYABLE: readonly number[] = [408, 425, 429];
/** The body is not read. */
const MAX_BODY_BYTES = 0;

/** Not delivered, and a retry may succeed: the receiver is unreachable, overloaded or failing. Any other error is final. */
export class NotDelivered extends Error {
  override readonly name = 'NotDelivered';
}

export interface WebhookTarget {
  url: string;
  /** Signs the message; the receiver checks `webhook-signature`. `whsec_` and base64 as in the standard, or any text. */
  secret?: string;
}

/**
 * Sends one announcement as JSON, signed over `id.timestamp.body` (Standard Webhooks headers). The id is the announcement's key, the same in every
 * attempt, so that a receiver can drop duplicates. Errors do not quote the URL: its path may be a credential.
 */
export async function sendWebhook(
  { url, secret }: WebhookTarget,
  announcement: Announcement,
  now: Date,
  timeoutMs = WEBHOOK_TIMEOUT_MS,
): Promise<void> {
  const { host } = addressOf(url);
  const body = JSON.stringify({
    apiVersion: 'tminus.dev/v1alpha1',
    kind: 'Announcement',
    ...announcement,
    text: announcementText(announcement),
  });
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const signature = secret ? signerOf(secret).sign(announcement.key, now, body) : null;
  const response = await request({
    url,
    timeoutMs,
    limitBytes: MAX_BODY_BYTES,
    headers: {
      'content-type': 'application/json',
      'webhook-id': announcement.key,
      'webhook-timestamp': timestamp,
      ...(signature ? { 'webhook-signature': signature } : {}),
    },
    body,
  }).catch((error: unknown) => {
    throw error instanceof RequestError ? new NotDelivered(`cannot reach ${host}: ${error.reason}`) : error;
  });
  // The status decides: a connection that breaks after it changes nothing.
  response.close();
  const { status } = response;
  if (status >= 200 && status <= 299) return;
  const message = `${host} responded with HTTP ${status}`;
  throw status >= 500 || RETRYABLE.includes(status) ? new NotDelivered(message) : new Error(message);
}

/** Throws where the text after `whsec_` is not base64. */
function signerOf(secret: string): Webhook {
  if (!secret.startsWith('whsec_')) return new Webhook(new TextEncoder().encode(secret), { format: 'raw' });
  try {
    return new Webhook(secret);
  } catch {
    throw new Error('the text after whsec_ in the secret is not base64');
  }
}
