// What sessions waited for while the load ran.
import type { ActivityLook } from './records.ts';

export interface DatabaseWaits {
  /** Sessions seen busy, over all looks. */
  busy: number;
  /** Of these, waiting for a lock of a row, a transaction or a table, 0-1. */
  lockShare: number;
  /** The statement that most of them waited in. */
  blockedStatement: string | null;
  /** Sessions idle inside a transaction, of all seen, 0-1. */
  idleInTransactionShare: number;
  looks: number;
  unread: number;
}

/** Null where no look saw anything. */
export function databaseWaits(looks: readonly ActivityLook[]): DatabaseWaits | null {
  const read = looks.filter(({ unread }) => unread === null);
  if (read.length === 0) return null;
  const sessions = read.flatMap(({ sessions: seen }) => seen);
  const busy = sessions.filter(({ state }) => state === 'active');
  const locked = busy.filter(({ waitEventType }) => waitEventType === 'Lock');
  const counts = new Map<string, number>();
  for (const { statement } of locked) counts.set(statement, (counts.get(statement) ?? 0) + 1);
  const blockedStatement = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))[0]?.[0] ?? null;
  const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  return {
    busy: busy.length,
    lockShare: share(locked.length, busy.length),
    blockedStatement,
    idleInTransactionShare: share(sessions.filter(({ state }) => state.startsWith('idle in transaction')).length, sessions.length),
    looks: read.length,
    unread: looks.length - read.length,
  };
}
