// An index that a plan lacks: a scan of a whole table that throws nearly all of it away, by comparisons an index could serve.
import { exclusiveTimes } from './exclusive.ts';
import { nodesOf, type Plan } from './plan.ts';
import { comparisonsOf, type Comparison } from './statement.ts';

export interface IndexProposal {
  relation: string;
  /** In the order of the index: equalities first, then at most one range. */
  columns: string[];
  comparisons: Comparison[];
  /** `CREATE INDEX CONCURRENTLY ON orders (customer)`. */
  sql: string;
  /** Of the rows read, thrown away, 0-1. */
  removedShare: number;
  /** Rows read in all loops. */
  rowsRead: number;
  /** Of the execution, spent in this scan itself, 0-1; null without timing. */
  timeShare: number | null;
}

/** A scan that keeps more than a tenth of its rows is right to scan; so is one of a table of some hundred pages. */
const REMOVED_SHARE = 0.9;
const LEAST_ROWS = 10_000;

/** Proposals, the costliest scan first. Pure: whether such an index is there already, and too wide or invalid, only the server knows. */
export function missingIndexes(plan: Plan): IndexProposal[] {
  const own = exclusiveTimes(plan);
  const whole = plan.executionMs ?? plan.root.actualMs;
  return nodesOf(plan)
    .flatMap((node): IndexProposal[] => {
      const filter = node.conditions['Filter'];
      if (node.type !== 'Seq Scan' || node.relation === null || filter === undefined || node.loops === null || node.actualRows === null)
        return [];
      const rowsRead = (node.actualRows + node.rowsRemoved) * node.loops;
      const removedShare = rowsRead === 0 ? 0 : (node.rowsRemoved * node.loops) / rowsRead;
      const comparisons = comparisonsOf(filter);
      if (removedShare < REMOVED_SHARE || rowsRead < LEAST_ROWS || comparisons === null) return [];
      const equal = [...new Set(comparisons.filter(({ kind }) => kind === 'equality').map(({ column }) => column))];
      const range = comparisons.find(({ kind, column }) => kind === 'range' && !equal.includes(column));
      const columns = range === undefined ? equal : [...equal, range.column];
      const timeShare = own.size === 0 || !whole ? null : Math.min(1, (own.get(node) ?? 0) / whole);
      const sql = `CREATE INDEX CONCURRENTLY ON ${quoted(node.relation)} (${columns.map(quoted).join(', ')})`;
      return [{ relation: node.relation, columns, comparisons, sql, removedShare, rowsRead, timeShare }];
    })
    .sort((a, b) => b.rowsRead - a.rowsRead);
}

const quoted = (name: string): string => (/^[a-z_][a-z0-9_]*$/u.test(name) ? name : `"${name.replaceAll('"', '""')}"`);
