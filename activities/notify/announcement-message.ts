import { relativeTime, time } from '../../verdict/wording/index.ts';
import type { Announcement } from '../bookkeeping-contract.ts';
import { chatText, type ChatParts } from './chat-text.ts';
import type { Message } from './provider.ts';

/** Text of the link to the page. */
const PAGE_LINK = 'Open the page';

/** What each kind of target gets of an announcement. */
export function announcementMessage(announcement: Announcement): Message {
  const parts = partsOf(announcement);
  return {
    key: announcement.key,
    chat: chatText(parts),
    document: { apiVersion: 'tminus.dev/v1alpha1', kind: 'Announcement', ...announcement, text: textOf(parts) },
  };
}

/**
 * The announcement in words, the same for every receiver. The headline, `hold: go-api, shop/go-api, final-poll`, begins with the verdict; the facts
 * are who decides until when, and the launch. Times and durations are written as on the page and in the CLI, relative to when it was announced.
 */
function partsOf(announcement: Announcement): ChatParts {
  const { release, service, checkpoint, verdict, message, rehearsal, launchAt, waitsFor, deadlineAt, command, links } = announcement;
  const announcedMs = Date.parse(announcement.at);
  const at = (iso: string): string => `${time(iso)} (${relativeTime(iso, announcedMs)})`;
  // Announcements of the restorer are about no checkpoint, and about no launch.
  const ofCountdown = checkpoint !== '';
  return {
    headline: `${rehearsal ? 'REHEARSAL ' : ''}${verdict}: ${release}, ${service}${ofCountdown ? `, ${checkpoint}` : ''}`,
    lines: [message],
    facts: [
      ...(waitsFor === undefined ? [] : [`waiting for ${waitsFor.join(' or ')}`]),
      ...(deadlineAt === undefined ? [] : [`deadline ${at(deadlineAt)}`]),
      ...(ofCountdown ? [`launch ${at(launchAt)}`] : []),
    ],
    command: command ?? null,
    links: links?.page === undefined ? [] : [{ text: PAGE_LINK, url: links.page }],
  };
}

/** One text, for receivers that show a single string (chat webhooks read `text`). */
function textOf({ headline, lines, facts, command }: ChatParts): string {
  return [`${headline}: ${lines.join('\n')}`, ...facts, ...(command === null ? [] : [command])].join('\n');
}
