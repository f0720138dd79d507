// How every effect begins: recorded, and its way back registered and acknowledged, before anything is written.
import type { EffectKind, EffectTarget, UndoEntry, UndoScope } from '../verdict/undo.ts';
import { proxyActivities } from '@temporalio/workflow';
import type { EffectActivities } from '../activities/effects/contract.ts';
import type { EvidenceRef } from '../verdict/finding.ts';
import { quick, writing } from './activity-options.ts';
import { clusterTaskQueue } from './messages.ts';
import type { StepInput } from './step.ts';

export interface EffectPlan {
  kind: EffectKind;
  target: EffectTarget;
  live: boolean;
  scope: UndoScope;
  order: number;
  within: UndoEntry['within'];
  dueInMs?: number;
  /** By the kind's schema (activities/effects/contract.ts). */
  settings: unknown;
}

/** `<countdown>/<first run>/<checkpoint>/<step>/<round>/<effect>/<target>`: the same over retries, continue-as-new and reset, and nobody else's. */
const undoId = ({ countdown, checkpoint, step, round }: StepInput, kind: EffectKind, key: string): string =>
  [countdown.workflowId, countdown.firstRunId, checkpoint, step.name, round, kind, key].join('/');

interface Prepared {
  entry: UndoEntry;
  /** Null where it was captured in an earlier try. */
  goesBackTo: string | null;
  evidence: EvidenceRef[];
}

/**
 * Answers the registered undo. An effect that is tried again goes on from what was recorded before its first try. `registering` gets an entry before
 * it is registered: a registration that is interrupted may stand already.
 */
export async function prepareEffect(
  input: StepInput,
  plan: EffectPlan,
  registering: (entry: UndoEntry) => void = () => undefined,
): Promise<Prepared> {
  const { kind, target, settings, ...policy } = plan;
  const { countdown, generation } = input;
  const standing = input.undo.find(
    (entry) => entry.kind === kind && entry.target.cluster === target.cluster && entry.target.key === target.key,
  );
  const taskQueue = clusterTaskQueue(target.cluster);
  const { captureEffect } = proxyActivities<EffectActivities>({ ...quick, taskQueue });
  const { registerUndo } = proxyActivities<EffectActivities>({ ...writing, taskQueue });
  if (standing) {
    // Again, for the first try may have died before the restorer had it.
    await registerUndo({ entry: standing, countdown });
    return { entry: standing, goesBackTo: null, evidence: [] };
  }
  const { before, seal, goesBackTo, evidence } = await captureEffect({ kind, target, generation, countdown, settings });
  const entry: UndoEntry = {
    id: undoId(input, kind, target.key),
    kind,
    target,
    generation,
    name: `${target.key} back to ${goesBackTo}`,
    before,
    seal,
    ...policy,
  };
  registering(entry);
  await registerUndo({ entry, countdown });
  return { entry, goesBackTo, evidence };
}
