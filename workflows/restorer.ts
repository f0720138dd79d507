// Restores what is due when a countdown cannot: terminated, timed out, or lost with its workers. A workflow of its own and no child
// (docs/decisions/0012), always on the real clock. It is started by the first registration and ends when nothing of its countdown stands.
import { ApplicationFailure, CancellationScope, condition, isCancellation, proxyActivities, setHandler } from '@temporalio/workflow';
import type { BookkeepingActivities, CountdownEnd } from '../activities/bookkeeping-contract.ts';
import { patient, watching } from './activity-options.ts';
import { failureMessage } from './failure-message.ts';
import { restorerRegisterUpdate, restorerSettleUpdate, type RestorerRegistration } from './messages.ts';
import { dueAtEnd, explainUnregistrable, settle, unwindWhatever, type UndoReport } from './undo-stack.ts';

const { watchCountdown } = proxyActivities<BookkeepingActivities>(watching);
const { notify } = proxyActivities<BookkeepingActivities>(patient);

interface RestorerState {
  registered: RestorerRegistration[];
  /** Moved by every message, so that the watch begins anew with what stands now. */
  version: number;
  /** Restores, settlements and messages to people that go on beside the watch. */
  underWay: number;
  restored: string[];
  failed: string[];
}

/** Answers how each undo it took back went; empty where the countdown settled everything itself. */
export async function restorer(): Promise<Pick<RestorerState, 'restored' | 'failed'>> {
  const state: RestorerState = { registered: [], version: 0, underWay: 0, restored: [], failed: [] };
  listen(state);
  await condition(() => state.version > 0);
  while (state.registered.length > 0 || state.underWay > 0) {
    const end = await untilDue(state);
    if (end === null) continue;
    const due = dueNow(state, end);
    const kept = end.kind === 'closed' ? state.registered.filter((each) => !due.includes(each)) : [];
    state.registered = state.registered.filter((each) => !due.includes(each) && !kept.includes(each));
    beside(state, () => restore(state, due, end));
    for (const { entry, countdown } of kept) beside(state, () => settle(entry, 'kept', countdown));
  }
  const { restored, failed } = state;
  return { restored, failed };
}

/** One target that is away for a day must not keep the next undo from being restored, so the watch over what still stands goes on at once. */
function beside(state: RestorerState, work: () => Promise<unknown>): void {
  state.underWay += 1;
  void work().then(() => (state.underWay -= 1));
}

function listen(state: RestorerState): void {
  setHandler(
    restorerRegisterUpdate,
    (registration) => {
      const known = state.registered.some(({ entry }) => entry.id === registration.entry.id);
      if (!known) state.registered.push(registration);
      state.version += 1;
    },
    { validator: refuseUnrestorable },
  );
  setHandler(
    restorerSettleUpdate,
    ({ id }) => {
      state.registered = state.registered.filter(({ entry }) => entry.id !== id);
      state.version += 1;
    },
    { validator: refuseUnsettleable },
  );
}

/** A handler that throws would stop the restorer for good, so what cannot be read is refused before. */
function refuseUnrestorable(registration: Partial<RestorerRegistration> | undefined): void {
  const { entry, countdown, dueAtMs } = registration ?? {};
  const wellFormed =
    typeof countdown?.workflowId === 'string' &&
    typeof countdown.firstRunId === 'string' &&
    typeof countdown.release === 'string' &&
    Array.isArray(countdown.notify) &&
    (dueAtMs === null || Number.isFinite(dueAtMs));
  const refusal = wellFormed ? explainUnregistrable(entry, countdown) : 'a registration needs entry, countdown and dueAtMs';
  if (refusal !== null) throw ApplicationFailure.nonRetryable(refusal, 'Refused');
}

function refuseUnsettleable(settled: { id?: unknown } | undefined): void {
  if (typeof settled?.id !== 'string') throw ApplicationFailure.nonRetryable('a settlement needs the id of an undo', 'Refused');
}

/** Waits until the countdown has ended, or a dead man's switch is due by the real clock. Null when what stands has changed, or nothing is left. */
async function untilDue(state: RestorerState): Promise<CountdownEnd | null> {
  const [first] = state.registered;
  const { version } = state;
  if (!first) {
    await condition(() => state.underWay === 0 || state.version !== version);
    return null;
  }
  const dueAtMs = Math.min(...state.registered.map((each) => each.dueAtMs ?? Infinity));
  let end: CountdownEnd | null = null;
  const scope = new CancellationScope();
  const watch = scope
    .run(async () => {
      end = await watchCountdown({ countdown: first.countdown, dueAtMs: Number.isFinite(dueAtMs) ? dueAtMs : null });
    })
    .catch((error: unknown) => {
      if (!isCancellation(error)) throw error;
    });
  await condition(() => end !== null || state.version !== version);
  scope.cancel();
  await watch;
  return end;
}

/** A countdown that ended by itself has restored what was due, and its ending decides what is kept. */
function dueNow({ registered }: RestorerState, end: CountdownEnd): RestorerRegistration[] {
  if (end.kind === 'due') return registered.filter(({ dueAtMs }) => dueAtMs !== null && dueAtMs <= end.nowMs);
  const entries = dueAtEnd(
    registered.map(({ entry }) => entry),
    end.ending ?? 'undo-incomplete',
  );
  return registered.filter(({ entry }) => entries.includes(entry));
}

async function restore(state: RestorerState, due: readonly RestorerRegistration[], end: CountdownEnd): Promise<void> {
  const [first] = due;
  if (!first) return;
  const reports = await unwindWhatever(
    due.map(({ entry }) => entry),
    { countdown: first.countdown, failedAt: end.at, started: () => undefined, ended: () => undefined },
  );
  for (const { restored, id } of reports) (restored ? state.restored : state.failed).push(id);
  await Promise.all(reports.map((report) => notifyOf(due, report, end)));
}

/** People are notified of what was done in their countdown's place. That they could not be stops nothing. */
async function notifyOf(due: readonly RestorerRegistration[], report: UndoReport, end: CountdownEnd): Promise<void> {
  const { id, name, findings } = report;
  const { entry, countdown } = due.find((each) => each.entry.id === id) ?? {};
  if (!entry || !countdown || countdown.notify.length === 0) return;
  const why = end.kind === 'closed' ? `countdown ${countdown.release} ended as ${end.status} and left it` : 'it was not restored in time';
  const details = findings.map(({ message }) => message).join('; ');
  await notify({
    key: `restorer/${id}`,
    release: countdown.release,
    service: entry.target.key,
    checkpoint: '',
    verdict: 'no-go',
    message: `${name}: ${wordFor(report)}, because ${why}. ${details}`,
    at: new Date(Date.now()).toISOString(),
    rehearsal: false,
    launchAt: new Date(Date.now()).toISOString(),
    targets: countdown.notify,
    command: 'tminus leftovers',
  }).catch((error: unknown) => [{ target: countdown.notify.join(', '), message: failureMessage(error) }]);
}

function wordFor({ restored, leftAlone }: UndoReport): string {
  if (!restored) return 'NOT restored, manual action is required now';
  return leftAlone ? 'left alone' : 'restored';
}
