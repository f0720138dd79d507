import { Webhook } from 'standardwebhooks';
import type { Announcement } from '../bookkeeping-contract.ts';

/**
 * Chat services answer in one second; longer means down. Half of the 10 s an attempt of the activity may take: a target that hangs is one that
 * is not told yet, and does not end the attempt, which keeps who was told.
 */
export const WEBHOOK_WITHIN_MS = 5_000;

/** Answers below 500 after which the same message may be taken later: request timeout, too early, too many requests. */
const MAY_PASS: readonly number[] = [408, 425, 429];

/** The message did not get there now; later it may: nobody listens, the receiver is overloaded or broken. Any other error stays. */
export class NotToldYet extends Error {
  override readonly name = 'NotToldYet';
}

export interface WebhookTarget {
  url: string;
  /** Signs the message; the receiver checks `webhook-signature`. `whsec_` and base64 as the standard has it, or any text. */
  secret?: string;
}

/**
 * Sends one announcement as JSON, signed over `id.timestamp.body` (Standard Webhooks headers). The id is the announcement's key, the same in
 * every try, so that a receiver can drop the rare double. Throws one sentence without the URL, whose path may be a credential.
 */
export async function sendWebhook(
  { url, secret }: WebhookTarget,
  announcement: Announcement,
  now: Date,
  withinMs = WEBHOOK_WITHIN_MS,
): Promise<void> {
  const address = addressOf(url);
  const body = JSON.stringify({ apiVersion: 'tminus.dev/v1alpha1', kind: 'Announcement', ...announcement });
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const signature = secret ? signerOf(secret).sign(announcement.key, now, body) : null;
  const response = await fetch(address, {
    method: 'POST',
    // Followed, the message would go where nobody said it should.
    redirect: 'manual',
    signal: AbortSignal.timeout(withinMs),
    headers: {
      'content-type': 'application/json',
      'webhook-id': announcement.key,
      'webhook-timestamp': timestamp,
      ...(signature ? { 'webhook-signature': signature } : {}),
    },
    body,
  }).catch((error: unknown) => {
    throw new NotToldYet(
      `cannot reach ${address.host}: ${error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : 'unknown'}`,
    );
  });
  // The status is the answer; a connection that breaks after it changes nothing about who was told.
  await response.body?.cancel().catch(() => undefined);
  if (response.ok) return;
  const sentence = `${address.host} answered ${response.status}`;
  throw response.status >= 500 || MAY_PASS.includes(response.status) ? new NotToldYet(sentence) : new Error(sentence);
}

/** Throws one sentence where what follows `whsec_` is no base64. */
function signerOf(secret: string): Webhook {
  if (!secret.startsWith('whsec_')) return new Webhook(new TextEncoder().encode(secret), { format: 'raw' });
  try {
    return new Webhook(secret);
  } catch {
    throw new Error('the secret begins with whsec_, and what follows is not base64');
  }
}

/** `fetch` refuses these too, with a sentence that holds the whole URL. */
function addressOf(url: string): URL {
  const address = URL.canParse(url) ? new URL(url) : null;
  if (address === null || !/^https?:$/u.test(address.protocol)) throw new Error('the address is not one of http or https');
  if (address.username !== '' || address.password !== '')
    throw new Error('the address holds a name or password, which a webhook cannot take');
  return address;
}
