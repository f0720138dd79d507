// Time each node spent itself. PostgreSQL prints a node's time per loop and with everything below it, so: times loops, over the workers that
// shared the loops, less its children; and what a CTE or an InitPlan took is counted there, not again where it is read.
import { nodesOf, type Plan, type PlanNode } from './plan.ts';

/** Milliseconds each node spent itself. A plan without timing gives an empty map. */
export function exclusiveTimes(plan: Plan): Map<PlanNode, number> {
  if (plan.root.actualMs === null) return new Map();
  const whole = wholeTimes(plan);
  const own = new Map<PlanNode, number>();
  for (const node of nodesOf(plan)) {
    const below = node.children
      .filter((child) => !apart(child) || (node.type === 'Result' && !isCte(child)))
      .reduce((sum, child) => sum + (whole.get(child) ?? 0), 0);
    own.set(node, Math.max(0, (whole.get(node) ?? 0) - below));
  }
  for (const node of nodesOf(plan)) {
    const readers = readersOf(node, plan);
    const total = readers.reduce((sum, reader) => sum + (whole.get(reader) ?? 0), 0);
    if (total === 0) continue;
    for (const reader of readers) {
      const share = ((whole.get(reader) ?? 0) / total) * (whole.get(node) ?? 0);
      own.set(reader, Math.max(0, (own.get(reader) ?? 0) - share));
    }
  }
  return own;
}

/** Wall-clock milliseconds of each node with all below it. */
function wholeTimes(plan: Plan): Map<PlanNode, number> {
  const times = new Map<PlanNode, number>();
  const visit = (node: PlanNode, sharedBy: number): void => {
    times.set(node, ((node.actualMs ?? 0) * (node.loops ?? 0)) / sharedBy);
    const gathers = node.type === 'Gather' || node.type === 'Gather Merge';
    for (const child of node.children) visit(child, apart(child) ? 1 : gathers ? (node.workersLaunched ?? 0) + 1 : sharedBy);
  };
  visit(plan.root, 1);
  return times;
}

const isCte = (node: PlanNode): boolean => node.subplan?.startsWith('CTE ') ?? false;
/** Runs once for all who read it, so its time is no part of the node it hangs under. */
const apart = (node: PlanNode): boolean => isCte(node) || (node.subplan?.startsWith('InitPlan ') ?? false);

/** The nodes that wait for a CTE or an InitPlan. */
function readersOf(node: PlanNode, plan: Plan): PlanNode[] {
  if (isCte(node)) {
    const name = (node.subplan ?? '').slice('CTE '.length);
    return nodesOf(plan).filter((reader) => reader.cte === name);
  }
  const parameters = [...(node.subplan?.match(/\$\d+/gu) ?? [])];
  const number = /^InitPlan (\d+)/u.exec(node.subplan ?? '')?.[1];
  if (number !== undefined) parameters.push(`(InitPlan ${number})`);
  if (parameters.length === 0) return [];
  const mentions = (reader: PlanNode) =>
    Object.entries(reader.conditions).some(([name, text]) => name !== 'Output' && parameters.some((parameter) => names(text, parameter)));
  return nodesOf(plan).filter((reader) => reader !== node && reader.type !== 'Result' && mentions(reader));
}

function names(text: string, parameter: string): boolean {
  const at = text.indexOf(parameter);
  return at !== -1 && !/\d/u.test(text[at + parameter.length] ?? '');
}
