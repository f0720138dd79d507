// Which child workflow runs which step.
import type { Step } from '../../release/steps/registry.ts';

/**
 * One line per step; its schema, activities and judges stand under the same name in their rooms. The guard has
 * none: it runs in the countdown itself, for as long as something is live (workflows/watch-live.ts).
 */
export const stepWorkflows: Record<Exclude<Step['type'], 'guard'>, string> = {
  preflight: 'preflightStep',
  loadTest: 'loadTestStep',
  diagnosis: 'diagnosisStep',
  drill: 'drillStep',
  launch: 'launchStep',
};

/** They report causes, and change nothing: they run also when what ran before them was no go. */
export const explainingSteps: ReadonlySet<Step['type']> = new Set(['diagnosis']);
