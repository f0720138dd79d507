// Records of a PostgreSQL server under load, and the slow statements among them.

/** Sources of statements, in the order in which they are tried. */
export type StatementsSource = 'pg_stat_statements' | 'server-log' | 'service-log';

/** Cost of a statement during the load. Logs contain only executions above a threshold, and only their durations. */
export interface StatementCost {
  /** With parameters in place of literals. */
  statement: string;
  calls: number;
  /** Time in the server over all calls. */
  totalMs: number;
  meanMs: number;
  /** Null where the source does not contain it, here and below. */
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
  /** Why they could not be read; null when they could. */
  unread: string | null;
  /** Absent in records of versions that read pg_stat_statements only. */
  source?: StatementsSource;
  /** Sources tried before, each with the reason why it could not be used. */
  notThere?: string[];
  /** Why it is incomplete: parts of a log that were not read, entries without details. */
  bounds?: string[];
  /** The 50 with the largest total time, the costliest first. */
  statements: StatementCost[];
}

/** One session that was not idle. */
export interface ActiveSession {
  pid: number;
  state: string;
  waitEventType: string | null;
  waitEvent: string | null;
  /** Since the start of its statement; for an idle session since its end. */
  runsMs: number;
  statement: string;
  /** Sessions that hold the lock it waits for. */
  blockedBy: number[];
}

/** A line of evidence of kind `lock-waits`: one sample of pg_stat_activity. */
export interface ActivitySample {
  at: string;
  unread: string | null;
  sessions: ActiveSession[];
}

/** True for sources that contain slow executions only: calls are a lower bound, and shares are of the logged time. */
export const isLogged = ({ source }: StatementsRecord): boolean => source === 'server-log' || source === 'service-log';

export const sourceTitles: Readonly<Record<StatementsSource, string>> = {
  pg_stat_statements: 'pg_stat_statements',
  'server-log': "the server's log",
  'service-log': "the service's own log",
};

/** Where statements were read and what that means for their counts; null for pg_stat_statements, which counts everything. */
export function sourceText(record: StatementsRecord): string | null {
  const { source, notThere = [], bounds = [] } = record;
  if (source === undefined || record.unread !== null || !isLogged(record)) return null;
  const read = `read from ${sourceTitles[source]}, which contains slow executions only, so calls are a lower bound`;
  return [...notThere, read, ...bounds].join('; ');
}

/** A faster statement is quick: five in a row are a tenth of a limit of 300 ms. */
const SLOW_MEAN_MS = 5;
/** Share of the time of all statements. */
const COSTLY_SHARE = 0.2;
/** A log contains slow executions only, so a statement must also have kept a session busy for this share of the time. */
const BUSY_SHARE = 0.1;
const MAX_EXPLAINED = 3;

export interface SlowStatement extends StatementCost {
  /** Share of the time of all recorded statements, 0-1. */
  share: number;
  /** From a log, which contains slow executions only. */
  logged?: true;
}

/** Statements that are slow and take a large share of the server's time, the costliest first. */
export function slowStatements(record: StatementsRecord): SlowStatement[] {
  const { statements } = record;
  const logged = isLogged(record);
  const minMs = logged ? BUSY_SHARE * (Date.parse(record.to) - Date.parse(record.from)) : 0;
  const total = statements.reduce((sum, { totalMs }) => sum + totalMs, 0);
  return statements
    .map((statement) => ({ ...statement, share: total === 0 ? 0 : statement.totalMs / total, ...(logged ? { logged } : {}) }))
    .filter(({ meanMs, totalMs, share }) => meanMs >= SLOW_MEAN_MS && share >= COSTLY_SHARE && totalMs >= minMs)
    .slice(0, MAX_EXPLAINED);
}
