// Which nodes of a plan themselves use temporary files. PostgreSQL counts a node's blocks with those of all below it.
import type { PlanNode } from './plan.ts';

/** Sets `spills` on every node that read or wrote temporary blocks more than what is below it did; those that say so otherwise keep it. */
export function markSpills(root: PlanNode): void {
  const ctes = new Map<string, PlanNode>();
  const find = (node: PlanNode): void => {
    if (node.subplan?.startsWith('CTE ') === true) ctes.set(node.subplan.slice('CTE '.length), node);
    node.children.forEach(find);
  };
  find(root);
  const mark = (node: PlanNode): void => {
    // A CTE hangs below the node it is named in, and runs inside the scans that read it.
    const cte = node.cte === null ? undefined : ctes.get(node.cte);
    const below = [...node.children, ...(cte === undefined ? [] : [cte])];
    const own = (blocks: (node: PlanNode) => number): number => blocks(node) - below.reduce((sum, child) => sum + blocks(child), 0);
    if (own(({ tempRead }) => tempRead ?? 0) > 0 || own(({ tempWritten }) => tempWritten ?? 0) > 0) node.spills = true;
    node.children.forEach(mark);
  };
  mark(root);
}
