// A plan as a table, and what stands out in it.
import type { Finding } from '../../verdict/finding.ts';
import type { Analysis } from '../analysis.ts';
import { exclusiveTimes } from './exclusive.ts';
import { missingIndexes } from './missing-index.ts';
import { nodesOf, titleOf, type ParametersTold, type Plan, type PlanNode } from './plan.ts';
import { estimateFactor, planFigures } from './plan-figures.ts';

const ROWS = 40;
/** The planner was off by so much that it may have chosen another plan. */
const ESTIMATE_FACTOR = 100;
const HIT_RATIO = 0.95;
const JIT_SHARE = 0.1;
/** Below this planning is no part of what a limit of some hundred milliseconds is lost to. */
const PLANNING_MS = 5;
/** A table that is written to always has some pages that VACUUM has not seen yet. */
const HEAP_FETCHES_SHARE = 0.1;
/** Fewer take about a millisecond while the table is in PostgreSQL's cache. */
const MIN_HEAP_FETCHES = 1_000;
/** As PostgreSQL is built everywhere. */
const BLOCK_BYTES = 8_192;

/**
 * Nodes by their own time. An index that may be missing is inconclusive, for a plan alone does not prove that it would help; what only makes
 * slow is told as facts.
 */
export function describePlan(plan: Plan): Analysis {
  const figures = planFigures(plan);
  const own = exclusiveTimes(plan);
  const whole = plan.executionMs ?? plan.root.actualMs;
  const facts: [string, string, Record<string, number>][] = [];
  const say = (subject: string, text: string, values: Record<string, number> = {}): void => void facts.push([subject, text, values]);
  say(
    'plan',
    whole === null ? `${figures.nodes} nodes, not executed: costs are estimates` : `${round(whole)} ms in ${figures.nodes} nodes`,
    { nodes: figures.nodes },
  );
  if (plan.parameters !== null) say('parameters', parametersSentence(plan.parameters));
  if (figures.seqScanShare !== null && figures.seqScanNodes > 0)
    say('sequential scans', `${round(100 * figures.seqScanShare)} % of the time in ${figures.seqScanNodes} of them`, {
      percent: 100 * figures.seqScanShare,
    });
  if (figures.rowsRemovedTotal > 0)
    say('rows removed', `${Math.round(figures.rowsRemovedTotal)} rows were read and thrown away`, { rows: figures.rowsRemovedTotal });
  if (figures.sharedHitRatio === null) say('cache', 'too few blocks to speak of a hit rate');
  else
    say(
      'cache',
      `${round(100 * figures.sharedHitRatio)} % of the blocks were in PostgreSQL's cache${figures.sharedHitRatio < HIT_RATIO ? ', the others may still have been in the system’s' : ''}`,
      { percent: 100 * figures.sharedHitRatio },
    );
  if (figures.spillingNodes > 0)
    say(
      'spills',
      `${figures.spillingNodes} ${figures.spillingNodes === 1 ? 'node wrote' : 'nodes wrote'} to disk${figures.tempWrittenBlocks ? ` (${round((figures.tempWrittenBlocks * BLOCK_BYTES) / 1e6)} MB)` : ''}: more work_mem would keep them in memory`,
      {
        nodes: figures.spillingNodes,
      },
    );
  if ((figures.maxEstimateFactor ?? 1) > ESTIMATE_FACTOR)
    say(
      'estimates',
      `the planner was off by a factor of ${round(figures.maxEstimateFactor ?? 1)}: ANALYZE, or statistics of the columns together`,
      { factor: figures.maxEstimateFactor ?? 1 },
    );
  for (const node of nodesOf(plan)) {
    const [rows, table] = [rowsRead(node), node.relation ?? 'the table'];
    if ((node.heapFetches ?? 0) >= Math.max(MIN_HEAP_FETCHES, HEAP_FETCHES_SHARE * rows))
      say(
        'heap fetches',
        `${node.heapFetches} of ${Math.round(rows)} rows of index-only scans had to be looked up in ${table} too: VACUUM of ${table} spares that`,
        { rows: node.heapFetches ?? 0 },
      );
    if ((node.workersPlanned ?? 0) > (node.workersLaunched ?? node.workersPlanned ?? 0))
      say('workers', `${node.workersLaunched} of ${node.workersPlanned} workers were launched`);
  }
  if (plan.planningMs !== null && whole !== null && plan.planningMs >= Math.max(PLANNING_MS, whole))
    say('planning', `${round(plan.planningMs)} ms beside ${round(whole)} ms of execution: a prepared statement can keep its plan`, {
      ms: plan.planningMs,
    });
  if (plan.jitMs !== null && whole !== null && plan.jitMs > JIT_SHARE * whole)
    say('JIT', `${round(plan.jitMs)} ms of ${round(whole)} ms went into compiling`, { ms: plan.jitMs });
  return {
    findings: missingIndexes(plan).map(({ relation, sql, removedShare, rowsRead, timeShare }): Finding => ({
      code: 'IndexProposed',
      subject: relation,
      outcome: 'inconclusive',
      measured: Number((100 * removedShare).toPrecision(4)),
      limit: null,
      unit: '%',
      message: `${Math.round(rowsRead)} rows of ${relation} are read to throw ${nearly(removedShare)} % of them away${timeShare === null ? '' : ` (${round(100 * timeShare)} % of the time)`}: an index may be missing, try ${sql} on a copy`,
      evidence: [],
    })),
    facts: facts.map(([subject, text, values]) => ({ subject, text, values })),
    tables: [
      {
        title: 'Nodes by their own time',
        columns: [
          { name: 'node', unit: '' },
          { name: 'own time', unit: 'ms' },
          { name: 'share', unit: '%' },
          { name: 'rows', unit: '' },
          { name: 'planned', unit: '' },
          { name: 'off by', unit: 'x' },
          { name: 'removed', unit: 'rows' },
          { name: 'condition', unit: '' },
        ],
        rows: nodesOf(plan)
          .sort((a, b) => (own.get(b) ?? 0) - (own.get(a) ?? 0))
          .slice(0, ROWS)
          .map((node) => rowOf(node, own.get(node) ?? null, whole)),
        notes: ['rows are those of all loops together', ...(figures.nodes > ROWS ? [`the first ${ROWS} of ${figures.nodes} nodes`] : [])],
      },
    ],
  };
}

function parametersSentence({ sampled, guessed, unknown }: ParametersTold): string {
  const names = (numbers: readonly number[]) => numbers.map((each) => `$${each}`).join(', ');
  const clauses = [
    ...(unknown.length > 0
      ? [`${names(unknown)} unknown, so NULL: rows and times are not those of the slow statement, only the shape of its plan is`]
      : []),
    ...(sampled.length > 0 ? [`${names(sampled)} by values that are common in their columns`] : []),
    ...(guessed.length > 0 ? [`${names(guessed)} guessed: a tenth of a range, and no LIMIT`] : []),
  ];
  return clauses.length === 0 ? 'none that decides which rows are read' : clauses.join('; ');
}

function rowOf(node: PlanNode, ownMs: number | null, whole: number | null): (string | number | null)[] {
  const loops = node.loops ?? 0;
  const factor = estimateFactor(node);
  return [
    titleOf(node),
    ownMs === null ? null : round(ownMs),
    ownMs === null || !whole ? null : round((100 * ownMs) / whole),
    node.actualRows === null ? null : Math.round(node.actualRows * loops),
    node.planRows === null ? null : Math.round(node.planRows * Math.max(1, loops)),
    factor === null ? null : round(factor),
    node.rowsRemoved === 0 ? null : Math.round(node.rowsRemoved * loops),
    node.conditions['Filter'] ?? Object.values(node.conditions)[0] ?? null,
  ];
}

/** Over all loops. */
const rowsRead = ({ actualRows, rowsRemoved, loops }: PlanNode): number => ((actualRows ?? 0) + rowsRemoved) * (loops ?? 0);
const round = (value: number): number => Number(value.toPrecision(3));
/** A share as percent, cut and not rounded: 99.995 % must not read as all. */
const nearly = (share: number): number => Math.floor(share * 1_000) / 10;
