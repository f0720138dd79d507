// The undos that stand: who may register one, which are due when, and how they are taken back. Used by the countdown, by steps that take
// back what they did themselves, and by the restorer.
import type { Ending } from '../verdict/countdown-status.ts';
import type { CountdownRef, EffectKind, UndoEntry } from '../verdict/undo.ts';
import { CancellationScope, condition, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { EffectActivities } from '../activities/effects/contract.ts';
import type { Release } from '../release/release.ts';
import { fail, type EvidenceRef, type Fact, type Finding } from '../verdict/finding.ts';
import { WATCHES_THAT_MUST_FIT, long, quick, undoing, undoingLong } from './activity-options.ts';
import { failureMessage } from './failure-message.ts';
import { clusterTaskQueue } from './messages.ts';

/** Kinds that this version can take back. activities/effects/registry.ts has their code: both are records, so a kind without a line does not compile. */
const EFFECT_KINDS: Readonly<Record<EffectKind, true>> = {
  'deployment-image': true,
  'service-switch': true,
  'deployment-environment': true,
  'service-fault': true,
};

/** An undo is tried for a day (activity-options.ts); a longer budget could not be used. */
const MAX_BUDGET_MS = 24 * 3_600_000;

/** Logs and events of failing pods are read beside the rollback, within 10 s: a worker that died over them must not delay its end for long. */
const DESCRIBE_ATTEMPT_TIMEOUT = '12s';
const DESCRIBE_TIMEOUT = '30s';

/** One target's report after its undo ran. */
export interface UndoReport {
  id: string;
  name: string;
  live: boolean;
  restored: boolean;
  /** It had never landed, and what somebody else deployed since was left as it is. */
  leftAlone: boolean;
  findings: Finding[];
  facts: Fact[];
  evidence: EvidenceRef[];
}

export interface UnwindContext {
  countdown: CountdownRef;
  /** RFC 3339; null where nothing failed, as with an abort. */
  failedAt: string | null;
  /** True for a step that takes back what it has just begun: it gives up after minutes, and the countdown goes on trying for a day. */
  brief?: boolean;
  /** Called as each undo starts and ends. */
  started(entry: UndoEntry): void;
  ended(entry: UndoEntry, report: UndoReport): void;
}

/** While one of these stands a candidate serves people: somebody must watch, and a no-go is a rollback. */
export const isLive = (undo: readonly UndoEntry[]): boolean => undo.some(({ live }) => live);

/** Why an undo cannot be registered, or null. Whatever is registered must be possible to take back, by this countdown and no other. */
export function explainUnregistrable(
  entry: UndoEntry | undefined,
  { workflowId, firstRunId }: Pick<CountdownRef, 'workflowId' | 'firstRunId'>,
): string | null {
  const wellFormed =
    typeof entry?.id === 'string' &&
    typeof entry.name === 'string' &&
    typeof entry.kind === 'string' &&
    typeof entry.target?.cluster === 'string' &&
    typeof entry.target.key === 'string' &&
    typeof entry.live === 'boolean' &&
    Number.isSafeInteger(entry.generation) &&
    Number.isFinite(entry.order) &&
    isBudget(entry.within?.restoreMs) &&
    isBudget(entry.within?.proveMs);
  if (!wellFormed) return 'an undo needs id, kind, target, generation, name, live, order and within';
  if (!Object.hasOwn(EFFECT_KINDS, entry.kind)) return `no effect of kind ${entry.kind} can be undone by this version; it was not started`;
  if (!['step', 'countdown', 'always', 'kept'].includes(entry.scope)) return `unknown undo scope ${entry.scope}; it was not started`;
  if (!entry.id.startsWith(`${workflowId}/${firstRunId}/`)) return `the undo ${entry.id} belongs to another countdown; it was not started`;
  return null;
}

/** The server refuses an activity without a positive time-out, and with it every workflow task that would restore anything. */
const isBudget = (ms: unknown): boolean => Number.isSafeInteger(ms) && Number(ms) > 0 && Number(ms) <= MAX_BUDGET_MS;

/** Adds an undo once: a retry after continue-as-new sends the same again. */
export function register(undo: readonly UndoEntry[], entry: UndoEntry): UndoEntry[] {
  return undo.some(({ id }) => id === entry.id) ? [...undo] : [...undo, entry];
}

/** What has to be restored when a countdown ends that way. All others are settled as kept. */
export function dueAtEnd(undo: readonly UndoEntry[], ending: Ending): UndoEntry[] {
  return undo.filter(({ scope }) => scope === 'always' || scope === 'step' || ending !== 'launched');
}

/**
 * Restores entries by rank: lower order first, equal ones in parallel. A rank is waited for at most as long as its own time budgets allow, for
 * an API server that is away for a day must not keep the next rank from being restored; what is late goes on beside it. Never throws for a
 * target that cannot be restored: every one is reported by name. Call it in a non-cancellable scope.
 */
export async function unwind(entries: readonly UndoEntry[], context: UnwindContext): Promise<UndoReport[]> {
  const orders = [...new Set(entries.map(({ order }) => order))].sort((a, b) => a - b);
  const reports: Promise<UndoReport>[] = [];
  for (const [index, order] of orders.entries()) {
    const rank = entries.filter((entry) => entry.order === order);
    let open = rank.length;
    for (const entry of rank) {
      const report = restoreOne(entry, context);
      reports.push(report);
      void report.then(() => (open -= 1));
    }
    const budgetMs = WATCHES_THAT_MUST_FIT * Math.max(...rank.map(({ within }) => within.restoreMs + within.proveMs));
    if (index < orders.length - 1) await condition(() => open === 0, budgetMs, { summary: `undo of rank ${order}` });
  }
  return Promise.all(reports);
}

/** Restores one entry, proves it and settles it. What the failing version looked like is read beside it, and never delays the first write. */
async function restoreOne(entry: UndoEntry, context: UnwindContext): Promise<UndoReport> {
  context.started(entry);
  const restoring = restoreAndProve(entry, context).catch((error: unknown) => couldNotRestore(entry, error));
  // Asked for after the write, and only where something failed.
  const describing = context.failedAt === null ? NOTHING : describeFailure(entry);
  const [report, { facts, evidence }] = await Promise.all([restoring, describing]);
  const whole = { ...report, facts: [...report.facts, ...facts], evidence: [...report.evidence, ...evidence] };
  context.ended(entry, whole);
  return whole;
}

async function restoreAndProve(entry: UndoEntry, { countdown, failedAt, brief }: UnwindContext): Promise<UndoReport> {
  const taskQueue = clusterTaskQueue(entry.target.cluster);
  const watchMs = (entry.within.restoreMs + entry.within.proveMs) * WATCHES_THAT_MUST_FIT;
  const { restoreEffect } = proxyActivities<EffectActivities>({ ...(brief ? quick : undoing), taskQueue });
  const { proveRestored } = proxyActivities<EffectActivities>({ ...(brief ? long(watchMs) : undoingLong(watchMs)), taskQueue });
  const write = await restoreEffect({ entry, countdown });
  const { restored, leftAlone, findings, facts, evidence } = await proveRestored({ entry, write, failedAt });
  const unsettled = restored ? await settle(entry, 'restored', countdown) : null;
  return { ...identity(entry), restored, leftAlone, findings, facts: [...facts, ...(unsettled === null ? [] : [unsettled])], evidence };
}

function describeFailure(entry: UndoEntry): Promise<Described> {
  const bounded = proxyActivities<EffectActivities>({
    ...quick,
    startToCloseTimeout: DESCRIBE_ATTEMPT_TIMEOUT,
    scheduleToCloseTimeout: DESCRIBE_TIMEOUT,
    taskQueue: clusterTaskQueue(entry.target.cluster),
  });
  return bounded.describeFailure({ entry }).catch((error: unknown) => notDescribed(entry, error));
}

/**
 * Records that an undo stands no more. Answers null, or a fact where that could not be recorded: what is restored stays restored, and what is
 * kept stays kept. The restorer, which still has the entry, reads how the countdown ended and settles it.
 */
export async function settle(entry: UndoEntry, outcome: 'restored' | 'kept', countdown: CountdownRef): Promise<Fact | null> {
  const act = proxyActivities<EffectActivities>({ ...quick, taskQueue: clusterTaskQueue(entry.target.cluster) });
  try {
    await act.settleUndo({ entry, outcome, countdown });
    return null;
  } catch (error) {
    return { subject: 'undo', text: `${entry.name}: ${outcome}, but not recorded: ${failureMessage(error)}`, values: {} };
  }
}

/** Restores in a scope that a cancellation of the workflow does not reach. */
export const unwindWhatever = (entries: readonly UndoEntry[], context: UnwindContext): Promise<UndoReport[]> =>
  CancellationScope.nonCancellable(() => unwind(entries, context));

/** For a step that takes back what it has just begun, whatever cancels it: gives up after minutes, and the countdown goes on trying. */
export const takeBack = (entries: readonly UndoEntry[], countdown: CountdownRef): Promise<UndoReport[]> =>
  unwindWhatever(entries, { countdown, failedAt: null, brief: true, started: () => undefined, ended: () => undefined });

/** This countdown, as undos and the restorer name it. */
export const countdownRef = ({ metadata, spec }: Release): CountdownRef => ({
  workflowId: workflowInfo().workflowId,
  firstRunId: workflowInfo().firstExecutionRunId,
  release: metadata.name,
  notify: [...spec.notify],
});

interface Described {
  facts: Fact[];
  evidence: EvidenceRef[];
}

const NOTHING: Promise<Described> = Promise.resolve({ facts: [], evidence: [] });

const notDescribed = ({ name }: UndoEntry, error: unknown): Described => ({
  facts: [{ subject: 'failing pods', text: `${name}: the failing pods could not be read: ${failureMessage(error)}`, values: {} }],
  evidence: [],
});

const identity = ({ id, name, live }: UndoEntry): Pick<UndoReport, 'id' | 'name' | 'live'> => ({ id, name, live });

function couldNotRestore(entry: UndoEntry, error: unknown): UndoReport {
  const message = `${entry.name}: could not be restored: ${failureMessage(error)}`;
  return {
    ...identity(entry),
    restored: false,
    leftAlone: false,
    findings: [fail('RollbackIncomplete', entry.name, message)],
    facts: [],
    evidence: [],
  };
}
