// Custom robots of DingTalk (钉钉). With a secret each request is signed in its query.
import { createHmac } from 'node:crypto';
import { fitted, withoutMassMentions, type ChatText } from './chat-text.ts';
import { markdownLines } from './markdown.ts';
import type { Provider } from './provider.ts';
import { judgeResult, MAX_RESULT_BYTES, type ResultCodes } from './result-code.ts';

/** Of the whole body; more is refused with 460101 ("exceed 20000 bytes"). */
const MAX_BODY_BYTES = 20_000;
/** After 20 messages in a minute a robot is blocked for about ten minutes: eleven retries a minute apart outlast that. */
const RATE_WINDOW_MS = 60_000;

const tooMany = { text: 'more than 20 messages in a minute', retryAfterMs: RATE_WINDOW_MS };
const CODES: ResultCodes = {
  [-1]: { text: 'the service is busy', retryAfterMs: 0 },
  130101: tooMany,
  302033: tooMany,
  410100: tooMany,
  101002: { text: 'the message is too long' },
  460101: { text: 'the message is too long' },
  300001: { text: 'no robot has the token in the address' },
  310000: { text: 'signature, keyword or source address rejected; check the secret, the clock and the security settings of the robot' },
};

export const dingtalk: Provider = {
  maxResponseBytes: MAX_RESULT_BYTES,
  compose({ chat }, { url, secret }, now) {
    // Without the blank line DingTalk shows the lines as one paragraph. The title is shown in the list of chats and in push messages.
    const body = (text: ChatText): string =>
      JSON.stringify({
        msgtype: 'markdown',
        markdown: { title: withoutMassMentions(text.headline), text: markdownLines(text).join('\n\n') },
        at: { isAtAll: false },
      });
    const shown = fitted(chat, (candidate) => Buffer.byteLength(body(candidate)) <= MAX_BODY_BYTES);
    return {
      url: secret ? signed(url, secret, now.getTime()) : url,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: body(shown),
    };
  },
  judge: (response) => judgeResult(response, ['errcode'], CODES),
};

/** `timestamp` in milliseconds. An address that was copied with an old signature gets the new one in its place. */
function signed(url: string, secret: string, timestampMs: number): string {
  const address = new URL(url);
  const sign = createHmac('sha256', secret).update(`${timestampMs}\n${secret}`).digest('base64');
  address.searchParams.set('timestamp', String(timestampMs));
  address.searchParams.set('sign', sign);
  return address.href;
}
