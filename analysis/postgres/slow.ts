// Which statements are worth a look at their plan.
import type { StatementCost, StatementsRecord } from './records.ts';

/** A statement below this is quick: five of them in a row are still a tenth of a limit of 300 ms. */
const SLOW_MEAN_MS = 5;
/** Of the time of all statements. */
const COSTLY_SHARE = 0.2;
const EXPLAINED = 3;

export interface SlowStatement extends StatementCost {
  /** Of the time of all statements, 0-1. */
  share: number;
}

/** Those that are slow by themselves and take a good part of the server's time, the costliest first. */
export function slowStatements({ statements }: StatementsRecord): SlowStatement[] {
  const total = statements.reduce((sum, { totalMs }) => sum + totalMs, 0);
  return statements
    .map((statement) => ({ ...statement, share: total === 0 ? 0 : statement.totalMs / total }))
    .filter(({ meanMs, share }) => meanMs >= SLOW_MEAN_MS && share >= COSTLY_SHARE)
    .slice(0, EXPLAINED);
}
