// Chat services respond with HTTP 200 to what they refuse: the result is a code in the body.
import { judgeStatus, type NotifyResponse, type Outcome } from './provider.ts';

/** The responses of all three are under 1 KiB. */
export const MAX_RESULT_BYTES = 16_384;

interface Meaning {
  /** For the person who reads the failure; the service's own text may quote the address or the message, so it is not repeated. */
  text: string;
  /** Present where a retry may succeed, with the shortest wait before it. */
  retryAfterMs?: number;
}

/** What the service's codes mean. 0 is success; a code without a row is refused for good. */
export type ResultCodes = Readonly<Record<number, Meaning>>;

/** @param fields where the code stands, in the order of their weight */
export function judgeResult(response: NotifyResponse, fields: readonly [string, ...string[]], codes: ResultCodes): Outcome {
  const byStatus = judgeStatus(response);
  const result = resultOf(response.body, fields);
  if (result === null) return byStatus.kind === 'delivered' ? unreadable(response) : byStatus;
  const { field, code } = result;
  if (code === 0) return byStatus;
  const meaning = codes[code];
  const reason = `${field} ${code}${meaning ? ` (${meaning.text})` : ''}`;
  if (meaning?.retryAfterMs === undefined) return { ...(byStatus.kind === 'later' ? byStatus : { kind: 'refused' }), reason };
  const askedMs = byStatus.kind === 'later' ? (byStatus.afterMs ?? 0) : 0;
  return { kind: 'later', reason, afterMs: Math.max(meaning.retryAfterMs, askedMs) };
}

function resultOf(body: string, fields: readonly string[]): { field: string; code: number } | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return null;
  }
  if (typeof parsed !== 'object' || parsed === null) return null;
  for (const field of fields) {
    const code: unknown = (parsed as Record<string, unknown>)[field];
    if (typeof code === 'number' && Number.isInteger(code)) return { field, code };
  }
  return null;
}

/** A success status without a result. An empty body is a fault on the way; any other one is from another service than the configured one. */
function unreadable({ status, body }: NotifyResponse): Outcome {
  if (body.trim() === '') return { kind: 'later', reason: `HTTP ${status} with an empty body` };
  const what = /^\s*</u.test(body) ? 'a web page, such as the login of a proxy' : 'a body without a result';
  return { kind: 'refused', reason: `HTTP ${status} with ${what}; check the address of this target` };
}
