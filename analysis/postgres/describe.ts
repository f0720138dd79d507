// A plan as a table, with facts about its problems.
import { inconclusive, type Fact, type Finding } from '../../verdict/finding.ts';
import { besideLimit, count, latency, measured, number, rounded, share, size } from '../../verdict/wording/index.ts';
import type { Analysis, Table } from '../analysis.ts';
import { exclusiveTimes } from './exclusive.ts';
import { missingIndexes } from './missing-index.ts';
import { nodesOf, titleOf, type ParameterSources, type Plan, type PlanNode } from './plan.ts';
import { estimateFactor, planFigures, type PlanFigures } from './plan-figures.ts';

const ROWS = 40;
/** With a larger error the planner may have chosen a wrong plan. */
const ESTIMATE_FACTOR = 100;
const HIT_RATIO = 0.95;
const JIT_SHARE = 0.1;
/** Shorter planning does not matter for a limit of some hundred milliseconds. */
const PLANNING_MS = 5;
/** A table with writes always has some pages that VACUUM has not processed yet. */
const HEAP_FETCHES_SHARE = 0.1;
/** Fewer take about a millisecond while the table is in PostgreSQL's cache. */
const MIN_HEAP_FETCHES = 1_000;
/** PostgreSQL's default block size. */
const BLOCK_BYTES = 8_192;

/**
 * Nodes by exclusive time. A possibly missing index is inconclusive, because a plan alone does not prove that it would help; other problems
 * are facts.
 */
export function describePlan(plan: Plan): Analysis {
  const figures = planFigures(plan);
  const whole = plan.executionMs ?? plan.root.actualMs;
  return {
    findings: indexFindings(plan),
    facts: [
      fact(
        'plan',
        whole === null ? `${figures.nodes} nodes, not executed: costs are estimates` : `${latency(whole)} in ${figures.nodes} nodes`,
        { nodes: figures.nodes },
      ),
      ...(plan.parameters === null ? [] : [fact('parameters', parametersText(plan.parameters))]),
      ...readingFacts(figures),
      ...spillFacts(figures),
      ...estimateFacts(figures),
      ...nodesOf(plan).flatMap(nodeFacts),
      ...overheadFacts(plan, whole),
    ],
    tables: [nodesTable(plan, whole)],
  };
}

function indexFindings(plan: Plan): Finding[] {
  return missingIndexes(plan).map(({ relation, sql, removedShare, rowsRead, timeShare }): Finding => {
    const time = timeShare === null ? '' : ` (${share(timeShare)} of the time)`;
    // Not 100 %: some rows were kept.
    const [discarded] = besideLimit(measured(100 * removedShare), 100, '%');
    const reading = `${count(rowsRead)} rows of ${relation} are read, and ${discarded} of them discarded${time}`;
    return inconclusive('IndexProposed', relation, `${reading}: an index may be missing, try ${sql} on a copy`, {
      measured: measured(100 * removedShare),
      unit: '%',
    });
  });
}

/** Rows read, rows discarded, and the cache hit ratio. */
function readingFacts({ seqScanShare, seqScanNodes, rowsRemovedTotal, sharedHitRatio }: PlanFigures): Fact[] {
  const facts: Fact[] = [];
  if (seqScanShare !== null && seqScanNodes > 0) {
    const text = `${seqScanNodes} of them take ${share(seqScanShare)} of the time`;
    facts.push(fact('sequential scans', text, { percent: 100 * seqScanShare }));
  }
  if (rowsRemovedTotal > 0)
    facts.push(fact('rows removed', `${count(rowsRemovedTotal)} rows were read and discarded`, { rows: rowsRemovedTotal }));
  if (sharedHitRatio === null) return [...facts, fact('cache', 'too few blocks for a hit ratio')];
  const others = sharedHitRatio < HIT_RATIO ? ', others may have been in the operating system’s cache' : '';
  const text = `${share(sharedHitRatio)} of the blocks were in PostgreSQL's cache${others}`;
  return [...facts, fact('cache', text, { percent: 100 * sharedHitRatio })];
}

function spillFacts({ spillingNodes, tempWrittenBlocks }: PlanFigures): Fact[] {
  if (spillingNodes <= 0) return [];
  const written = tempWrittenBlocks ? ` (${size(tempWrittenBlocks * BLOCK_BYTES)})` : '';
  const spilled = `${spillingNodes} ${spillingNodes === 1 ? 'node wrote' : 'nodes wrote'} to disk${written}`;
  return [fact('spills', `${spilled}: more work_mem would keep them in memory`, { nodes: spillingNodes })];
}

function estimateFacts({ maxEstimateFactor }: PlanFigures): Fact[] {
  const factor = maxEstimateFactor ?? 1;
  if (!(factor > ESTIMATE_FACTOR)) return [];
  return [
    fact('estimates', `row estimates are off by a factor of up to ${number(factor)}: run ANALYZE, or create extended statistics`, {
      factor,
    }),
  ];
}

function nodeFacts(node: PlanNode): Fact[] {
  const facts: Fact[] = [];
  const [rows, table] = [rowsRead(node), node.relation ?? 'the table'];
  if ((node.heapFetches ?? 0) >= Math.max(MIN_HEAP_FETCHES, HEAP_FETCHES_SHARE * rows)) {
    const fetched = `${count(node.heapFetches ?? 0)} of ${count(rows)} rows of index-only scans were also fetched from ${table}`;
    facts.push(fact('heap fetches', `${fetched}: VACUUM of ${table} avoids that`, { rows: node.heapFetches ?? 0 }));
  }
  if ((node.workersPlanned ?? 0) > (node.workersLaunched ?? node.workersPlanned ?? 0))
    facts.push(fact('workers', `${node.workersLaunched} of ${node.workersPlanned} workers were launched`));
  return facts;
}

/** Planning and JIT compilation, where they take long compared with the execution. */
function overheadFacts({ planningMs, jitMs }: Plan, whole: number | null): Fact[] {
  const facts: Fact[] = [];
  if (planningMs !== null && whole !== null && planningMs >= Math.max(PLANNING_MS, whole)) {
    const text = `${latency(planningMs)} for ${latency(whole)} of execution: a prepared statement can reuse its plan`;
    facts.push(fact('planning', text, { ms: planningMs }));
  }
  if (jitMs !== null && whole !== null && jitMs > JIT_SHARE * whole)
    facts.push(fact('JIT', `${latency(jitMs)} of ${latency(whole)} are compilation`, { ms: jitMs }));
  return facts;
}

function nodesTable(plan: Plan, whole: number | null): Table {
  const own = exclusiveTimes(plan);
  const nodes = nodesOf(plan);
  return {
    title: 'Nodes by exclusive time',
    columns: [
      { name: 'node', unit: '' },
      { name: 'exclusive time', unit: 'ms' },
      { name: 'share', unit: '%' },
      { name: 'rows', unit: '' },
      { name: 'planned', unit: '' },
      { name: 'off by', unit: 'x' },
      { name: 'removed', unit: 'rows' },
      { name: 'condition', unit: '' },
    ],
    rows: nodes
      .sort((a, b) => (own.get(b) ?? 0) - (own.get(a) ?? 0))
      .slice(0, ROWS)
      .map((node) => rowOf(node, own.get(node) ?? null, whole)),
    notes: ['rows are totals over all loops', ...(nodes.length > ROWS ? [`the first ${ROWS} of ${nodes.length} nodes`] : [])],
  };
}

function parametersText({ sampled, guessed, unknown }: ParameterSources): string {
  const names = (numbers: readonly number[]) => numbers.map((each) => `$${each}`).join(', ');
  const clauses = [
    ...(unknown.length > 0
      ? [`${names(unknown)} unknown, so NULL: only the shape of the plan is that of the slow statement, not its rows and times`]
      : []),
    ...(sampled.length > 0 ? [`${names(sampled)} with common values of their columns`] : []),
    ...(guessed.length > 0 ? [`${names(guessed)} guessed: a tenth of a range, and no LIMIT`] : []),
  ];
  return clauses.length === 0 ? 'no parameter affects which rows are read' : clauses.join('; ');
}

function rowOf(node: PlanNode, ownMs: number | null, whole: number | null): (string | number | null)[] {
  const loops = node.loops ?? 0;
  const factor = estimateFactor(node);
  return [
    titleOf(node),
    ownMs === null ? null : rounded(ownMs),
    ownMs === null || !whole ? null : rounded((100 * ownMs) / whole),
    node.actualRows === null ? null : Math.round(node.actualRows * loops),
    node.planRows === null ? null : Math.round(node.planRows * Math.max(1, loops)),
    factor === null ? null : rounded(factor),
    node.rowsRemoved === 0 ? null : Math.round(node.rowsRemoved * loops),
    node.conditions['Filter'] ?? Object.values(node.conditions)[0] ?? null,
  ];
}

const fact = (subject: string, text: string, values: Record<string, number> = {}): Fact => ({ subject, text, values });
/** Over all loops. */
const rowsRead = ({ actualRows, rowsRemoved, loops }: PlanNode): number => ((actualRows ?? 0) + rowsRemoved) * (loops ?? 0);
