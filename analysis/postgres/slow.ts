// Which statements are worth a look at their plan.
import { isLogged, type StatementCost, type StatementsRecord } from './records.ts';

/** A statement below this is quick: five of them in a row are still a tenth of a limit of 300 ms. */
const SLOW_MEAN_MS = 5;
/** Of the time of all statements. */
const COSTLY_SHARE = 0.2;
/** A log holds only what was slow, so a share of it says nothing of all: the statement must also have kept a session busy this part of the time. */
const BUSY_SHARE = 0.1;
const EXPLAINED = 3;

export interface SlowStatement extends StatementCost {
  /** Of the time of all statements told, 0-1. */
  share: number;
  /** Told by a log, which holds slow executions only. */
  logged?: true;
}

/** Those that are slow by themselves and take a good part of the server's time, the costliest first. */
export function slowStatements(record: StatementsRecord): SlowStatement[] {
  const { statements } = record;
  const logged = isLogged(record);
  const leastMs = logged ? BUSY_SHARE * (Date.parse(record.to) - Date.parse(record.from)) : 0;
  const total = statements.reduce((sum, { totalMs }) => sum + totalMs, 0);
  return statements
    .map((statement) => ({ ...statement, share: total === 0 ? 0 : statement.totalMs / total, ...(logged ? { logged } : {}) }))
    .filter(({ meanMs, totalMs, share }) => meanMs >= SLOW_MEAN_MS && share >= COSTLY_SHARE && totalMs >= leastMs)
    .slice(0, EXPLAINED);
}
