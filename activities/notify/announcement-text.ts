import { relativeTime, time } from '../../verdict/wording/index.ts';
import type { Announcement } from '../bookkeeping-contract.ts';

/**
 * The announcement as one text, for receivers that show a single string (chat webhooks read `text`): what happened, who decides until when, the
 * launch, what to type. Times and durations are written as on the page and in the CLI, relative to when it was announced.
 */
export function announcementText(announcement: Announcement): string {
  const { release, service, checkpoint, verdict, message, rehearsal, launchAt, waitsFor, deadlineAt, command } = announcement;
  const announcedMs = Date.parse(announcement.at);
  const at = (iso: string): string => `${time(iso)} (${relativeTime(iso, announcedMs)})`;
  return [
    `${rehearsal ? 'REHEARSAL ' : ''}${release}, ${service}, ${checkpoint}: ${verdict}: ${message}`,
    ...(waitsFor === undefined ? [] : [`waiting for ${waitsFor.join(' or ')}`]),
    ...(deadlineAt === undefined ? [] : [`deadline ${at(deadlineAt)}`]),
    `launch ${at(launchAt)}`,
    ...(command === undefined ? [] : [command]),
  ].join('\n');
}
