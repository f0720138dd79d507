// A message as the lines of a chat. Services differ in markup and limits, never in the text.

export interface Link {
  text: string;
  url: string;
}

/** A message as its authors wrote it: names, comments of people, labels and annotations of alerts. */
export interface ChatParts {
  /** The most important word first: a list of chats or a push message shows only the beginning. */
  headline: string;
  /** What it is about. Cut from the end to the limit of a service. */
  lines: readonly string[];
  /** Shown whole, below the lines. */
  facts: readonly string[];
  /** What to type; null if there is nothing to do. */
  command: string | null;
  /** The most useful first. */
  links: readonly Link[];
}

/** Each part on one line, without markup: a provider escapes it. All but the message are bounded. */
export interface ChatText extends Omit<ChatParts, 'lines'> {
  /** The lines, with a line break between two. */
  message: string;
}

/** Three names of 63 and a verdict fit, and ten groups of 30 characters; small beside the 4,096 bytes of WeCom. */
const MAX_PART_BYTES = 300;
/** A Prometheus link to an expression of 400 characters fits. A longer link is left out: cut, it would lead to another place. */
const MAX_LINK_BYTES = 1_000;

export function chatText({ headline, lines, facts, command, links }: ChatParts): ChatText {
  return {
    headline: bounded(headline),
    message: lines.map(oneLine).join('\n'),
    facts: facts.map((fact) => bounded(fact)),
    command: command === null ? null : bounded(command),
    links: links.flatMap(({ text, url }) => {
      const address = addressIn(url);
      return address === null ? [] : [{ text, url: address }];
    }),
  };
}

/** One line of at most so many bytes, with `…` after a cut. */
export const bounded = (text: string, maxBytes = MAX_PART_BYTES): string =>
  cutToFit(oneLine(text), (candidate) => Buffer.byteLength(candidate) <= maxBytes);

/** An http address without signs that would end a link in any markup (`URL` encodes quotes and angle brackets itself); null for another one. */
function addressIn(url: string): string | null {
  const address = URL.canParse(url) ? new URL(url) : null;
  if (address === null || !/^https?:$/u.test(address.protocol)) return null;
  const encoded = address.href.replace(/[()|]/gu, (sign) => `%${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase()}`);
  return Buffer.byteLength(encoded) <= MAX_LINK_BYTES ? encoded : null;
}

/**
 * Control characters, line breaks and marks of text direction: with them the comment of a person could look like another line of the message.
 */
const CONTROLS = /[\p{Cc}\u2028\u2029\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\s]+/gu;
const oneLine = (text: string): string => text.toWellFormed().replace(CONTROLS, ' ').trim();

/** The text within the limit of a service: the message is cut; where that is not enough, links and then facts are left out from the end. */
export function fitted(text: ChatText, fits: (text: ChatText) => boolean): ChatText {
  const message = cutToFit(text.message, (candidate) => fits({ ...text, message: candidate }));
  const cut = { ...text, message };
  const shorter = withoutLast(text);
  return shorter === null || fits(cut) ? cut : fitted(shorter, fits);
}

function withoutLast(text: ChatText): ChatText | null {
  if (text.links.length > 0) return { ...text, links: text.links.slice(0, -1) };
  if (text.facts.length > 0) return { ...text, facts: text.facts.slice(0, -1) };
  return null;
}

/** Longer than any service allows; only so much is divided into characters. */
const MAX_UNITS = 20_000;

/** The longest beginning that fits, with `…` after it, never cut inside a character (of several code points too). The whole text if it fits. */
export function cutToFit(text: string, fits: (text: string) => boolean): string {
  if (fits(text)) return text;
  const characters = Array.from(new Intl.Segmenter('en').segment(text.slice(0, MAX_UNITS)), ({ segment }) => segment);
  const beginning = (count: number): string => `${characters.slice(0, count).join('').trimEnd()}…`;
  let fitting = 0;
  let tooMany = characters.length;
  while (tooMany - fitting > 1) {
    const middle = Math.floor((fitting + tooMany) / 2);
    if (fits(beginning(middle))) fitting = middle;
    else tooMany = middle;
  }
  return beginning(fitting);
}

/** `@all` and its like, with a sign that no service reads as a mention. */
export const withoutMassMentions = (text: string): string => text.replace(/@(?=\s*(?:all|everyone|channel|here|所有人))/giu, '＠');
