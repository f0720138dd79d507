// The end of the undo stack: everything registered is undone, whatever happened before.
import { workflowInfo } from '@temporalio/workflow';
import { enterPhase } from './announce.ts';
import { current, evaluate, record, type CountdownState } from './countdown-state.ts';
import { sentenceOf } from './failure-sentence.ts';
import type { UndoReport } from './step.ts';
import { undoers } from './steps/registry.ts';

/** Last in, first out; every target is reported by name, and one that cannot be undone does not stop the others. */
export async function undoAll(state: CountdownState): Promise<void> {
  enterPhase(state, 'undoing');
  const checkpoint = current(state);
  const reports: UndoReport[] = [];
  for (const entry of [...state.undo].reverse()) {
    record(state, Date.now(), 'tminus', 'undo.started', entry.name, state.sentence);
    const report = await undoers[entry.kind](entry, {
      countdown: workflowInfo().workflowId,
      generation: state.generation,
      failedAt: state.failedAt,
    }).catch((error: unknown): UndoReport => couldNotUndo(entry.name, error));
    reports.push(report);
    record(
      state,
      Date.now(),
      'tminus',
      report.undone ? 'undo.done' : 'undo.incomplete',
      entry.name,
      report.findings.map(({ message }) => message).join('; '),
    );
  }
  checkpoint.steps.push(
    ...reports.map((report, index) => ({
      name: index === 0 ? 'rollback' : `rollback-${index + 1}`,
      type: 'rollback',
      round: 1,
      state: 'done' as const,
      startedAt: new Date(Date.now()).toISOString(),
      finishedAt: new Date(Date.now()).toISOString(),
      findings: report.findings,
      facts: report.facts,
      evidence: report.evidence,
    })),
  );
  evaluate(state, checkpoint, Date.now());
  state.undo = [];
  if (reports.every(({ undone }) => undone)) {
    if (state.ending === 'no-go') state.ending = 'rolled-back';
    return;
  }
  state.ending = 'undo-incomplete';
  state.sentence = `${reports
    .filter(({ undone }) => !undone)
    .map(({ name }) => name)
    .join(', ')}: not undone; a person has to look now. ${state.sentence}`;
}

function couldNotUndo(name: string, error: unknown): UndoReport {
  const message = `${name}: could not be undone: ${sentenceOf(error)}`;
  return {
    name,
    undone: false,
    findings: [
      { code: 'RollbackIncomplete', subject: name, outcome: 'fail', measured: null, limit: null, unit: '', message, evidence: [] },
    ],
    facts: [],
    evidence: [],
  };
}
