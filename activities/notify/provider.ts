// What each kind of notification target implements, in one file per kind: compose a request, and judge the response to it.
import type { IncomingHttpHeaders } from 'node:http';
import type { ChatText } from './chat-text.ts';

/** What is sent, before a target gives it its form. */
export interface Message {
  /** The same in every attempt: receivers drop duplicates by it. */
  key: string;
  /** For chats. */
  chat: ChatText;
  /** For webhooks: the body, with the text of a chat in it. */
  document: object;
}

export interface NotifyTarget {
  /** Often a credential: no error quotes more of it than the host. */
  url: string;
  /** Signs each message, where the kind has signatures. */
  secret?: string;
}

export interface NotifyRequest {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
}

export interface NotifyResponse {
  status: number;
  /** Names in lower case. */
  headers: IncomingHttpHeaders;
  /** Its first `maxResponseBytes`. */
  body: string;
  /** Time of the response, for a `Retry-After` that is a date. */
  now: Date;
}

/** `reason` follows "HOST responded with". `later`: a retry may succeed, not before `afterMs` where that is known. `refused`: it cannot. */
export type Outcome = { kind: 'delivered' } | { kind: 'later'; reason: string; afterMs?: number } | { kind: 'refused'; reason: string };

export interface Provider {
  /** How much of a response is read to judge it; 0 where the status is enough. */
  maxResponseBytes: number;
  /** Signed for `now`: composed again for each attempt. Throws where the target cannot be used; the message quotes neither URL nor secret. */
  compose(message: Message, target: NotifyTarget, now: Date): NotifyRequest;
  judge(response: NotifyResponse): Outcome;
}

/** Statuses below 500 that allow a retry: request timeout, too early, too many requests. */
const RETRYABLE: readonly number[] = [408, 425, 429];

/** By the status alone. A redirect is refused: followed, the message would go where no configuration sends it. */
export function judgeStatus({ status, headers, now }: NotifyResponse): Outcome {
  if (status >= 200 && status <= 299) return { kind: 'delivered' };
  const reason = `HTTP ${status}`;
  if (status < 500 && !RETRYABLE.includes(status)) return { kind: 'refused', reason };
  const afterMs = retryAfterMs(headers['retry-after'], now);
  return { kind: 'later', reason, ...(afterMs === undefined ? {} : { afterMs }) };
}

/** Seconds or an HTTP date (RFC 9110, section 10.2.3); undefined where it is neither. */
function retryAfterMs(value: string | undefined, now: Date): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/u.test(value)) return Number(value) * 1_000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}
