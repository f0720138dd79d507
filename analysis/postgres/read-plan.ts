// Reads a plan as EXPLAIN gives it: JSON or text, bare or in psql's frame.
import { UnreadableEvidence } from '../analysis.ts';
import { gunzipBounded } from '../bytes/gunzip.ts';
import type { ParametersTold, Plan, PlanNode } from './plan.ts';
import { withoutFrame } from './psql-frame.ts';
import { markSpills } from './spills.ts';
import { emptyNode, readTextPlan } from './text-plan.ts';

type Json = Record<string, unknown>;

/** Nodes below nodes; PostgreSQL's own plans stay far under it. */
const DEEPEST = 400;
const LARGEST_BYTES = 32 * 1024 * 1024;
const CONDITIONS = [
  'Filter',
  'Index Cond',
  'Hash Cond',
  'Merge Cond',
  'Join Filter',
  'Recheck Cond',
  'One-Time Filter',
  'TID Cond',
  'Sort Key',
  'Group Key',
  'Output',
];

/** A plan from the bytes of a file or of evidence, gzip or not. Throws UnreadableEvidence naming the place. */
export function readPlan(bytes: Uint8Array): Plan {
  const plain = gunzipBounded(bytes);
  if (plain.length > LARGEST_BYTES) throw new UnreadableEvidence('a plan of more than 32 MB', 'byte 0', 'give the plan of one statement');
  const text = withoutFrame(new TextDecoder().decode(plain));
  return /^\s*[[{]/u.test(text) ? readJsonPlan(text) : readTextPlan(text);
}

function readJsonPlan(text: string): Plan {
  const outer = parsed(text);
  const holder = Array.isArray(outer) ? (outer[0] as unknown) : outer;
  if (!isObject(holder))
    throw new UnreadableEvidence('this JSON is no plan', '[0]', 'give the output of EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)');
  const root = isObject(holder['Plan']) ? holder['Plan'] : holder;
  if (typeof root['Node Type'] !== 'string')
    throw new UnreadableEvidence('there is no "Node Type"', '[0].Plan', 'give the output of EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)');
  const jit = isObject(holder['JIT']) && isObject(holder['JIT']['Timing']) ? holder['JIT']['Timing'] : {};
  const node = nodeOf(root, 'Plan', 0);
  markSpills(node);
  return {
    root: node,
    planningMs: figure(holder, 'Planning Time', ''),
    executionMs: figure(holder, 'Execution Time', '') ?? figure(holder, 'Total Runtime', ''),
    jitMs: figure(jit, 'Total', 'JIT.Timing.'),
    statement: typeof holder['Query Text'] === 'string' ? holder['Query Text'] : null,
    parameters: parametersOf(holder['Parameters']),
  };
}

/** What `tminus` wrote beside the statement. PostgreSQL itself writes none of it. */
function parametersOf(told: unknown): ParametersTold | null {
  if (!isObject(told)) return null;
  const numbers = (name: string): number[] => {
    const list = told[name];
    return Array.isArray(list) ? list.filter((each) => Number.isInteger(each)) : [];
  };
  return { sampled: numbers('sampled'), guessed: numbers('guessed'), unknown: numbers('unknown') };
}

function nodeOf(json: Json, place: string, depth: number): PlanNode {
  if (depth > DEEPEST) throw new UnreadableEvidence(`nodes lie more than ${DEEPEST} deep`, 'Plan', 'give a plan as PostgreSQL prints it');
  const at = (name: string) => figure(json, name, `${place}.`);
  const node = emptyNode();
  const provider = text(json, 'Custom Plan Provider');
  const type = `${text(json, 'Node Type') ?? ''}${provider === null ? '' : ` (${provider})`}`;
  node.type = type.replace(/^Parallel /u, '');
  node.parallel = json['Parallel Aware'] === true || type.startsWith('Parallel ');
  node.relation = text(json, 'Relation Name') ?? text(json, 'Function Name') ?? text(json, 'CTE Name');
  node.schema = text(json, 'Schema');
  node.index = text(json, 'Index Name');
  node.subplan = text(json, 'Subplan Name');
  node.cte = text(json, 'CTE Name');
  node.totalCost = at('Total Cost');
  node.planRows = at('Plan Rows');
  node.actualMs = at('Actual Total Time');
  node.actualRows = at('Actual Rows');
  node.loops = at('Actual Loops');
  node.workersPlanned = at('Workers Planned');
  node.workersLaunched = at('Workers Launched');
  node.sharedHit = at('Shared Hit Blocks');
  node.sharedRead = at('Shared Read Blocks');
  node.tempRead = at('Temp Read Blocks');
  node.tempWritten = at('Temp Written Blocks');
  node.heapFetches = at('Heap Fetches');
  node.rowsRemoved = Object.keys(json)
    .filter((key) => key.startsWith('Rows Removed by '))
    .reduce((sum, key) => sum + (at(key) ?? 0), 0);
  node.spills = json['Sort Space Type'] === 'Disk' || (at('Hash Batches') ?? 1) > 1 || (at('HashAgg Batches') ?? 1) > 1;
  for (const name of CONDITIONS) {
    const value = json[name];
    if (typeof value === 'string') node.conditions[name] = value;
    else if (Array.isArray(value)) node.conditions[name] = value.join(', ');
  }
  const children: unknown = json['Plans'] ?? [];
  if (!Array.isArray(children)) throw new UnreadableEvidence('"Plans" is no list', place, 'take the plan again');
  node.children = children.map((child: unknown, i) => {
    if (!isObject(child)) throw new UnreadableEvidence('this is no plan node', `${place}.Plans[${i}]`, 'take the plan again');
    return nodeOf(child, `${place}.Plans[${i}]`, depth + 1);
  });
  return node;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableEvidence('this is no JSON, or is cut off', 'line 1', 'take the plan again');
  }
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (json: Json, name: string): string | null => (typeof json[name] === 'string' ? json[name] : null);

/** A figure, null where it is not given. Anything but a number of at least 0 is a damaged plan. */
function figure(json: Json, name: string, place: string): number | null {
  const value = json[name];
  if (value === undefined) return null;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new UnreadableEvidence(`${JSON.stringify(value)} is no figure of a plan`, `${place}${name}`, 'take the plan again');
}
