import type { Step } from '../../release/steps/registry.ts';
import type { UndoContext, UndoEntry, UndoReport } from '../step.ts';
import { undoLaunch } from './launch.ts';

/** Which child workflow runs a step. One line per step; its schema, acts and judges stand under the same name in their rooms. */
export const stepWorkflows: Record<Step['type'], string> = {
  preflight: 'preflightStep',
  loadTest: 'loadTestStep',
  analysis: 'analysisStep',
  launch: 'launchStep',
  guard: 'guardStep',
};

/** They say why, and change nothing: they run also when what ran before them was no go. */
export const explainingSteps: ReadonlySet<Step['type']> = new Set(['analysis']);

/** Who takes an effect back. One line per kind of effect. */
export const undoers: Record<UndoEntry['kind'], (entry: UndoEntry, context: UndoContext) => Promise<UndoReport>> = {
  launch: undoLaunch,
};
