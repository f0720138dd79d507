// EXPLAIN's text form. A node is a line with `->` (the first has none), its depth is its indent; deeper lines without `->` belong to it.
import { UnreadableEvidence } from '../analysis.ts';
import { emptyNode, markSpills, type Plan, type PlanNode } from './plan.ts';

/** Quoted names may contain anything (two quotes are one), and the provider of a Custom Scan is in parentheses. */
const NODE_TITLE = /[A-Z](?:"[^"]*"|\((?!cost=|actual |never executed\))|[^("])*?/u.source;
const NODE_FIGURES = /(?:\(cost=(?<cost>[^)]*)\))?\s*(?:\((?<actual>actual [^)]*|never executed)\))?/u.source;
const NODE = new RegExp(`^(?<indent>\\s*)(?<arrow>->\\s+)?(?<title>${NODE_TITLE})\\s*${NODE_FIGURES}\\s*$`, 'u');
/** A name as PostgreSQL prints it: quoted unless it is plain. */
const NAME = /(?:"(?:[^"]|"")*"|[^\s."]+)/u.source;
const TITLE = new RegExp(
  `^(?<parallel>Parallel )?(?<type>.+?)(?: using (?<index>${NAME}))?(?: on (?:(?<schema>${NAME})\\.)?(?<relation>${NAME})(?: ${NAME})?)?$`,
  'u',
);
const SUBPLAN = /^(?:CTE \S+|InitPlan \S+(?: \(.*\))?|SubPlan \S+(?: \(.*\))?)$/u;
const CONDITIONS =
  /^(?<name>Filter|Index Cond|Hash Cond|Merge Cond|Join Filter|Recheck Cond|One-Time Filter|TID Cond|Sort Key|Group Key): (?<text>.*)$/u;

/** Reads a plan in text form. Throws UnreadableEvidence where there is no node, or a value is not a number. */
export function readTextPlan(text: string): Plan {
  const open: { indent: number; node: PlanNode }[] = [];
  const plan: Plan = { root: emptyNode(), planningMs: null, executionMs: null, jitMs: null, statement: null, parameters: null };
  let found = false;
  let subplan: string | null = null;
  text.split('\n').forEach((line, i) => {
    const node = NODE.exec(line)?.groups;
    const place = `line ${i + 1}`;
    if (node !== undefined && (node['cost'] !== undefined || node['actual'] !== undefined)) {
      const indent = (node['indent'] ?? '').length + (node['arrow'] ?? '').length;
      while (open.length > 0 && (open.at(-1) as { indent: number }).indent >= indent) open.pop();
      const read = nodeOf(node['title'] ?? '', node['cost'], node['actual'], place);
      read.subplan = subplan;
      subplan = null;
      const parent = open.at(-1)?.node;
      if (parent !== undefined) parent.children.push(read);
      else if (found) throw new UnreadableEvidence('a second plan starts here', place, 'use one plan per file');
      else {
        plan.root = read;
        found = true;
      }
      open.push({ indent, node: read });
      return;
    }
    const trimmed = line.trim();
    if (SUBPLAN.test(trimmed)) {
      const indent = line.length - line.trimStart().length;
      while (open.length > 1 && (open.at(-1) as { indent: number }).indent > indent) open.pop();
      subplan = trimmed;
      return;
    }
    const total = /^(Planning|Execution|Total) [Tt]ime: (\S+) ms$/u.exec(trimmed) ?? /^(Total) runtime: (\S+) ms$/u.exec(trimmed);
    if (total !== null) {
      const milliseconds = numberAt(total[2] ?? '', place);
      if (total[1] === 'Planning') plan.planningMs = milliseconds;
      else plan.executionMs = milliseconds;
      return;
    }
    const jit = /^Timing: .*Total (\S+) ms/u.exec(trimmed);
    if (jit !== null) plan.jitMs = numberAt(jit[1] ?? '', place);
    const owner = open.at(-1)?.node;
    if (owner !== undefined) property(owner, trimmed, place);
  });
  if (!found)
    throw new UnreadableEvidence('no plan node found', 'line 1', 'use the output of EXPLAIN (ANALYZE, BUFFERS), as text or as JSON');
  markSpills(plan.root);
  return plan;
}

function property(node: PlanNode, line: string, place: string): void {
  const condition = CONDITIONS.exec(line)?.groups;
  if (condition !== undefined) node.conditions[condition['name'] ?? ''] = condition['text'] ?? '';
  const removed = /^Rows Removed by [A-Za-z ]+: (\S+)$/u.exec(line);
  if (removed !== null) node.rowsRemoved += numberAt(removed[1] ?? '', place);
  const planned = /^Workers Planned: (\S+)$/u.exec(line);
  if (planned !== null) node.workersPlanned = numberAt(planned[1] ?? '', place);
  const launched = /^Workers Launched: (\S+)$/u.exec(line);
  if (launched !== null) node.workersLaunched = numberAt(launched[1] ?? '', place);
  const fetches = /^Heap Fetches: (\S+)$/u.exec(line);
  if (fetches !== null) node.heapFetches = numberAt(fetches[1] ?? '', place);
  if (/^Sort Method:\s+external/u.test(line)) node.spills = true;
  const batches = /\bBatches: (\d+)/u.exec(line);
  if (batches !== null && Number(batches[1]) > 1) node.spills = true;
  if (line.startsWith('Buffers: ') && node.sharedHit === null) {
    const blocks = (area: 'shared' | 'temp', what: string): number => {
      const counts = new RegExp(`${area}((?: (?:hit|read|dirtied|written)=\\d+)+)`, 'u').exec(line)?.[1] ?? '';
      return Number(new RegExp(`${what}=(\\d+)`, 'u').exec(counts)?.[1] ?? 0);
    };
    node.sharedHit = blocks('shared', 'hit');
    node.sharedRead = blocks('shared', 'read');
    node.tempRead = blocks('temp', 'read');
    node.tempWritten = blocks('temp', 'written');
  }
}

function nodeOf(title: string, cost: string | undefined, actual: string | undefined, place: string): PlanNode {
  const node = emptyNode();
  const parts = TITLE.exec(title)?.groups ?? {};
  node.type = parts['type'] ?? title;
  node.parallel = parts['parallel'] !== undefined;
  node.index = unquoted(parts['index']);
  node.relation = unquoted(parts['relation']);
  node.schema = unquoted(parts['schema']);
  if (node.type === 'CTE Scan') node.cte = node.relation;
  if (node.type === 'Bitmap Index Scan') [node.index, node.relation] = [node.relation, null];
  const planned = /(?:\.\.)(?<cost>\S+) rows=(?<rows>\S+)/u.exec(cost ?? '')?.groups;
  if (planned !== undefined) {
    node.totalCost = numberAt(planned['cost'] ?? '', place);
    node.planRows = numberAt(planned['rows'] ?? '', place);
  }
  if (actual === 'never executed') Object.assign(node, { loops: 0, actualRows: 0, actualMs: 0 });
  else if (actual !== undefined) {
    const time = /time=\S+?\.\.(\S+)/u.exec(actual)?.[1];
    node.actualMs = time === undefined ? null : numberAt(time, place);
    node.actualRows = numberAt(/rows=(\S+)/u.exec(actual)?.[1] ?? '', place);
    node.loops = numberAt(/loops=(\S+)/u.exec(actual)?.[1] ?? '', place);
  }
  return node;
}

function unquoted(name: string | undefined): string | null {
  if (name === undefined) return null;
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

function numberAt(text: string, place: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new UnreadableEvidence(`${JSON.stringify(text)} is not a number of at least 0`, place, 'capture the plan again');
}
