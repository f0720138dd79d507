// What sessions waited for while the load ran.
import type { ActiveSession, ActivityLook } from './records.ts';
import { latency, share as shareText } from '../../verdict/wording/index.ts';

export interface DatabaseWaits {
  /** Sessions seen busy, over all looks. */
  busy: number;
  /** Of these, waiting for a lock of a row, a transaction or a table, 0-1. */
  lockShare: number;
  /** The statement that most of them waited in. */
  blockedStatement: string | null;
  /** Sessions that kept a transaction open for 100 ms and more without a statement, of all seen, 0-1. */
  idleInTransactionShare: number;
  /** The statement that most of these ran last; left out where there are none. */
  idleAfter?: string;
  looks: number;
  unread: number;
}

/** Between two statements of a transaction lies the way to the service and back, a few milliseconds: who stays away longer does something else. */
const IDLE_MS = 100;
/** Of fewer sessions it is an accident. */
const IDLE_SHARE = 0.1;
/** From fewer looks nobody can say that no session waits. */
const READ_SHARE = 0.5;

/** Null where no look saw anything, or too few could be read to say that nobody waits for a lock. */
export function databaseWaits(looks: readonly ActivityLook[]): DatabaseWaits | null {
  const read = looks.filter(({ unread }) => unread === null);
  const sessions = read.flatMap(({ sessions: seen }) => seen);
  const busy = sessions.filter(({ state }) => state === 'active');
  const locked = busy.filter(({ waitEventType }) => waitEventType === 'Lock');
  if (read.length === 0 || (locked.length === 0 && read.length < READ_SHARE * looks.length)) return null;
  const idle = sessions.filter(({ state, runsMs }) => state.startsWith('idle in transaction') && runsMs >= IDLE_MS);
  const idleAfter = mostCommon(idle);
  const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  return {
    busy: busy.length,
    lockShare: share(locked.length, busy.length),
    blockedStatement: mostCommon(locked),
    idleInTransactionShare: share(idle.length, sessions.length),
    ...(idleAfter === null ? {} : { idleAfter }),
    looks: read.length,
    unread: looks.length - read.length,
  };
}

/** Why connections may run out though every statement is quick; nothing where few sessions idle in a transaction. */
export function idleClause({ idleInTransactionShare: share, idleAfter = '' }: DatabaseWaits): string[] {
  if (share < IDLE_SHARE) return [];
  const after = idleAfter === '' ? '' : `, most after "${idleAfter}"`;
  return [
    `${shareText(share)} of the sessions seen kept a transaction open for ${latency(IDLE_MS)} and more ` +
      `without a statement${after}: their connections serve nobody meanwhile`,
  ];
}

/** The statement of most of them; of equally many the first by its text. */
function mostCommon(sessions: readonly ActiveSession[]): string | null {
  const counts = new Map<string, number>();
  for (const { statement } of sessions) counts.set(statement, (counts.get(statement) ?? 0) + 1);
  return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))[0]?.[0] ?? null;
}
