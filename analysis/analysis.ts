// What every analysis of a piece of evidence answers with, so that the CLI, the step, the page and the report read all of them alike.
import type { Fact, Finding } from '../verdict/finding.ts';

/** A table people read. Cells are numbers in the unit of their column, text, or null where nothing was measured. */
export interface Table {
  title: string;
  columns: { name: string; unit: string }[];
  rows: (string | number | null)[][];
  /** What a reader must know to read it rightly: dropped rows, resolution, sampling cost. */
  notes: string[];
}

/** Judged statements, numbers worth a line, and tables. Empty findings mean "nothing to judge", never "all is well". */
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
  readonly wayOut: string;

  /** @param what one clause without a full stop: `this gzip stream ends in the middle`. */
  constructor(what: string, place: string, wayOut: string) {
    super(`${place}: ${what}; ${wayOut}`);
    this.place = place;
    this.wayOut = wayOut;
  }
}
