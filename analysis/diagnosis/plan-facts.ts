// Which plan is of which statement: plans are asked for in the order of the slow statements, and those that could not be had are named.
import type { Fact } from '../../verdict/finding.ts';
import { describePlan } from '../postgres/describe.ts';
import type { Plan } from '../postgres/plan.ts';
import type { StatementsRecord } from '../postgres/records.ts';
import { slowStatements } from '../postgres/slow.ts';

/** What each plan shows, by its statement. Empty where plans and statements are not as many, so that no plan is laid to a wrong one. */
export function factsOfPlans(
  records: readonly StatementsRecord[],
  plans: readonly Plan[],
  missing: readonly string[],
): ReadonlyMap<string, Fact[]> {
  const planned = records
    .flatMap((record) => slowStatements(record))
    .map(({ statement }) => statement)
    .filter((statement) => !missing.some((each) => each.startsWith(`plan of ${JSON.stringify(statement.slice(0, 80))}`)));
  if (planned.length !== plans.length) return new Map();
  return new Map(planned.map((statement, i) => [statement, describePlan(plans[i] as Plan).facts]));
}
