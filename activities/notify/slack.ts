// Incoming webhooks of Slack. The address is the only credential: there is no signature.
import { cutToFit, fitted, withoutMassMentions, type ChatText, type Link } from './chat-text.ts';
import { judgeStatus, type NotifyResponse, type Outcome, type Provider } from './provider.ts';

// Limits of Block Kit, in characters of the text as it is sent.
const MAX_HEADER = 150;
const MAX_SECTION = 3_000;
/** Of `text`, for notifications and screen readers: Slack's recommendation. */
const MAX_FALLBACK = 4_000;

/** Responses are one word. */
const MAX_RESPONSE_BYTES = 1_024;

export const slack: Provider = {
  maxResponseBytes: MAX_RESPONSE_BYTES,
  compose({ chat }, { url }) {
    const shown = fitted(chat, (text) => escapeSlack(text.message).length <= MAX_SECTION && fallback(text).length <= MAX_FALLBACK);
    return {
      url,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify({ text: fallback(shown), blocks: blocksOf(shown), unfurl_links: false, unfurl_media: false }),
    };
  },
  judge: judgeWord,
};

/** `plain_text` wherever a person's words stand: it has no links, mentions or emphasis, and `go_api_v1` keeps its underscores. */
function blocksOf({ headline, message, facts, command, links }: ChatText): object[] {
  const header = cutToFit(headline, (text) => escapeSlack(text).length <= MAX_HEADER);
  return [
    { type: 'header', text: plainText(header) },
    // Slack refuses an empty text and an empty list.
    ...(message === '' ? [] : [{ type: 'section', text: plainText(message) }]),
    ...(facts.length === 0 ? [] : [{ type: 'section', fields: facts.map(plainText) }]),
    ...(command === null ? [] : [{ type: 'context', elements: [plainText(command)] }]),
    ...links.map((link) => ({ type: 'section', text: { type: 'mrkdwn', text: linkTo(link), verbatim: true } })),
  ];
}

const plainText = (text: string): object => ({ type: 'plain_text', text: escapeSlack(text), emoji: false });

function fallback({ headline, message, facts, command, links }: ChatText): string {
  const lines = [headline, message, ...facts, ...(command === null ? [] : [command])].map(escapeSlack);
  return [...lines, ...links.map(linkTo)].join('\n');
}

/** `&`, `<` and `>` are all that Slack reads as control: `<!channel>`, `<@U1>` and `<url|text>` become text. */
const entities = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const escapeSlack = (text: string): string => entities(withoutMassMentions(text));
const linkTo = ({ text, url }: Link): string => `<${entities(url)}|${text}>`;

/** Success is 200 with the body `ok`. A refusal is one word such as `invalid_payload`, quoted where it has that form. */
function judgeWord(response: NotifyResponse): Outcome {
  const { status } = response;
  const body = response.body.trim();
  const byStatus = judgeStatus(response);
  if (byStatus.kind !== 'delivered') return { ...byStatus, reason: `HTTP ${status}${/^[a-z_]{1,60}$/u.test(body) ? ` (${body})` : ''}` };
  if (body === 'ok') return byStatus;
  if (body === '') return { kind: 'later', reason: `HTTP ${status} with an empty body` };
  return { kind: 'refused', reason: `HTTP ${status} with another body than "ok"; check the address of this target` };
}
