import { Webhook } from 'standardwebhooks';
import { judgeStatus, type Provider } from './provider.ts';

/**
 * The document of the message, signed over `id.timestamp.body` (Standard Webhooks headers). The id is the message's key, the same in every
 * attempt, so that a receiver can drop duplicates. A secret is `whsec_` and base64 as in the standard, or any text.
 */
export const webhook: Provider = {
  maxResponseBytes: 0,
  compose({ key, document }, { url, secret }, now) {
    const body = JSON.stringify(document);
    const signature = secret ? signerOf(secret).sign(key, now, body) : null;
    const headers = {
      'content-type': 'application/json',
      'webhook-id': key,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      ...(signature ? { 'webhook-signature': signature } : {}),
    };
    return { url, headers, body };
  },
  judge: judgeStatus,
};

/** Throws where the text after `whsec_` is not base64. */
function signerOf(secret: string): Webhook {
  if (!secret.startsWith('whsec_')) return new Webhook(new TextEncoder().encode(secret), { format: 'raw' });
  try {
    return new Webhook(secret);
  } catch {
    throw new Error('the text after whsec_ in the secret is not base64');
  }
}
