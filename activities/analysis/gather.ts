// What a load test could not know while it ran: the traces of its time, and how the database executes what was slow.
import { readStatementsRecord } from '../../analysis/postgres/read-records.ts';
import { missingIndexes } from '../../analysis/postgres/missing-index.ts';
import type { Plan } from '../../analysis/postgres/plan.ts';
import { readPlan } from '../../analysis/postgres/read-plan.ts';
import { slowStatements } from '../../analysis/postgres/slow.ts';
import { normalised, onlyReads, parserReady } from '../../analysis/postgres/statement.ts';
import type { UnderLoad } from '../../analysis/load-test/run-record.ts';
import { summarizeLoad } from '../../analysis/load-test/summary.ts';
import type { EvidenceRef } from '../../verdict/finding.ts';
import { bytesOf } from '../evidence/bytes-of.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import type { LastGood } from '../bookkeeping-contract.ts';
import type { DeploymentTarget } from '../kubernetes/contract.ts';
import { explain, proveIndex } from '../postgres/explain.ts';
import type { AnalysisInput } from '../steps-contract.ts';
import { askTraces, type TraceStore } from '../traces/ask-traces.ts';

export interface AnalysisWorld {
  store: EvidenceStore;
  /** The release launched last; null when there is none, a sentence when it cannot be told. */
  lastGood: (target: DeploymentTarget) => Promise<LastGood | string | null>;
  /** Address of a database of the environment file. Throws with a sentence when there is none of that name. */
  databaseUrl: (name: string) => Promise<string>;
  /** A trace store of the environment file; throws alike. */
  traceStore: (name: string) => TraceStore;
}

export interface Gathered {
  evidence: EvidenceRef[];
  /** What was asked for and not had, with the reason. */
  missing: string[];
  lastGood: LastGood | null;
  /** The Deployment under load, where traces were asked for and its run says it. */
  underLoad: UnderLoad | null;
}

/** Spans are sent in batches of five seconds: those of the last requests come a little after them. */
const SPANS_AFTER_MS = 5_000;

/** Asks traces and database where the step names them. What cannot be had is told; it never fails the step. */
export async function gather({ step, service, production, loadTests }: AnalysisInput, world: AnalysisWorld): Promise<Gathered> {
  const gathered: Gathered = { evidence: [], missing: [], lastGood: null, underLoad: null };
  await gatherLastGood(production, world, gathered);
  for (const { evidence } of loadTests) {
    if (step.traces !== undefined) await gatherTraces(evidence, service, step.traces, world, gathered);
    if (step.postgres !== undefined) await gatherPlans(evidence, step.postgres, world, gathered);
  }
  return gathered;
}

/** What is still there of the last good release's points. */
async function gatherLastGood(target: DeploymentTarget, { store, lastGood }: AnalysisWorld, gathered: Gathered): Promise<void> {
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
  service: string,
  name: string,
  { store, traceStore }: AnalysisWorld,
  gathered: Gathered,
): Promise<void> {
  const points = load.find(({ kind }) => kind === 'k6-points');
  const { start, end } = points === undefined ? { start: null, end: null } : await summarizeLoad(store.get(points.digest));
  if (start === null || end === null) {
    gathered.missing.push('traces: the load test does not say when it ran');
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
  { store, databaseUrl }: AnalysisWorld,
  gathered: Gathered,
): Promise<void> {
  const statements = load.find(({ kind }) => kind === 'slow-statements');
  if (statements === undefined) return;
  await parserReady;
  const record = readStatementsRecord(await bytesOf(store, statements.digest));
  const put = (kind: 'query-plan' | 'index-proof', value: unknown) =>
    store.put({ kind, mediaType: 'application/json', source: `database ${name}` }, new TextEncoder().encode(`${JSON.stringify(value)}\n`));
  const url = await databaseUrl(name);
  const logged = await loggedPlans(load, store);
  for (const { statement } of slowStatements(record)) {
    try {
      const plan = logged.get(statement) ?? (await asked(statement));
      const [proposal] = onlyReads(statement) ? missingIndexes(plan) : [];
      if (proposal)
        gathered.evidence.push(await put('index-proof', { statement, sql: proposal.sql, ...(await proveIndex(url, statement, proposal)) }));
    } catch (error) {
      gathered.missing.push(`plan of ${JSON.stringify(statement.slice(0, 80))}: ${(error as Error).message}`);
    }
  }

  async function asked(statement: string): Promise<Plan> {
    const ref = await put('query-plan', await explain(url, statement));
    gathered.evidence.push(ref);
    return readPlan(await bytesOf(store, ref.digest));
  }
}

/** Plans that auto_explain gave while the load ran, by their statement. Those without figures (log_analyze off) are asked for again: they show no wasted row. */
async function loggedPlans(load: readonly EvidenceRef[], store: EvidenceStore): Promise<Map<string, Plan>> {
  const plans = new Map<string, Plan>();
  for (const { kind, digest } of load) {
    if (kind !== 'query-plan') continue;
    const plan = readPlan(await bytesOf(store, digest));
    if (plan.statement !== null && plan.root.actualRows !== null) plans.set(normalised(plan.statement), plan);
  }
  return plans;
}
