// Which plan is of which statement: plans are asked for in the order of the slow statements, and those that could not be had are named.
import type { Fact } from '../../verdict/finding.ts';
import { describePlan } from '../postgres/describe.ts';
import type { Plan } from '../postgres/plan.ts';
import type { StatementsRecord } from '../postgres/records.ts';
import { slowStatements } from '../postgres/slow.ts';
import { normalised } from '../postgres/statement.ts';

export interface Plans {
  /** Given by auto_explain while the load ran; these say their statement. */
  logged: readonly Plan[];
  /** Asked for afterwards, for each slow statement without such a plan. */
  asked: readonly Plan[];
  /** What could not be had. */
  missing: readonly string[];
}

/** What each plan shows, by its statement. Asked ones only where they are as many as statements, so that none is laid to a wrong one. */
export function factsOfPlans(records: readonly StatementsRecord[], { logged, asked, missing }: Plans): ReadonlyMap<string, Fact[]> {
  const facts = new Map<string, Fact[]>();
  // A plan without figures was asked for again: it shows no wasted row.
  for (const plan of logged)
    if (plan.statement !== null && plan.root.actualRows !== null) facts.set(normalised(plan.statement), describePlan(plan).facts);
  const planned = records
    .flatMap((record) => slowStatements(record))
    .map(({ statement }) => statement)
    .filter((statement) => !facts.has(statement))
    .filter((statement) => !missing.some((each) => each.startsWith(`plan of ${JSON.stringify(statement.slice(0, 80))}`)));
  if (planned.length === asked.length)
    for (const [i, statement] of planned.entries()) facts.set(statement, describePlan(asked[i] as Plan).facts);
  return facts;
}
