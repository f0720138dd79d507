// What a load test could not know while it ran: the traces of its time, and how the database executes what was slow.
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

/**
 * Asks traces and database where the step names them. What they do not give, and evidence that cannot be read, is told in `missing`. Throws
 * where no waiting helps: a name the environment file does not have, an address that is not set, evidence that the store lost.
 */
export async function gather({ step, service, production, loadTests }: DiagnosisStepInput, world: GatherDependencies): Promise<Gathered> {
  const gathered: Gathered = { evidence: [], missing: [], lastGood: null, underLoad: null };
  await gatherLastGood(production, world, gathered);
  for (const { evidence } of loadTests) {
    if (step.traces !== undefined) await gatherTraces(evidence, service, step.traces, world, gathered);
    if (step.postgres !== undefined) await gatherPlans(evidence, step.postgres, world, gathered);
  }
  return gathered;
}

/** What is still there of the last good release's points. */
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
  service: string,
  name: string,
  { store, traceStore }: GatherDependencies,
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
    const plan = logged.get(statement) ?? (await asked(statement, title));
    const [proposal] = plan !== null && onlyReads(statement) ? missingIndexes(plan) : [];
    if (proposal === undefined) continue;
    const trial = await had(`index trial of ${title}`, () => proveIndex(url, statement, proposal));
    if (trial !== null) await keep('index-proof', { statement, sql: proposal.sql, ...trial });
  }

  async function asked(statement: string, title: string): Promise<Plan | null> {
    const stored = await had(`plan of ${title}`, () => explain(url, statement));
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

  async function had<T>(what: string, ask: () => Promise<T>): Promise<T | null> {
    try {
      return await ask();
    } catch (error) {
      gathered.missing.push(`${what}: ${reasonOf(error)}`);
      return null;
    }
  }
}

/** Enough of a statement for people to know it by; nothing is told apart by it. */
const TITLE_CHARACTERS = 80;

/**
 * Plans that auto_explain gave while the load ran, by their statement. Those without figures (log_analyze off) are asked for again: they show
 * no wasted row; so are those that cannot be read, which the diagnosis tells.
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

/** What the bytes say, or the refusal to read them. */
function readable<T>(read: (bytes: Uint8Array) => T, bytes: Uint8Array): T | UnreadableEvidence {
  try {
    return read(bytes);
  } catch (error) {
    if (error instanceof UnreadableEvidence) return error;
    throw error;
  }
}
