// Reads the proof of an index: plans of a statement on a copy of the table, without and with the index.
import { UnreadableEvidence } from '../analysis.ts';
import { readPlan } from './read-plan.ts';

/** A proposed index, and its effect on a copy of the table. */
export interface ProvenIndex {
  statement: string;
  sql: string;
  /** Duration of the statement on the copy. */
  beforeMs: number;
  afterMs: number;
}

/** Evidence of kind `index-proof`. Throws UnreadableEvidence on other bytes, or plans without times. */
export function readIndexProof(bytes: Uint8Array): ProvenIndex {
  let proof: { statement?: unknown; sql?: unknown; before?: unknown; after?: unknown } | null;
  try {
    proof = JSON.parse(new TextDecoder().decode(bytes)) as typeof proof;
  } catch {
    proof = null;
  }
  if (typeof proof?.statement !== 'string' || typeof proof.sql !== 'string')
    throw new UnreadableEvidence('not an index proof', 'line 1', 'run the diagnosis again');
  const { statement, sql } = proof;
  const took = (plan: unknown, which: string): number => {
    const { executionMs } = readPlan(new TextEncoder().encode(JSON.stringify(plan)));
    if (executionMs === null) throw new UnreadableEvidence('the plan was not executed', which, 'run the diagnosis again');
    return executionMs;
  };
  return { statement, sql, beforeMs: took(proof.before, 'before'), afterMs: took(proof.after, 'after') };
}
