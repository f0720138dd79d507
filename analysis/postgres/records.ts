// What a look at a PostgreSQL server leaves as evidence.

/** What a statement cost between two looks at pg_stat_statements. */
export interface StatementCost {
  /** With parameters in place of literals. */
  statement: string;
  calls: number;
  /** Time in the server over all calls. */
  totalMs: number;
  meanMs: number;
  rows: number;
  blocksHit: number;
  blocksRead: number;
  tempBlocksWritten: number;
}

/** Evidence of kind `slow-statements`: one JSON document. */
export interface StatementsRecord {
  database: string;
  /** RFC 3339. */
  from: string;
  to: string;
  /** Why there are none; null when they could be read. */
  unread: string | null;
  /** The 50 that took most time, first the costliest. */
  statements: StatementCost[];
}

/** One session that was not idle. */
export interface ActiveSession {
  pid: number;
  state: string;
  waitEventType: string | null;
  waitEvent: string | null;
  /** Since its statement began. */
  runsMs: number;
  statement: string;
  /** Sessions that hold the lock it waits for. */
  blockedBy: number[];
}

/** A line of evidence of kind `lock-waits`: one look at pg_stat_activity. */
export interface ActivityLook {
  at: string;
  unread: string | null;
  sessions: ActiveSession[];
}
