// Missing indexes of a plan: scans of whole tables that discard nearly all rows by comparisons which an index could serve.
import { exclusiveTimes } from './exclusive.ts';
import type { Plan, PlanNode } from './plan.ts';
import { schemasOf } from './named-table.ts';
import { comparisonsOf, parseTree } from './statement.ts';

export interface IndexProposal {
  relation: string;
  /** In index order: equalities first, then at most one range. */
  columns: string[];
  /** `CREATE INDEX CONCURRENTLY ON orders (customer)`. */
  sql: string;
  /** Share of the rows read that are discarded, 0-1. */
  removedShare: number;
  /** Rows read per scan of the table, over all workers. */
  rowsRead: number;
  /** Share of the execution time spent in the scan itself, 0-1; null without timing. */
  timeShare: number | null;
}

/** A scan that keeps more than a tenth of its rows is appropriate (pev2 marks it from there on). */
const REMOVED_SHARE = 0.9;
/** A table of some hundred pages is read in a few milliseconds with or without an index. */
const MIN_PAGES = 1_000;
/** For plans without block counts: 1,000 pages of 8 kB hold this many rows of 160 bytes. */
const MIN_ROWS = 50_000;
/** Where other nodes take nine tenths, no index on this table helps (pev2 marks a node from there on). */
const MIN_TIME_SHARE = 0.1;

/**
 * Proposals, the costliest scan first; without times the planner's costs are used. None where parameters are unknown, because then the rows
 * are not those of the statement. Whether such an index exists or helps only the server can show.
 */
export function missingIndexes(plan: Plan): IndexProposal[] {
  if (plan.parameters !== null && plan.parameters.unknown.length > 0) return [];
  const own = exclusiveTimes(plan);
  const whole = plan.executionMs ?? plan.root.actualMs;
  return scansOf(plan)
    .flatMap(({ node, sharedBy }): { proposal: IndexProposal; weight: number }[] => {
      const filter = node.conditions['Filter'];
      if (node.relation === null || filter === undefined || node.actualRows === null || !node.loops) return [];
      const passes = node.loops / sharedBy;
      const rowsRead = (node.actualRows + node.rowsRemoved) * sharedBy;
      const removedShare = rowsRead === 0 ? 0 : (node.rowsRemoved * sharedBy) / rowsRead;
      const pages = node.sharedHit === null || node.sharedRead === null ? null : (node.sharedHit + node.sharedRead) / passes;
      const isSmall = pages === null ? rowsRead < MIN_ROWS : pages < MIN_PAGES;
      const timeShare = own.size === 0 || !whole ? null : Math.min(1, (own.get(node) ?? 0) / whole);
      const weight = timeShare ?? costShare(node, passes, plan);
      if (removedShare < REMOVED_SHARE || isSmall || weight < MIN_TIME_SHARE) return [];
      const comparisons = comparisonsOf(filter);
      if (comparisons === null) return [];
      const equal = [...new Set(comparisons.filter(({ kind }) => kind === 'equality').map(({ column }) => column))];
      const range = comparisons.find(({ kind, column }) => kind === 'range' && !equal.includes(column));
      const columns = range === undefined ? equal : [...equal, range.column];
      const table = [schemaOf(node.schema, node.relation, plan) ?? [], node.relation].flat().map(quoted).join('.');
      const sql = `CREATE INDEX CONCURRENTLY ON ${table} (${columns.map(quoted).join(', ')})`;
      return [{ proposal: { relation: node.relation, columns, sql, removedShare, rowsRead, timeShare }, weight }];
    })
    .sort((a, b) => b.weight - a.weight || b.proposal.rowsRead - a.proposal.rowsRead)
    .map(({ proposal }) => proposal);
}

/** Scans of whole tables, and how many loops make one pass: workers share a parallel scan, a nested loop repeats any other. */
function scansOf(plan: Plan): { node: PlanNode; sharedBy: number }[] {
  const scans: { node: PlanNode; sharedBy: number }[] = [];
  const visit = (node: PlanNode, processes: number | null): void => {
    const loops = node.loops ?? 0;
    if (node.type === 'Seq Scan') scans.push({ node, sharedBy: node.parallel ? Math.max(1, Math.min(loops, processes ?? loops)) : 1 });
    const gathers = node.type === 'Gather' || node.type === 'Gather Merge';
    for (const child of node.children) visit(child, gathers && node.workersLaunched !== null ? node.workersLaunched + 1 : processes);
  };
  visit(plan.root, null);
  return scans;
}

/** Share of the planner's total cost, 0-1; 0 for a plan without costs. */
const costShare = ({ totalCost }: PlanNode, passes: number, { root }: Plan): number =>
  totalCost === null || !root.totalCost ? 0 : Math.min(1, (totalCost * passes) / root.totalCost);

/** The plan's schema, else the statement's; null where neither has one, or there are two tables of that name. */
function schemaOf(schema: string | null, relation: string, { statement }: Plan): string | null {
  if (schema !== null || statement === null) return schema;
  const schemas = schemasOf(statement, relation);
  return schemas.length === 1 ? (schemas[0] ?? null) : null;
}

/** An identifier in SQL; the parser decides which words are reserved. */
const quoted = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/u.test(name) && parseTree(`CREATE INDEX ON ${name} (${name})`) !== null ? name : `"${name.replaceAll('"', '""')}"`;
