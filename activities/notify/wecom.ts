// Group robots of WeCom (企业微信). The robot's key in the address is the only credential: there is no signature.
import { fitted, type ChatText } from './chat-text.ts';
import { markdownLines } from './markdown.ts';
import type { Provider } from './provider.ts';
import { judgeResult, MAX_RESULT_BYTES, type ResultCodes } from './result-code.ts';

/** Of `markdown.content` in UTF-8; one byte more is refused with 40058. */
const MAX_CONTENT_BYTES = 4_096;
/** A robot may send 20 messages a minute. */
const RATE_WINDOW_MS = 60_000;

const CODES: ResultCodes = {
  [-1]: { text: 'the service is busy', retryAfterMs: 0 },
  45009: { text: 'more than 20 messages in a minute', retryAfterMs: RATE_WINDOW_MS },
  45033: { text: 'too many calls at once', retryAfterMs: 0 },
  40058: { text: 'the message is too long or malformed' },
  93000: { text: 'no robot has the key in the address' },
};

export const wecom: Provider = {
  maxResponseBytes: MAX_RESULT_BYTES,
  compose({ chat }, { url }) {
    const content = (text: ChatText): string => markdownLines(text).join('\n');
    const shown = fitted(chat, (candidate) => Buffer.byteLength(content(candidate)) <= MAX_CONTENT_BYTES);
    return {
      url,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify({ msgtype: 'markdown', markdown: { content: content(shown) } }),
    };
  },
  judge: (response) => judgeResult(response, ['errcode'], CODES),
};
