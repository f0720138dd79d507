// What a look at a PostgreSQL server leaves as evidence.

/** Where statements are found: the server's counters, its log, or what the service itself logs; in this order. */
export type StatementsSource = 'pg_stat_statements' | 'server-log' | 'service-log';

/** What a statement cost while the load ran. Logs tell only executions that were slow enough to be logged, and times alone. */
export interface StatementCost {
  /** With parameters in place of literals. */
  statement: string;
  calls: number;
  /** Time in the server over all calls. */
  totalMs: number;
  meanMs: number;
  /** Null where the source does not tell, here and below. */
  rows: number | null;
  blocksHit: number | null;
  blocksRead: number | null;
  tempBlocksWritten: number | null;
}

/** Evidence of kind `slow-statements`: one JSON document. */
export interface StatementsRecord {
  database: string;
  /** RFC 3339. */
  from: string;
  to: string;
  /** Why there are none; null when they could be read. */
  unread: string | null;
  /** Where they were read. Records of before logs were read have none: it was pg_stat_statements. */
  source?: StatementsSource;
  /** What was asked before it and is not there, each with its reason. */
  notThere?: string[];
  /** What keeps it from being all: parts of a log that were not read, entries that say too little. */
  bounds?: string[];
  /** The 50 that took most time, first the costliest. */
  statements: StatementCost[];
}

/** One session that was not idle. */
export interface ActiveSession {
  pid: number;
  state: string;
  waitEventType: string | null;
  waitEvent: string | null;
  /** Since its statement began; where it idles, since that ended. */
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

/** True where only executions slow enough to be logged are told: calls are a lower bound, and shares are of the logged time. */
export const isLogged = ({ source }: StatementsRecord): boolean => source === 'server-log' || source === 'service-log';
