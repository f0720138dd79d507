// What database sessions waited for during the load.
import type { ActiveSession, ActivitySample } from './records.ts';
import { latency, share as shareText } from '../../verdict/wording/index.ts';

export interface DatabaseWaits {
  /** Busy sessions, over all samples. */
  busy: number;
  /** Share that waited for a lock of a row, a transaction or a table, 0-1. */
  lockShare: number;
  /** The statement that most of these waited in. */
  blockedStatement: string | null;
  /** Share of all sessions that kept a transaction open for 100 ms and more without a statement, 0-1. */
  idleInTransactionShare: number;
  /** The last statement of most of these; absent without any. */
  idleAfter?: string;
  samples: number;
  unread: number;
}

/** Between two statements of a transaction is one round trip to the service, a few milliseconds; longer means other work. */
const IDLE_MS = 100;
/** A smaller share may be chance. */
const IDLE_SHARE = 0.1;
/** With fewer readable samples, the absence of lock waits proves nothing. */
const READ_SHARE = 0.5;

/** Null without a readable sample, or with too few of them to exclude lock waits. */
export function databaseWaits(samples: readonly ActivitySample[]): DatabaseWaits | null {
  const read = samples.filter(({ unread }) => unread === null);
  const sessions = read.flatMap((sample) => sample.sessions);
  const busy = sessions.filter(({ state }) => state === 'active');
  const locked = busy.filter(({ waitEventType }) => waitEventType === 'Lock');
  if (read.length === 0 || (locked.length === 0 && read.length < READ_SHARE * samples.length)) return null;
  const idle = sessions.filter(({ state, runsMs }) => state.startsWith('idle in transaction') && runsMs >= IDLE_MS);
  const idleAfter = mostCommon(idle);
  const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  return {
    busy: busy.length,
    lockShare: share(locked.length, busy.length),
    blockedStatement: mostCommon(locked),
    idleInTransactionShare: share(idle.length, sessions.length),
    ...(idleAfter === null ? {} : { idleAfter }),
    samples: read.length,
    unread: samples.length - read.length,
  };
}

/** Why connections may run out although statements are quick; empty where few sessions are idle in a transaction. */
export function idleClause({ idleInTransactionShare: share, idleAfter = '' }: DatabaseWaits): string[] {
  if (share < IDLE_SHARE) return [];
  const after = idleAfter === '' ? '' : `, most after "${idleAfter}"`;
  return [
    `${shareText(share)} of the sessions kept a transaction open for ${latency(IDLE_MS)} and more ` +
      `without a statement${after}: their connections serve no other request in the meantime`,
  ];
}

/** The most frequent statement; of equally frequent ones the first by text. */
function mostCommon(sessions: readonly ActiveSession[]): string | null {
  const counts = new Map<string, number>();
  for (const { statement } of sessions) counts.set(statement, (counts.get(statement) ?? 0) + 1);
  return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))[0]?.[0] ?? null;
}
