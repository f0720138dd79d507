// A PostgreSQL execution plan as a tree, whatever form it came in. Times are milliseconds, as PostgreSQL prints them: per loop.

export interface PlanNode {
  /** `Seq Scan`, `Nested Loop`; without `Parallel`, which is a flag. */
  type: string;
  parallel: boolean;
  relation: string | null;
  /** Of the relation, where the plan says it: with VERBOSE. */
  schema: string | null;
  index: string | null;
  /** `CTE x`, `InitPlan 1 (returns $0)`, `SubPlan 1`; null for an ordinary child. */
  subplan: string | null;
  /** Name of the CTE a CTE Scan reads. */
  cte: string | null;
  totalCost: number | null;
  planRows: number | null;
  /** Mean per loop; null where the plan was not run or the timing was off. */
  actualMs: number | null;
  /** Mean per loop. */
  actualRows: number | null;
  /** 0 when it was never executed, null when the plan was not run. */
  loops: number | null;
  workersPlanned: number | null;
  workersLaunched: number | null;
  /** Rows thrown away by filters and rechecks, mean per loop. */
  rowsRemoved: number;
  /** Blocks, of the node and all below it, over all loops; null without BUFFERS. */
  sharedHit: number | null;
  sharedRead: number | null;
  /** Blocks of temporary files, counted alike. */
  tempRead: number | null;
  tempWritten: number | null;
  /** It uses temporary files itself: blocks of its own, more than one hash batch, or a sort on disk. */
  spills: boolean;
  /** Rows an index-only scan had to look up in the table, over all loops. */
  heapFetches: number | null;
  /** Every condition of the node as PostgreSQL prints it, by its name: `Filter`, `Index Cond`, `Hash Cond` ... */
  conditions: Record<string, string>;
  children: PlanNode[];
}

export interface Plan {
  root: PlanNode;
  planningMs: number | null;
  executionMs: number | null;
  jitMs: number | null;
  /** The statement, where the source says it. */
  statement: string | null;
  /** What stood for the parameters of a statement that was kept without its values; null for a plan from elsewhere. */
  parameters: ParametersTold | null;
}

/** Parameters by their numbers. Those that decide nothing are in none of the lists. */
export interface ParametersTold {
  /** A value that the column it is compared with holds. */
  sampled: number[];
  /** Bounds of a range of a tenth of the rows; of LIMIT, none. */
  guessed: number[];
  /** NULL, which keeps no row: only the shape of the plan is that of the statement. */
  unknown: number[];
}

/** Every node, parents before children. */
export function nodesOf(plan: Plan): PlanNode[] {
  const nodes: PlanNode[] = [];
  const visit = (node: PlanNode): void => {
    nodes.push(node);
    node.children.forEach(visit);
  };
  visit(plan.root);
  return nodes;
}

/** `Parallel Seq Scan on orders o`, as people know it. */
export function titleOf(node: PlanNode): string {
  const index = node.index === null ? '' : ` using ${node.index}`;
  return `${node.parallel ? 'Parallel ' : ''}${node.type}${index}${node.relation === null ? '' : ` on ${node.relation}`}`;
}
