// Data that is read after a load test: the traces of its time, and the query plans of slow statements.
import { UnreadableEvidence } from '../../analysis/analysis.ts';
import { readStatementsRecord } from '../../analysis/postgres/read-records.ts';
import { missingIndexes } from '../../analysis/postgres/missing-index.ts';
import type { Plan } from '../../analysis/postgres/plan.ts';
import { readPlan } from '../../analysis/postgres/read-plan.ts';
import { slowStatements } from '../../analysis/postgres/records.ts';
import { normalised, onlyReads, parserReady } from '../../analysis/postgres/statement.ts';
import type { UnderLoad } from '../../analysis/load-test/run-record.ts';
import { summarizeLoad } from '../../analysis/load-test/summary.ts';
import type { EvidenceRef } from '../../verdict/finding.ts';
import { bytesOf } from '../evidence/bytes-of.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import type { LastGood } from '../bookkeeping-contract.ts';
import type { DeploymentTarget } from '../kubernetes/contract.ts';
import { reasonOf } from '../reason-of.ts';
import { explain, proveIndex } from '../postgres/explain.ts';
import type { DiagnosisStepInput } from '../steps-contract.ts';
import { askTraces, type TraceStore } from '../traces/ask-traces.ts';

export interface GatherDependencies {
  store: EvidenceStore;
  /** The last launched release; null when there is none, the reason when it cannot be read. */
  lastGood: (target: DeploymentTarget) => Promise<LastGood | string | null>;
  /** URL of a database in the environment file. Throws when it has none of that name. */
  databaseUrl: (name: string) => Promise<string>;
  /** A trace store in the environment file. Throws when it has none of that name. */
  traceStore: (name: string) => TraceStore;
}

export interface Gathered {
  evidence: EvidenceRef[];
  /** Data that could not be read, with the reason. */
  missing: string[];
  lastGood: LastGood | null;
  /** The Deployment under load, as recorded by the run; only when traces are read. */
  underLoad: UnderLoad | null;
}

/** Spans are sent in batches every five seconds. */
const SPANS_AFTER_MS = 5_000;

/**
 * Reads traces and query plans when the step names a trace store or a database. Failed reads and unreadable evidence are listed in `missing`. Throws
 * permanent errors: a name that the environment file lacks, an unset address, lost evidence.
 */
export async function gather(
  { step, service, production, loadTests }: DiagnosisStepInput,
  dependencies: GatherDependencies,
): Promise<Gathered> {
  const gathered: Gathered = { evidence: [], missing: [], lastGood: null, underLoad: null };
  await gatherLastGood(production, dependencies, gathered);
  for (const { evidence } of loadTests) {
    if (step.traces !== undefined) await gatherTraces(evidence, { service, store: step.traces }, dependencies, gathered);
    if (step.postgres !== undefined) await gatherPlans(evidence, step.postgres, dependencies, gathered);
  }
  return gathered;
}

/** The load tests of the last good release whose points are still stored. */
async function gatherLastGood(target: DeploymentTarget, { store, lastGood }: GatherDependencies, gathered: Gathered): Promise<void> {
  const known = await lastGood(target);
  if (typeof known === 'string') gathered.missing.push(`comparison with the last good release: ${known}`);
  if (known === null || typeof known === 'string') return;
  const loadTests: LastGood['loadTests'] = [];
  for (const load of known.loadTests)
    if (await store.has(load.points)) loadTests.push(load);
    else gathered.missing.push(`comparison with ${known.release}: the points of its ${load.name} are no longer in the evidence store`);
  gathered.lastGood = { release: known.release, loadTests };
}

async function gatherTraces(
  load: readonly EvidenceRef[],
  { service, store: name }: { service: string; store: string },
  { store, traceStore }: GatherDependencies,
  gathered: Gathered,
): Promise<void> {
  const points = load.find(({ kind }) => kind === 'k6-points');
  const { start, end } = points === undefined ? { start: null, end: null } : await summarizeLoad(store.get(points.digest));
  if (start === null || end === null) {
    gathered.missing.push('traces: the load test has no start and end time');
    return;
  }
  gathered.underLoad ??= start.underLoad ?? null;
  const { bytes, mediaType, missing } = await askTraces(traceStore(name), {
    service,
    namespace: start.underLoad?.namespace ?? null,
    from: new Date(start.startedAt),
    to: new Date(Date.parse(end.at) + SPANS_AFTER_MS),
  });
  gathered.missing.push(...missing.map((what) => `traces of ${name}: ${what}`));
  if (bytes !== null) gathered.evidence.push(await store.put({ kind: 'traces', mediaType, source: `${service} in ${name}` }, bytes));
}

async function gatherPlans(
  load: readonly EvidenceRef[],
  name: string,
  { store, databaseUrl }: GatherDependencies,
  gathered: Gathered,
): Promise<void> {
  const statements = load.find(({ kind }) => kind === 'slow-statements');
  if (statements === undefined) return;
  await parserReady;
  const url = await databaseUrl(name);
  const record = readable(readStatementsRecord, await bytesOf(store, statements.digest));
  if (record instanceof UnreadableEvidence) {
    gathered.missing.push(`plans of ${name}: its slow statements cannot be read (${record.message})`);
    return;
  }
  const logged = await loggedPlans(load, store);
  for (const { statement } of slowStatements(record)) {
    const title = JSON.stringify(statement.slice(0, TITLE_CHARACTERS));
    const plan = logged.get(statement) ?? (await explained(statement, title));
    const [proposal] = plan !== null && onlyReads(statement) ? missingIndexes(plan) : [];
    if (proposal === undefined) continue;
    const trial = await orMissing(`index trial of ${title}`, () => proveIndex(url, statement, proposal));
    if (trial !== null) await keep('index-proof', { statement, sql: proposal.sql, ...trial });
  }

  async function explained(statement: string, title: string): Promise<Plan | null> {
    const stored = await orMissing(`plan of ${title}`, () => explain(url, statement));
    if (stored === null) return null;
    const plan = readable(readPlan, await bytesOf(store, await keep('query-plan', stored)));
    return plan instanceof UnreadableEvidence ? null : plan;
  }

  async function keep(kind: 'query-plan' | 'index-proof', value: unknown): Promise<string> {
    const bytes = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
    const ref = await store.put({ kind, mediaType: 'application/json', source: `database ${name}` }, bytes);
    gathered.evidence.push(ref);
    return ref.digest;
  }

  async function orMissing<T>(what: string, read: () => Promise<T>): Promise<T | null> {
    try {
      return await read();
    } catch (error) {
      gathered.missing.push(`${what}: ${reasonOf(error)}`);
      return null;
    }
  }
}

/** For display only. */
const TITLE_CHARACTERS = 80;

/**
 * Plans that auto_explain logged during the load, by statement. Those without row counts (log_analyze off) and unreadable ones are explained again;
 * the diagnosis reports the latter.
 */
async function loggedPlans(load: readonly EvidenceRef[], store: EvidenceStore): Promise<Map<string, Plan>> {
  const plans = new Map<string, Plan>();
  for (const { kind, digest } of load) {
    if (kind !== 'query-plan') continue;
    const plan = readable(readPlan, await bytesOf(store, digest));
    if (plan instanceof UnreadableEvidence || plan.statement === null || plan.root.actualRows === null) continue;
    plans.set(normalised(plan.statement), plan);
  }
  return plans;
}

/** The parsed bytes, or the reason why they are unreadable. */
function readable<T>(read: (bytes: Uint8Array) => T, bytes: Uint8Array): T | UnreadableEvidence {
  try {
    return read(bytes);
  } catch (error) {
    if (error instanceof UnreadableEvidence) return error;
    throw error;
  }
}
