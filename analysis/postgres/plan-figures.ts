// Numbers of a plan.
import { exclusiveTimes } from './exclusive.ts';
import { nodesOf, type Plan, type PlanNode } from './plan.ts';

export interface PlanFigures {
  nodes: number;
  executionMs: number | null;
  seqScanNodes: number;
  /** Share of the execution spent in sequential scans themselves, 0-1; null without timing. */
  seqScanShare: number | null;
  /** Over all loops. */
  rowsRemovedTotal: number;
  rootSharedHitBlocks: number | null;
  rootSharedReadBlocks: number | null;
  /** 0-1; null below 1,000 blocks. "Read" blocks may still come from the operating system's cache. */
  sharedHitRatio: number | null;
  spillingNodes: number;
  /** By all nodes, to temporary files; null without BUFFERS. */
  tempWrittenBlocks: number | null;
  /** Largest factor between estimated and actual rows, 1 or more; null when the plan was not executed. */
  maxEstimateFactor: number | null;
}

/** Fewer blocks give no hit ratio. */
const MIN_BLOCKS = 1_000;

export function planFigures(plan: Plan): PlanFigures {
  const nodes = nodesOf(plan);
  const own = exclusiveTimes(plan);
  const { sharedHit: hit, sharedRead: read } = plan.root;
  const blocks = (hit ?? 0) + (read ?? 0);
  const scans = nodes.filter(({ type }) => type === 'Seq Scan');
  const whole = plan.executionMs ?? plan.root.actualMs;
  const factors = nodes.flatMap((node) => estimateFactor(node) ?? []);
  return {
    nodes: nodes.length,
    executionMs: plan.executionMs,
    seqScanNodes: scans.length,
    seqScanShare:
      own.size === 0 || whole === null || whole === 0 ? null : Math.min(1, sum(scans.map((node) => own.get(node) ?? 0)) / whole),
    rowsRemovedTotal: sum(nodes.map((node) => node.rowsRemoved * (node.loops ?? 0))),
    rootSharedHitBlocks: hit,
    rootSharedReadBlocks: read,
    sharedHitRatio: blocks < MIN_BLOCKS ? null : (hit ?? 0) / blocks,
    tempWrittenBlocks: plan.root.tempWritten,
    spillingNodes: nodes.filter(({ spills }) => spills).length,
    maxEstimateFactor: factors.length === 0 ? null : Math.max(...factors),
  };
}

/** Factor between estimated and actual rows of one node, 1 or more; null where it was never executed. */
export function estimateFactor(node: PlanNode): number | null {
  if (node.planRows === null || node.actualRows === null || node.loops === null || node.loops === 0) return null;
  const [planned, actual] = [Math.max(1, node.planRows), Math.max(1, node.actualRows)];
  return Math.max(planned / actual, actual / planned);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
