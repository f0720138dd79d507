// Assigns plans to statements, by the statement that each plan contains.
import type { Fact } from '../../verdict/finding.ts';
import { describePlan } from '../postgres/describe.ts';
import type { Plan } from '../postgres/plan.ts';
import { slowStatements, type StatementsRecord } from '../postgres/records.ts';
import { normalised } from '../postgres/statement.ts';

export interface Plans {
  /** Logged by auto_explain during the load, with literals in their statements. */
  logged: readonly Plan[];
  /** Requested afterwards for slow statements without a logged plan; they contain the statement's text. */
  requested: readonly Plan[];
}

/** Facts of each plan, by its statement. A plan of another statement is ignored. */
export function factsOfPlans(records: readonly StatementsRecord[], { logged, requested }: Plans): ReadonlyMap<string, Fact[]> {
  const facts = new Map<string, Fact[]>();
  const slow = new Set(records.flatMap((record) => slowStatements(record)).map(({ statement }) => statement));
  for (const plan of requested)
    if (plan.statement !== null && slow.has(plan.statement)) facts.set(plan.statement, describePlan(plan).facts);
  // Plans under load come last and win. A plan without row counts shows no discarded rows.
  for (const plan of logged)
    if (plan.statement !== null && plan.root.actualRows !== null) facts.set(normalised(plan.statement), describePlan(plan).facts);
  return facts;
}
