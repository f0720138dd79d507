// A PostgreSQL execution plan as a tree, for all input formats. Times are milliseconds per loop, as PostgreSQL prints them.

export interface PlanNode {
  /** `Seq Scan`, `Nested Loop`; without `Parallel`, which is a flag. */
  type: string;
  parallel: boolean;
  relation: string | null;
  /** Schema of the relation, where the plan contains it: with VERBOSE. */
  schema: string | null;
  index: string | null;
  /** `CTE x`, `InitPlan 1 (returns $0)`, `SubPlan 1`; null for an ordinary child. */
  subplan: string | null;
  /** Name of the CTE a CTE Scan reads. */
  cte: string | null;
  totalCost: number | null;
  planRows: number | null;
  /** Mean per loop; null where the plan was not executed, or without timing. */
  actualMs: number | null;
  /** Mean per loop. */
  actualRows: number | null;
  /** 0 when the node was never executed, null when the plan was not. */
  loops: number | null;
  workersPlanned: number | null;
  workersLaunched: number | null;
  /** Rows discarded by filters and rechecks, mean per loop. */
  rowsRemoved: number;
  /** Blocks of the node and its children, over all loops; null without BUFFERS. */
  sharedHit: number | null;
  sharedRead: number | null;
  /** Blocks of temporary files, counted alike. */
  tempRead: number | null;
  tempWritten: number | null;
  /** True where the node itself uses temporary files: own blocks, more than one hash batch, or a sort on disk. */
  spills: boolean;
  /** Rows that an index-only scan had to fetch from the table, over all loops. */
  heapFetches: number | null;
  /** Conditions of the node as PostgreSQL prints them, by name: `Filter`, `Index Cond`, `Hash Cond` ... */
  conditions: Record<string, string>;
  children: PlanNode[];
}

export interface Plan {
  root: PlanNode;
  planningMs: number | null;
  executionMs: number | null;
  jitMs: number | null;
  /** The statement, where the source contains it. */
  statement: string | null;
  /** Sources of the values of a statement that was stored without them; null for a plan from elsewhere. */
  parameters: ParameterSources | null;
}

/** Parameters by number. Parameters that do not affect which rows are read are in no list. */
export interface ParameterSources {
  /** A value of the column that it is compared with. */
  sampled: number[];
  /** Bounds of a tenth of a range; LIMIT without a value. */
  guessed: number[];
  /** NULL, which keeps no row: only the shape of the plan is that of the statement. */
  unknown: number[];
}

/** All nodes, parents before children. */
export function nodesOf(plan: Plan): PlanNode[] {
  const nodes: PlanNode[] = [];
  const visit = (node: PlanNode): void => {
    nodes.push(node);
    node.children.forEach(visit);
  };
  visit(plan.root);
  return nodes;
}

/** `Parallel Seq Scan on orders`. */
export function titleOf(node: PlanNode): string {
  const index = node.index === null ? '' : ` using ${node.index}`;
  return `${node.parallel ? 'Parallel ' : ''}${node.type}${index}${node.relation === null ? '' : ` on ${node.relation}`}`;
}

/** A node without values. */
export function emptyNode(): PlanNode {
  return {
    type: '',
    parallel: false,
    relation: null,
    schema: null,
    index: null,
    subplan: null,
    cte: null,
    totalCost: null,
    planRows: null,
    actualMs: null,
    actualRows: null,
    loops: null,
    workersPlanned: null,
    workersLaunched: null,
    rowsRemoved: 0,
    sharedHit: null,
    sharedRead: null,
    tempRead: null,
    tempWritten: null,
    spills: false,
    heapFetches: null,
    conditions: {},
    children: [],
  };
}

/** Sets `spills` on every node with temporary blocks of its own: PostgreSQL counts a node's blocks with those of its children. */
export function markSpills(root: PlanNode): void {
  const ctes = new Map<string, PlanNode>();
  const find = (node: PlanNode): void => {
    if (node.subplan?.startsWith('CTE ') === true) ctes.set(node.subplan.slice('CTE '.length), node);
    node.children.forEach(find);
  };
  find(root);
  const mark = (node: PlanNode): void => {
    // A CTE is a child of the node that defines it, but runs inside the scans that read it.
    const cte = node.cte === null ? undefined : ctes.get(node.cte);
    const below = [...node.children, ...(cte === undefined ? [] : [cte])];
    const own = (blocks: (node: PlanNode) => number): number => blocks(node) - below.reduce((sum, child) => sum + blocks(child), 0);
    if (own(({ tempRead }) => tempRead ?? 0) > 0 || own(({ tempWritten }) => tempWritten ?? 0) > 0) node.spills = true;
    node.children.forEach(mark);
  };
  mark(root);
}
