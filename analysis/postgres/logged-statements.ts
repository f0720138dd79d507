// Logged executions, counted by statement. A log holds only those slow enough to be logged: every figure here is a lower bound.
import type { LogEntry } from './log-entries.ts';
import { readLoggedDuration, type LoggedDuration } from './logged-duration.ts';
import type { StatementCost } from './records.ts';
import { normalised } from './statement.ts';

/** As many as are explained, and kept (records.ts). */
const PLANS = 3;
const STATEMENTS = 50;
/** Texts whose shape is remembered: parsing takes 0.3 ms each (measured), and a load sends the same few thousands of times. */
const REMEMBERED = 10_000;

export interface LoggedStatements {
  /** First the costliest. */
  statements: StatementCost[];
  /** The slowest plan of each of the costliest that have one, as it came. */
  plans: string[];
  /** Executions of other databases. */
  elsewhere: number;
  /** Of those read, that do not say their database. */
  ofAnyDatabase: number;
  /** Durations without a statement: log_duration, or log_statement which tells it apart. */
  bare: number;
  unread: number;
}

export interface Tally {
  /** Counts an execution. */
  add(execution: LoggedDuration): void;
  /** Counts what an entry of the server's log says, where it says something. */
  entry(entry: LogEntry): void;
  /** True once something spoke of an execution, of whatever database. */
  any(): boolean;
  result(): LoggedStatements;
}

interface Count {
  calls: number;
  totalMs: number;
}

/**
 * @param database whose statements are counted.
 * @param own name by which our own statements are known, and left out.
 */
export function createTally({ database, own }: { database: string; own: string }): Tally {
  const byStatement = new Map<string, { server: Count; auto_explain: Count; plan: string | null; planMs: number }>();
  const shapes = new Map<string, string>();
  const seen = { elsewhere: 0, ofAnyDatabase: 0, bare: 0, unread: 0 };

  function shapeOf(sql: string): string {
    const known = shapes.get(sql);
    if (known !== undefined) return known;
    const shape = normalised(sql);
    if (shapes.size < REMEMBERED) shapes.set(sql, shape);
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
      else if (duration === 'bare' || duration === 'unread') seen[duration] += 1;
      else {
        if (entry.database === null) seen.ofAnyDatabase += 1;
        add(duration);
      }
    },
    any: () => byStatement.size + seen.elsewhere + seen.bare + seen.unread > 0,
    result() {
      const found = [...byStatement]
        // Where server and auto_explain both wrote of the same executions, one of the two counts: the one that wrote of more.
        .map(([statement, { server, auto_explain: explained, plan }]) => ({
          statement,
          plan,
          ...(server.calls >= explained.calls ? server : explained),
        }))
        .sort((a, b) => b.totalMs - a.totalMs || (a.statement < b.statement ? -1 : 1));
      const plans = found.flatMap(({ plan }) => (plan === null ? [] : [plan])).slice(0, PLANS);
      return {
        statements: found
          .slice(0, STATEMENTS)
          .map(({ statement, calls, totalMs }) => ({ statement, calls, totalMs, meanMs: totalMs / calls, ...UNTOLD })),
        plans,
        ...seen,
      };
    },
  };
}

/** What no log says. */
const UNTOLD = { rows: null, blocksHit: null, blocksRead: null, tempBlocksWritten: null };
