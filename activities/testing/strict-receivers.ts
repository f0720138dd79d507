// Receivers of notifications that check all that their real counterparts check, by own code: signature, clock, content type, sizes, markup.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import type { NotifierType } from '../../release/environment.ts';

/** Text for the signature of each kind that has one. */
export const SECRETS = { webhook: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', dingtalk: 'SEC1b9', feishu: 'uR8+/x=' } as const;
/** The only address that a message may link to, unless others are allowed. */
export const PAGE = 'https://tminus.example/r/go-api';
/** Timestamps may be off by an hour. */
const CLOCK_MS = 3_600_000;

export interface ReceivedRequest {
  url: string;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
}

/** The text that people see, line by line; the link to the page is `text -> address`. */
export type ShownMessage = readonly string[];

export interface StrictReceiver {
  /** Address to configure, with the key or token of the robot in it. */
  url: string;
  received: ReceivedRequest[];
  /** Accepted messages. */
  shown: ShownMessage[];
  /** What was wrong with the others. */
  refusals: string[];
  close(): void;
}

/** A request that the real service would refuse, with the code that it would answer. */
class Refusal extends Error {
  readonly code: number;
  constructor(message: string, code = 40_000) {
    super(message);
    this.code = code;
  }
}

function check(condition: boolean, message: string, code?: number): asserts condition {
  if (!condition) throw new Refusal(message, code);
}

/** HMAC by Web Crypto, where the code under test uses Node's own. */
async function hmac(key: string, message: string): Promise<string> {
  const imported = await crypto.subtle.importKey('raw', new TextEncoder().encode(key), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return Buffer.from(await crypto.subtle.sign('HMAC', imported, new TextEncoder().encode(message))).toString('base64');
}

/** Signs that were made full-width so that they are no markup, as people read them. */
export const read = (line: string): string =>
  line.replace(/[\uFF01-\uFF5E]/gu, (sign) => String.fromCodePoint((sign.codePointAt(0) ?? 0) - 0xfee0));

/** Keys of an object that was parsed. */
type Fields = Record<string, unknown>;
const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const textOf = (value: unknown): string => {
  check(typeof value === 'string', 'a text is missing');
  check(value.isWellFormed(), 'a text is cut inside a character', 40_058);
  return value;
};

function json({ headers, bytes }: ReceivedRequest): Fields {
  check(/^application\/json(; ?charset=utf-8)?$/u.test(headers['content-type'] ?? ''), 'the content type is not JSON');
  try {
    return fields(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch {
    throw new Refusal('the body is not JSON in UTF-8', 40_058);
  }
}

/** Lines of the markdown of WeCom and DingTalk: no tag, no mention, no link but the allowed ones. */
function markdownLines(markdown: string, allowed: readonly string[]): string[] {
  check(!markdown.includes('<'), 'a tag or mention in the markdown');
  check(!/@\s*(?:all|所有人)/iu.test(markdown), 'a mention of everybody');
  const lines = markdown.split(/\n+/u);
  return lines.map((line) => {
    const link = /^\[([^\]]*)\]\(([^)]*)\)$/u.exec(line);
    check(link !== null || !/\]\s*[([]/u.test(line), 'a link in the text');
    check(link === null || allowed.includes(link[2] ?? ''), 'a link to another address than the page');
    const shown = link ? `${link[1]} -> ${link[2]}` : line.replace(/^\*\*(.*)\*\*$/u, '$1');
    check(!/[*`]/u.test(shown), 'emphasis or code in the text');
    return shown;
  });
}

const entitiesRead = (text: string): string => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

/** Slack reads `<...>` as a link or mention everywhere, so a text has none but the allowed links. */
function slackText(value: unknown, type: 'plain_text' | 'mrkdwn', maximum: number, allowed: readonly string[]): string {
  const { type: is, text } = fields(value);
  check(is === type, `not ${type}`);
  return slackLine(textOf(text), maximum, allowed);
}
function slackLine(text: string, maximum: number, allowed: readonly string[]): string {
  check(text.length > 0 && text.length <= maximum, `invalid_blocks: ${text.length} characters, limit ${maximum}`);
  const links = [...text.matchAll(/<([^>]*)>/gu)].map(([, link = '']) => link);
  check(
    links.every((link) => allowed.some((url) => entitiesRead(link).startsWith(`${url}|`))),
    'a mention or link in the text',
  );
  check(!/&(?!amp;|lt;|gt;)/u.test(text), 'an ampersand that is not escaped');
  return entitiesRead(text.replace(/<([^|>]*)\|([^>]*)>/gu, '$2 -> $1'));
}

type Check = (request: ReceivedRequest, nowMs: number, allowed: readonly string[]) => ShownMessage | Promise<ShownMessage>;

const checks: Record<NotifierType, Check> = {
  webhook(request) {
    const body = request.bytes.toString('utf8');
    const verifier = new Webhook(SECRETS.webhook);
    try {
      verifier.verify(body, request.headers as Record<string, string>);
    } catch (error) {
      throw new Refusal(error instanceof Error ? error.message : String(error));
    }
    const { kind, message, text } = json(request);
    return kind === 'AlertGroup' ? textOf(text).split('\n') : [textOf(message)];
  },
  wecom(request, _nowMs, allowed) {
    const { msgtype, markdown } = json(request);
    check(new URL(request.url, 'http://localhost').searchParams.get('key') === 'robot', 'no robot has the key', 93_000);
    check(msgtype === 'markdown', 'not markdown');
    const content = textOf(fields(markdown)['content']);
    const sizeBytes = new TextEncoder().encode(content).byteLength;
    check(sizeBytes <= 4_096, `markdown.content exceed max length 4096: ${sizeBytes}`, 40_058);
    return markdownLines(content, allowed);
  },
  async dingtalk(request, nowMs, allowed) {
    check(request.bytes.byteLength <= 20_000, `message too long, exceed 20000 bytes: ${request.bytes.byteLength}`, 460_101);
    const query = new URL(request.url, 'http://localhost').searchParams;
    check(query.get('access_token') === 'robot', 'no robot has the token', 300_001);
    const [timestamp, ...others] = query.getAll('timestamp');
    check(timestamp !== undefined && others.length === 0, 'no timestamp, or several', 310_000);
    check(Math.abs(Number(timestamp) - nowMs) <= CLOCK_MS, 'the timestamp in milliseconds is off by more than an hour', 310_000);
    check(query.get('sign') === (await hmac(SECRETS.dingtalk, `${timestamp}\n${SECRETS.dingtalk}`)), 'sign not match', 310_000);
    const { msgtype, markdown, at } = json(request);
    check(msgtype === 'markdown', 'not markdown');
    check(fields(at)['isAtAll'] === false, 'everybody is mentioned');
    const lines = markdownLines(textOf(fields(markdown)['text']), allowed);
    check(read(textOf(fields(markdown)['title'])) === read(lines[0] ?? ''), 'the title is not the first line');
    return lines;
  },
  async feishu(request, nowMs, allowed) {
    check(request.bytes.byteLength <= 20_000, `the body exceeds 20 KB: ${request.bytes.byteLength}`, 9_499);
    const { timestamp, sign, msg_type: type, content } = json(request);
    check(typeof timestamp === 'string' && typeof sign === 'string', 'no signature', 19_021);
    check(Math.abs(Number(timestamp) * 1_000 - nowMs) <= CLOCK_MS, 'the timestamp in seconds is not within one hour', 19_021);
    check(sign === (await hmac(`${timestamp}\n${SECRETS.feishu}`, '')), 'sign match fail', 19_021);
    check(type === 'post', 'not a post', 9_499);
    const { title, content: rows } = fields(fields(fields(content)['post'])['en_us']);
    check(Array.isArray(rows), 'no content', 9_499);
    const lines = rows.map((row: unknown) => {
      const [element, ...others] = Array.isArray(row) ? row.map(fields) : [];
      check(element !== undefined && others.length === 0, 'not one element on a line');
      const { tag, text, href } = element;
      check(tag === 'text' || (tag === 'a' && allowed.includes(String(href))), `an element ${String(tag)} that may not be there`);
      check(!/<\/?at\b|@\s*(?:all|所有人)/iu.test(textOf(text)), 'a mention in the text');
      return tag === 'a' ? `${textOf(text)} -> ${textOf(href)}` : textOf(text);
    });
    return [textOf(title), ...lines];
  },
  slack(request, _nowMs, allowed) {
    const { text, blocks } = json(request);
    check(Array.isArray(blocks) && blocks.length <= 50, 'invalid_blocks');
    const plain = (value: unknown, maximum: number): string[] => slackText(value, 'plain_text', maximum, allowed).split('\n');
    const lines = blocks.map(fields).flatMap((block) => {
      if (block['type'] === 'header') return plain(block['text'], 150);
      if (block['type'] === 'context') return (block['elements'] as unknown[]).flatMap((each) => plain(each, 3_000));
      check(block['type'] === 'section', 'invalid_blocks');
      if (!Array.isArray(block['fields'])) {
        const isLink = fields(block['text'])['type'] === 'mrkdwn';
        return isLink ? [slackText(block['text'], 'mrkdwn', 3_000, allowed)] : plain(block['text'], 3_000);
      }
      check(block['fields'].length > 0 && block['fields'].length <= 10, 'invalid_blocks');
      return block['fields'].flatMap((each) => plain(each, 2_000));
    });
    const fallback = slackLine(textOf(text), 4_000, allowed).split('\n');
    // The header may be shorter than the line for notifications.
    check(fallback.slice(1).join('\n') === lines.slice(1).join('\n'), 'the text for notifications is not that of the blocks');
    return lines;
  },
};

/** Where a message is posted, after the host. */
const PATHS: Record<NotifierType, string> = {
  webhook: '/hook/robot',
  wecom: '/cgi-bin/webhook/send?key=robot',
  dingtalk: '/robot/send?access_token=robot',
  feishu: '/open-apis/bot/v2/hook/robot',
  slack: '/services/T0/B0/robot',
};

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body: string;
}

/** How each service answers; all but Slack and the plain webhook with HTTP 200 to a refusal too. */
function answerOf(type: NotifierType, code: number): Answer {
  if (type === 'webhook') return { status: code === 0 ? 204 : 401, body: '' };
  if (type === 'slack') return code === 0 ? { status: 200, body: 'ok' } : { status: 400, body: 'invalid_blocks' };
  const result = type === 'feishu' ? { code, msg: code === 0 ? 'success' : 'refused', data: {} } : { errcode: code, errmsg: 'text' };
  return { status: 200, body: JSON.stringify(result) };
}

/** How each service answers to more messages than it allows. */
const THROTTLED: Record<NotifierType, Answer> = {
  webhook: { status: 429, headers: { 'retry-after': '7' }, body: '' },
  wecom: answerOf('wecom', 45_009),
  dingtalk: answerOf('dingtalk', 130_101),
  feishu: answerOf('feishu', 11_232),
  slack: { status: 429, headers: { 'retry-after': '1' }, body: 'rate_limited' },
};

interface ReceiverOptions {
  /** Addresses that a message may link to. */
  allowed?: readonly string[];
  /** So many of the first messages are above the rate limit. */
  throttled?: number;
}

/** Listens on loopback. The receiver's clock stands at `nowMs`. */
export async function startReceiver(
  type: NotifierType,
  nowMs: number,
  { allowed = [PAGE], throttled = 0 }: ReceiverOptions = {},
): Promise<StrictReceiver> {
  const [received, shown, refusals]: [ReceivedRequest[], ShownMessage[], string[]] = [[], [], []];
  const answerTo = async (got: ReceivedRequest): Promise<Answer> => {
    try {
      const message = await checks[type](got, nowMs, allowed);
      if (received.length <= throttled) return THROTTLED[type];
      shown.push(message);
      return answerOf(type, 0);
    } catch (error) {
      refusals.push(error instanceof Error ? error.message : String(error));
      return answerOf(type, error instanceof Refusal ? error.code : 50_000);
    }
  };
  const server: Server = createServer((request, response) => {
    void buffer(request).then(async (bytes) => {
      const got = { url: request.url ?? '', headers: request.headers, bytes };
      received.push(got);
      const { status, headers, body } = await answerTo(got);
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(status === 204 ? undefined : body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${PATHS[type]}`,
    received,
    shown,
    refusals,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
