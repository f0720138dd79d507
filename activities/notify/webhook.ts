import { createHmac } from 'node:crypto';
import type { Announcement } from '../bookkeeping-contract.ts';

/**
 * Chat services answer in one second; longer means down. Half of the 10 s an attempt of the activity may take: a target that hangs is answered
 * as one that cannot be told, and does not end the attempt, after which all others would be told again.
 */
export const WEBHOOK_WITHIN_MS = 5_000;

export interface WebhookTarget {
  url: string;
  /** Signs the message; the receiver checks `webhook-signature`. */
  secret?: string;
}

/**
 * Sends one announcement as JSON, signed over `id.timestamp.body` (Standard Webhooks headers). The id is the announcement's key, so that a
 * receiver can drop the rare double. Throws one sentence without the URL, whose path may be a credential.
 */
export async function sendWebhook(
  { url, secret }: WebhookTarget,
  announcement: Announcement,
  now: Date,
  withinMs = WEBHOOK_WITHIN_MS,
): Promise<void> {
  const body = JSON.stringify({ apiVersion: 'tminus.dev/v1alpha1', kind: 'Announcement', ...announcement });
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const signature = secret ? createHmac('sha256', secret).update(`${announcement.key}.${timestamp}.${body}`).digest('base64') : null;
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'error',
    signal: AbortSignal.timeout(withinMs),
    headers: {
      'content-type': 'application/json',
      'webhook-id': announcement.key,
      'webhook-timestamp': timestamp,
      ...(signature ? { 'webhook-signature': `v1,${signature}` } : {}),
    },
    body,
  }).catch((error: unknown) => {
    throw new Error(
      `cannot reach ${new URL(url).host}: ${error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : 'unknown'}`,
    );
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`${new URL(url).host} answered ${response.status}`);
}
