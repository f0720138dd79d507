// Custom robots of Feishu (飞书) and Lark. With a secret each request is signed in its body.
import { createHmac } from 'node:crypto';
import { fitted, withoutMassMentions, type ChatText } from './chat-text.ts';
import type { Provider } from './provider.ts';
import { judgeResult, MAX_RESULT_BYTES, type ResultCodes } from './result-code.ts';

/** Of the whole body: 20 KB. */
const MAX_BODY_BYTES = 20_000;

const CODES: ResultCodes = {
  // 5 a second and 100 a minute: the growing waits of the retry cover both.
  11232: { text: 'too many messages', retryAfterMs: 0 },
  9499: { text: 'the message is malformed' },
  19001: { text: 'no robot has the address' },
  19021: { text: 'signature or timestamp rejected; check the secret and the clock' },
  19022: { text: 'the robot does not accept messages from this source address' },
  19024: { text: 'the message contains no keyword of the robot' },
};

export const feishu: Provider = {
  maxResponseBytes: MAX_RESULT_BYTES,
  compose({ chat }, { url, secret }, now) {
    const signature = secret ? signatureOf(secret, Math.floor(now.getTime() / 1000)) : {};
    const body = (text: ChatText): string => JSON.stringify({ ...signature, msg_type: 'post', content: { post: { en_us: postOf(text) } } });
    const shown = fitted(chat, (candidate) => Buffer.byteLength(body(candidate)) <= MAX_BODY_BYTES);
    return { url, headers: { 'content-type': 'application/json; charset=utf-8' }, body: body(shown) };
  },
  // Older robots answer with `StatusCode` alone.
  judge: (response) => judgeResult(response, ['code', 'StatusCode'], CODES),
};

/** The key, not the message, is timestamp and secret; what is signed is empty. `timestamp` in seconds. */
function signatureOf(secret: string, timestampSeconds: number): { timestamp: string; sign: string } {
  const timestamp = String(timestampSeconds);
  return { timestamp, sign: createHmac('sha256', `${timestamp}\n${secret}`).update('').digest('base64') };
}

/** A post is made of elements: text in it is no markup, and a link or mention is an element of its own. */
function postOf({ headline, message, facts, command, links }: ChatText): object {
  const lines = [...message.split('\n'), ...facts, ...(command === null ? [] : [command])];
  return {
    title: plain(headline),
    content: [
      ...lines.map((line) => [{ tag: 'text', text: plain(line) }]),
      ...links.map(({ text, url }) => [{ tag: 'a', text, href: url }]),
    ],
  };
}

/** Messages of type `text` read `<at …>` as a mention; here it must stay text in clients that do the same for posts. */
const plain = (text: string): string => withoutMassMentions(text).replace(/<(?=\/?at\b)/giu, '＜');
