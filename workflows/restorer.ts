// Restores what is due when a countdown cannot: terminated, timed out, or lost with its workers. A workflow of its own and no child
// (docs/decisions/0006), always on the real clock. It is started by the first registration and ends when nothing of its countdown stands.
import { CancellationScope, condition, isCancellation, proxyActivities, setHandler } from '@temporalio/workflow';
import type { BookkeepingActivities, CountdownEnd } from '../activities/bookkeeping-contract.ts';
import { patient, watching } from './activity-options.ts';
import { sentenceOf } from './failure-sentence.ts';
import { restorerRegisterUpdate, restorerSettleUpdate, type RestorerRegistration } from './messages.ts';
import { dueAtEnd, settle, unwindWhatever, type UndoReport } from './undo-stack.ts';

const { watchCountdown } = proxyActivities<BookkeepingActivities>(watching);
const { notify } = proxyActivities<BookkeepingActivities>(patient);

interface RestorerState {
  registered: RestorerRegistration[];
  /** Moved by every message, so that the watch begins anew with what stands now. */
  version: number;
}

/** Answers how each undo it took back went; empty where the countdown settled everything itself. */
export async function restorer(): Promise<{ restored: string[]; failed: string[] }> {
  const state: RestorerState = { registered: [], version: 0 };
  listen(state);
  const answer = { restored: [] as string[], failed: [] as string[] };
  await condition(() => state.version > 0);
  while (state.registered.length > 0) {
    const end = await untilDue(state);
    if (end === null) continue;
    const due = dueNow(state, end);
    for (const { entry, countdown } of state.registered.filter((each) => end.kind === 'closed' && !due.includes(each)))
      await settle(entry, 'kept', countdown);
    const reports = await restore(due, end);
    for (const { restored, id } of reports) (restored ? answer.restored : answer.failed).push(id);
    const done = end.kind === 'closed' ? state.registered : due;
    state.registered = state.registered.filter((each) => !done.includes(each));
  }
  return answer;
}

function listen(state: RestorerState): void {
  setHandler(restorerRegisterUpdate, (registration) => {
    const known = state.registered.some(({ entry }) => entry.id === registration.entry.id);
    if (!known) state.registered.push(registration);
    state.version += 1;
  });
  setHandler(restorerSettleUpdate, ({ id }) => {
    state.registered = state.registered.filter(({ entry }) => entry.id !== id);
    state.version += 1;
  });
}

/** Waits until the countdown has ended, or a dead man's switch is due by the real clock. Null when a message changed what stands. */
async function untilDue(state: RestorerState): Promise<CountdownEnd | null> {
  const [first] = state.registered;
  if (!first) return null;
  const { version } = state;
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

/** A countdown that ended by itself has restored what was due, and says by its ending what is kept. */
function dueNow({ registered }: RestorerState, end: CountdownEnd): RestorerRegistration[] {
  if (end.kind === 'due') return registered.filter(({ dueAtMs }) => dueAtMs !== null && dueAtMs <= end.nowMs);
  const entries = dueAtEnd(
    registered.map(({ entry }) => entry),
    end.ending ?? 'undo-incomplete',
  );
  return registered.filter(({ entry }) => entries.includes(entry));
}

async function restore(due: readonly RestorerRegistration[], end: CountdownEnd): Promise<UndoReport[]> {
  const [first] = due;
  if (!first) return [];
  const why =
    end.kind === 'closed' ? `countdown ${first.countdown.release} ended as ${end.status} and left it` : 'it was not restored in time';
  const reports = await unwindWhatever(
    due.map(({ entry }) => entry),
    { countdown: first.countdown, failedAt: end.at, started: () => undefined, ended: () => undefined },
  );
  for (const report of reports) await notifyOf(first, report, why);
  return reports;
}

/** People are notified of what was done in their countdown's place. That they could not be stops nothing. */
async function notifyOf(
  { entry, countdown }: RestorerRegistration,
  { id, name, restored, findings }: UndoReport,
  why: string,
): Promise<void> {
  if (countdown.notify.length === 0) return;
  const details = findings.map(({ message }) => message).join('; ');
  await notify({
    key: `restorer/${id}`,
    release: countdown.release,
    service: entry.target.key,
    checkpoint: '',
    verdict: 'no-go',
    message: `${name}: ${restored ? 'restored' : 'NOT restored, a person has to act now'}, because ${why}. ${details}`,
    at: new Date(Date.now()).toISOString(),
    rehearsal: false,
    launchAt: new Date(Date.now()).toISOString(),
    targets: countdown.notify,
    command: 'tminus leftovers',
  }).catch((error: unknown) => [{ target: countdown.notify.join(', '), sentence: sentenceOf(error) }]);
}
