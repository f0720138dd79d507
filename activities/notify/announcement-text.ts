import { relativeTime, time } from '../../verdict/wording/index.ts';
import type { Announcement } from '../bookkeeping-contract.ts';

/** The announcement in words, the same for every receiver: a chat service puts each part on its own line. */
export interface AnnouncementParts {
  /** `hold: go-api, shop/go-api, final-poll`; the verdict first, for a list of chats or a push message shows only the beginning. */
  headline: string;
  message: string;
  /** Who decides until when, and the launch. */
  facts: readonly string[];
  /** What to type; null if there is nothing to do. */
  command: string | null;
}

/** Times and durations are written as on the page and in the CLI, relative to when it was announced. */
export function announcementParts(announcement: Announcement): AnnouncementParts {
  const { release, service, checkpoint, verdict, message, rehearsal, launchAt, waitsFor, deadlineAt, command } = announcement;
  const announcedMs = Date.parse(announcement.at);
  const at = (iso: string): string => `${time(iso)} (${relativeTime(iso, announcedMs)})`;
  // Announcements of the restorer are about no checkpoint, and about no launch.
  const ofCountdown = checkpoint !== '';
  return {
    headline: `${rehearsal ? 'REHEARSAL ' : ''}${verdict}: ${release}, ${service}${ofCountdown ? `, ${checkpoint}` : ''}`,
    message,
    facts: [
      ...(waitsFor === undefined ? [] : [`waiting for ${waitsFor.join(' or ')}`]),
      ...(deadlineAt === undefined ? [] : [`deadline ${at(deadlineAt)}`]),
      ...(ofCountdown ? [`launch ${at(launchAt)}`] : []),
    ],
    command: command ?? null,
  };
}

/** The announcement as one text, for receivers that show a single string (chat webhooks read `text`). */
export function announcementText(announcement: Announcement): string {
  const { headline, message, facts, command } = announcementParts(announcement);
  return [`${headline}: ${message}`, ...facts, ...(command === null ? [] : [command])].join('\n');
}
