// The result of every analysis, in one shape for the CLI, the step, the page and the report.
import type { Fact, Finding } from '../verdict/finding.ts';

/** A table for people. Cells are numbers in the unit of their column, text, or null where nothing was measured. */
export interface Table {
  title: string;
  columns: { name: string; unit: string }[];
  rows: (string | number | null)[][];
  /** Limits of the data: dropped rows, resolution, sampling cost. */
  notes: string[];
}

/** Findings, facts and tables. Without findings nothing was judged; that is not a pass. */
export interface Analysis {
  findings: Finding[];
  facts: Fact[];
  tables: Table[];
}

/** Several analyses as one, in their order. */
export function together(analyses: readonly Analysis[]): Analysis {
  return {
    findings: analyses.flatMap(({ findings }) => findings),
    facts: analyses.flatMap(({ facts }) => facts),
    tables: analyses.flatMap(({ tables }) => tables),
  };
}

/**
 * Evidence that cannot be read: damaged, of another kind, or larger than its limit. A refusal, not a bug: offline it ends with exit 2, in a
 * countdown it becomes an inconclusive finding.
 */
export class UnreadableEvidence extends Error {
  override readonly name = 'UnreadableEvidence';
  /** Where in the bytes: `byte 812`, `line 4`, `spans[3].startTimeUnixNano`. */
  readonly place: string;
  readonly hint: string;

  /** @param what a clause without a full stop: `the gzip stream is truncated`. @param hint what to do, in the same form. */
  constructor(what: string, place: string, hint: string) {
    super(`${place}: ${what}; ${hint}`);
    this.place = place;
    this.hint = hint;
  }
}
