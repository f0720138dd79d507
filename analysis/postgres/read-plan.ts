// Reads a plan as EXPLAIN prints it: JSON or text, with or without psql's frame.
import { UnreadableEvidence } from '../analysis.ts';
import { gunzipBounded } from '../bytes/gunzip.ts';
import { emptyNode, markSpills, type ParameterSources, type Plan, type PlanNode } from './plan.ts';
import { withoutFrame } from './psql-frame.ts';
import { readTextPlan } from './text-plan.ts';

type Json = Record<string, unknown>;

/** Nesting of nodes; PostgreSQL's own plans stay far below. */
const MAX_DEPTH = 400;
const MAX_BYTES = 32 * 1024 * 1024;
const JSON_HINT = 'use the output of EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)';
const CAPTURE_AGAIN = 'capture the plan again';
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

/** Reads a plan, gzip or not. Throws UnreadableEvidence with the place. */
export function readPlan(bytes: Uint8Array): Plan {
  const plain = gunzipBounded(bytes);
  if (plain.length > MAX_BYTES) throw new UnreadableEvidence('the plan is larger than 32 MB', 'byte 0', 'use the plan of one statement');
  const text = withoutFrame(new TextDecoder().decode(plain));
  return /^\s*[[{]/u.test(text) ? readJsonPlan(text) : readTextPlan(text);
}

function readJsonPlan(text: string): Plan {
  const outer = parsed(text);
  const holder = Array.isArray(outer) ? (outer[0] as unknown) : outer;
  if (!isObject(holder)) throw new UnreadableEvidence('JSON, but not a plan', '[0]', JSON_HINT);
  const root = isObject(holder['Plan']) ? holder['Plan'] : holder;
  if (typeof root['Node Type'] !== 'string') throw new UnreadableEvidence('"Node Type" is missing', '[0].Plan', JSON_HINT);
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

/** Sources that Tminus stored with the plan; null for a plan from elsewhere. */
function parametersOf(stored: unknown): ParameterSources | null {
  if (!isObject(stored)) return null;
  const numbers = (name: string): number[] => {
    const list = stored[name];
    return Array.isArray(list) ? list.filter((each) => Number.isInteger(each)) : [];
  };
  return { sampled: numbers('sampled'), guessed: numbers('guessed'), unknown: numbers('unknown') };
}

function nodeOf(json: Json, place: string, depth: number): PlanNode {
  if (depth > MAX_DEPTH) throw new UnreadableEvidence(`nodes are nested more than ${MAX_DEPTH} deep`, 'Plan', CAPTURE_AGAIN);
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
  if (!Array.isArray(children)) throw new UnreadableEvidence('"Plans" is not a list', place, CAPTURE_AGAIN);
  node.children = children.map((child: unknown, i) => {
    if (!isObject(child)) throw new UnreadableEvidence('not a plan node', `${place}.Plans[${i}]`, CAPTURE_AGAIN);
    return nodeOf(child, `${place}.Plans[${i}]`, depth + 1);
  });
  return node;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableEvidence('not JSON, or truncated', 'line 1', CAPTURE_AGAIN);
  }
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (json: Json, name: string): string | null => (typeof json[name] === 'string' ? json[name] : null);

/** A number, null where absent. Anything but a number of at least 0 is a damaged plan. */
function figure(json: Json, name: string, place: string): number | null {
  const value = json[name];
  if (value === undefined) return null;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new UnreadableEvidence(`${JSON.stringify(value)} is not a number of at least 0`, `${place}${name}`, CAPTURE_AGAIN);
}
