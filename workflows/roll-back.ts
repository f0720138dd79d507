// The end of the undo stack: what is due is restored, what stands on purpose is settled, whatever happened before.
import { announce, enterPhase } from './announce.ts';
import { applyChange, judged, record, type Change } from './change.ts';
import { current, type CountdownState } from './countdown-state.ts';
import type { Ending, StepStatus } from '../verdict/countdown-status.ts';
import { countdownRef, dueAtEnd, settle, unwind, type UndoReport } from './undo-stack.ts';

/** Every target is reported by name, and one that cannot be restored does not stop the others. Call it in a non-cancellable scope. */
export async function rollBack(state: CountdownState): Promise<void> {
  const ending = state.decidedEnding ?? 'undo-incomplete';
  const due = dueAtEnd(state.undo, ending);
  const kept = state.undo.filter((entry) => !due.includes(entry));
  const countdown = countdownRef(state.input.release);
  if (due.length > 0) {
    enterPhase(state, 'undoing');
    // Beside the first write, for the proof may take a minute, and people should know by then.
    announce(state, current(state), 'no-go', `rolling back: ${state.message}`);
  }
  const reports = await unwind(due, {
    countdown,
    failedAt: state.failedAt,
    started: ({ name }) => record(state, Date.now(), 'tminus', 'undo.started', name, state.message),
    ended: ({ name }, report) =>
      record(state, Date.now(), 'tminus', auditActionOf(report), name, report.findings.map(({ message }) => message).join('; ')),
  });
  for (const entry of kept) {
    const unsettled = await settle(entry, 'kept', countdown);
    record(state, Date.now(), 'tminus', unsettled === null ? 'undo.kept' : 'undo.not-settled', entry.name, unsettled?.text ?? entry.id);
  }
  applyChange(state, changeByUndo(state, reports, Date.now()));
}

/** What the reports of the undos change: nothing stands any more, each report is shown as a step, and the ending is what they made of it. */
export function changeByUndo(state: CountdownState, reports: readonly UndoReport[], nowMs: number): Change {
  const checkpoint = current(state);
  const failed = reports.filter(({ restored }) => !restored).map(({ name }) => name);
  const message =
    failed.length === 0 ? state.message : `${failed.join(', ')}: not restored; manual action is required now. ${state.message}`;
  const decidedEnding = endingAfter(state.decidedEnding, reports, state.launchedAt !== null);
  const steps = [...checkpoint.steps, ...reports.map((report, index) => shownAsStep(report, index, nowMs))];
  return judged(state, checkpoint, { state: { undo: [], decidedEnding, message }, checkpoint: { steps } }, nowMs);
}

function shownAsStep({ findings, facts, evidence }: UndoReport, index: number, nowMs: number): StepStatus {
  const now = new Date(nowMs).toISOString();
  return {
    name: index === 0 ? 'rollback' : `rollback-${index + 1}`,
    type: 'rollback',
    round: 1,
    state: 'done',
    startedAt: now,
    finishedAt: now,
    findings,
    facts,
    evidence,
  };
}

export const auditActionOf = ({
  restored,
  leftAlone,
}: Pick<UndoReport, 'restored' | 'leftAlone'>): 'undo.done' | 'undo.left-alone' | 'undo.incomplete' => {
  if (!restored) return 'undo.incomplete';
  return leftAlone ? 'undo.left-alone' : 'undo.done';
};

/**
 * The ending once its undos are done. Where somebody else had deployed another version and nothing was rolled back, it is `rolled-back` only if
 * the launch had been written.
 */
export function endingAfter(
  ending: Ending | null,
  reports: readonly Pick<UndoReport, 'restored' | 'live' | 'leftAlone'>[],
  wasLaunched: boolean,
): Ending | null {
  if (reports.some(({ restored }) => !restored)) return 'undo-incomplete';
  const rolledBack = reports.some(({ live, leftAlone }) => live && (wasLaunched || !leftAlone));
  if (ending === 'no-go' && rolledBack) return 'rolled-back';
  return ending === 'rolled-back' && !rolledBack ? 'no-go' : ending;
}
