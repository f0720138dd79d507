import { Webhook } from 'standardwebhooks';
import type { Announcement } from '../bookkeeping-contract.ts';
import { addressOf } from '../http/address.ts';
import { RequestError } from '../http/request-error.ts';
import { request } from '../http/request.ts';
import { announcementText } from './announcement-text.ts';

/**
 * Chat services respond within one second. Half of the 10 s an attempt of the activity may take: a target that hangs is tried again later, and
 * does not end the attempt, which records the targets that have the message.
 */
export const WEBHOOK_TIMEOUT_MS = 5_000;

/** Statuses below 500 that allow a retry: request timeout, too early, too many requests. */
const RETRYABLE: readonly number[] = [408, 425, 429];
/** A body is not read, so none of it is allowed for. */
const MAX_BODY_BYTES = 0;

/** Not delivered, and a retry may succeed: nothing listens, the receiver is overloaded or fails. Any other error is final. */
export class NotToldYet extends Error {
  override readonly name = 'NotToldYet';
}

export interface WebhookTarget {
  url: string;
  /** Signs the message; the receiver checks `webhook-signature`. `whsec_` and base64 as in the standard, or any text. */
  secret?: string;
}

/**
 * Sends one announcement as JSON, signed over `id.timestamp.body` (Standard Webhooks headers). The id is the announcement's key, the same in
 * every attempt, so that a receiver can drop duplicates. Errors do not quote the URL: its path may be a credential.
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
    throw error instanceof RequestError ? new NotToldYet(`cannot reach ${host}: ${error.reason}`) : error;
  });
  // The status decides: a connection that breaks after it changes nothing.
  response.close();
  const { status } = response;
  if (status >= 200 && status <= 299) return;
  const message = `${host} answered ${status}`;
  throw status >= 500 || RETRYABLE.includes(status) ? new NotToldYet(message) : new Error(message);
}

/** Throws where the text after `whsec_` is not base64. */
function signerOf(secret: string): Webhook {
  if (!secret.startsWith('whsec_')) return new Webhook(new TextEncoder().encode(secret), { format: 'raw' });
  try {
    return new Webhook(secret);
  } catch {
    throw new Error('the secret begins with whsec_, and what follows is not base64');
  }
}
