// Logged executions, counted by statement. A log contains only executions above its threshold: all numbers are lower bounds.
import type { LogEntry } from './log-entries.ts';
import { readLoggedDuration, type LoggedDuration } from './logged-duration.ts';
import type { StatementCost } from './records.ts';
import { normalised } from './statement.ts';

/** As many as are explained, and stored (records.ts). */
const MAX_PLANS = 3;
const MAX_STATEMENTS = 50;
/** Cached shapes of texts: parsing takes 0.3 ms each (measured), and a load repeats the same few thousands of times. */
const MAX_SHAPES = 10_000;

export interface LoggedStatements {
  /** The costliest first. */
  statements: StatementCost[];
  /** The slowest plan of each of the costliest statements that have one, as logged. */
  plans: string[];
  /** Executions of other databases. */
  elsewhere: number;
  /** Executions whose entries contain no database. */
  ofAnyDatabase: number;
  /** Durations without a statement: by log_duration, or by log_statement, which logs it separately. */
  unnamed: number;
  unread: number;
}

export interface Tally {
  /** Counts an execution. */
  add(execution: LoggedDuration): void;
  /** Counts the execution in a server log entry, if there is one. */
  entry(entry: LogEntry): void;
  /** True after any execution, of any database. */
  any(): boolean;
  result(): LoggedStatements;
}

interface Count {
  calls: number;
  totalMs: number;
}

/**
 * @param database whose statements are counted.
 * @param own mark of Tminus' own statements, which are left out.
 */
export function createTally({ database, own }: { database: string; own: string }): Tally {
  const byStatement = new Map<string, { server: Count; auto_explain: Count; plan: string | null; planMs: number }>();
  const shapes = new Map<string, string>();
  const seen = { elsewhere: 0, ofAnyDatabase: 0, unnamed: 0, unread: 0 };

  function shapeOf(sql: string): string {
    const known = shapes.get(sql);
    if (known !== undefined) return known;
    const shape = normalised(sql);
    if (shapes.size < MAX_SHAPES) shapes.set(sql, shape);
    return shape;
  }

  function add({ by, durationMs, statement, plan }: LoggedDuration): void {
    const shape = shapeOf(statement);
    if (shape === '' || shape.includes(own)) return;
    const counted = byStatement.get(shape) ?? {
      server: { calls: 0, totalMs: 0 },
      auto_explain: { calls: 0, totalMs: 0 },
      plan: null,
      planMs: -1,
    };
    byStatement.set(shape, counted);
    counted[by].calls += 1;
    counted[by].totalMs += durationMs;
    if (plan !== null && durationMs > counted.planMs) [counted.plan, counted.planMs] = [plan, durationMs];
  }

  return {
    add,
    entry(entry) {
      if (entry.application === 'tminus') return;
      const duration = readLoggedDuration(entry.message);
      if (duration === null) return;
      if (entry.database !== null && entry.database !== database) seen.elsewhere += 1;
      else if (duration === 'unnamed' || duration === 'unread') seen[duration] += 1;
      else {
        if (entry.database === null) seen.ofAnyDatabase += 1;
        add(duration);
      }
    },
    any: () => byStatement.size + seen.elsewhere + seen.unnamed + seen.unread > 0,
    result() {
      const found = [...byStatement]
        // Where server and auto_explain logged the same executions, only the larger of the two counts.
        .map(([statement, { server, auto_explain: explained, plan }]) => ({
          statement,
          plan,
          ...(server.calls >= explained.calls ? server : explained),
        }))
        .sort((a, b) => b.totalMs - a.totalMs || (a.statement < b.statement ? -1 : 1));
      const plans = found.flatMap(({ plan }) => (plan === null ? [] : [plan])).slice(0, MAX_PLANS);
      return {
        statements: found
          .slice(0, MAX_STATEMENTS)
          .map(({ statement, calls, totalMs }) => ({ statement, calls, totalMs, meanMs: totalMs / calls, ...NOT_LOGGED })),
        plans,
        ...seen,
      };
    },
  };
}

/** Values that no log contains. */
const NOT_LOGGED = { rows: null, blocksHit: null, blocksRead: null, tempBlocksWritten: null };
