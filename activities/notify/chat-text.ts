// An announcement as the lines of a chat message. Services differ in markup and limits, never in the text.
import type { Announcement } from '../bookkeeping-contract.ts';
import { announcementParts, type AnnouncementParts } from './announcement-text.ts';

/** Each part on one line, without markup: a provider escapes it. All but the message are bounded; the message is cut to the limit of a service. */
export interface ChatText extends AnnouncementParts {
  /** Address of the release's page. */
  page: string | null;
}

/** Text of the link to the page. */
export const PAGE_LINK = 'Open the page';

/** Three names of 63 and a verdict fit, and ten groups of 30 characters; small beside the 4,096 bytes of WeCom. */
const MAX_PART_BYTES = 300;

export function chatText(announcement: Announcement): ChatText {
  const { headline, message, facts, command } = announcementParts(announcement);
  return {
    headline: bounded(headline),
    message: oneLine(message),
    facts: facts.map(bounded),
    command: command === null ? null : bounded(command),
    page: announcement.links?.page ?? null,
  };
}

const bounded = (text: string): string => cutToFit(oneLine(text), (candidate) => Buffer.byteLength(candidate) <= MAX_PART_BYTES);

/**
 * Control characters, line breaks and marks of text direction: with them the comment of a person could look like another line of the message.
 */
const CONTROLS = /[\p{Cc}\u2028\u2029\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\s]+/gu;
const oneLine = (text: string): string => text.toWellFormed().replace(CONTROLS, ' ').trim();

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
