// Which plan is of which statement, by the statement that each plan says it is of.
import type { Fact } from '../../verdict/finding.ts';
import { describePlan } from '../postgres/describe.ts';
import type { Plan } from '../postgres/plan.ts';
import type { StatementsRecord } from '../postgres/records.ts';
import { slowStatements } from '../postgres/records.ts';
import { normalised } from '../postgres/statement.ts';

export interface Plans {
  /** Given by auto_explain while the load ran, with literals in their statements. */
  logged: readonly Plan[];
  /** Asked for afterwards, for each slow statement without such a plan, whose text they keep. */
  asked: readonly Plan[];
}

/** What each plan shows, by its statement. One that says none of the slow statements is laid to none. */
export function factsOfPlans(records: readonly StatementsRecord[], { logged, asked }: Plans): ReadonlyMap<string, Fact[]> {
  const facts = new Map<string, Fact[]>();
  const slow = new Set(records.flatMap((record) => slowStatements(record)).map(({ statement }) => statement));
  for (const plan of asked) if (plan.statement !== null && slow.has(plan.statement)) facts.set(plan.statement, describePlan(plan).facts);
  // What it did under load says more. A plan without figures was asked for again: it shows no wasted row.
  for (const plan of logged)
    if (plan.statement !== null && plan.root.actualRows !== null) facts.set(normalised(plan.statement), describePlan(plan).facts);
  return facts;
}
