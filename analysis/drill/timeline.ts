// The links of a drill in their order, each with its time, duration and limit.
import { duration } from '../../verdict/wording/index.ts';
import type { DrillRecord } from './record.ts';

export interface TimelineRow {
  link: 'before' | 'provoke' | 'detect' | 'act' | 'recover' | 'restore' | 'after';
  /** RFC 3339; null where the link was not reached. */
  at: string | null;
  /** From the link before; null where there is none, or where it was not reached. */
  seconds: number | null;
  limitMs: number | null;
  what: string;
  /** The row as one line. */
  text: string;
}

/** One row per link, one per action and per restored target. */
export function timelineOf(record: DrillRecord): TimelineRow[] {
  const { before, provokedAt, detected, recovered, after, limits, fault } = record;
  const detectedAt = detected?.outcome === 'fired' ? detected.at : null;
  return [
    row('before', before?.at ?? null, null, null, before?.message ?? 'not watched'),
    row('provoke', provokedAt, null, null, provokedAt === null ? 'no fault was provoked' : fault),
    row('detect', detectedAt, secondsBetween(provokedAt, detectedAt), limits.detectMs, detected?.message ?? 'not reached'),
    ...record.actions.map(({ name, startedAt, effectiveAt, reason }) =>
      row('act', effectiveAt, secondsBetween(startedAt, effectiveAt), limits.actMs, reason === '' ? name : `${name}: ${reason}`),
    ),
    row(
      'recover',
      recovered?.outcome === 'cleared' ? recovered.at : null,
      secondsBetween(detectedAt, recovered?.outcome === 'cleared' ? recovered.at : null),
      limits.recoverMs,
      recovered?.message ?? 'not reached',
    ),
    row('restore', record.restoredAt, secondsBetween(record.restoreStartedAt, record.restoredAt), limits.restoreMs, restoredText(record)),
    row('after', after?.at ?? null, null, null, after?.message ?? 'not watched'),
  ];
}

function restoredText({ restored }: DrillRecord): string {
  if (restored.length === 0) return 'nothing was changed';
  const open = restored.filter((each) => !each.restored).map(({ name }) => name);
  return open.length > 0 ? `not restored: ${open.join(', ')}` : restored.map(({ name }) => name).join(', ');
}

function row(link: TimelineRow['link'], at: string | null, seconds: number | null, limitMs: number | null, what: string): TimelineRow {
  const took = seconds === null ? '' : `${duration(1_000 * seconds)}${limitMs === null ? '' : ` (limit ${duration(limitMs)})`}: `;
  return { link, at, seconds, limitMs, what, text: `${took}${what}` };
}

/** Seconds between two times; null where one is missing, or where a clock moved back. */
export function secondsBetween(from: string | null, to: string | null): number | null {
  const seconds = (Date.parse(to ?? '') - Date.parse(from ?? '')) / 1_000;
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}
