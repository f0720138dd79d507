// Exclusive time of each node. PostgreSQL prints times per loop and including children: they are multiplied by loops, divided by the
// workers that shared them, and reduced by the children. The time of a CTE or InitPlan is counted there, not where it is read.
import { nodesOf, type Plan, type PlanNode } from './plan.ts';

/** Exclusive milliseconds of each node. Empty for a plan without timing. */
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

/** Wall-clock milliseconds of each node, including its children. */
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
/** Runs once for all its readers, so its time is not part of its parent's. */
const apart = (node: PlanNode): boolean => isCte(node) || (node.subplan?.startsWith('InitPlan ') ?? false);

/** The nodes that read a CTE or an InitPlan. */
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
