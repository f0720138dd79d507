// Proves that a rolled back Deployment serves again: watches its rollout, reads pods and health, and judges both.
import type { UndoEntry } from '../../verdict/undo.ts';
import { judgeRollback, judgeRollbackWrite } from '../../verdict/rollback.ts';
import { duration, eventTime } from '../../verdict/wording/index.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import type { ClusterClient } from '../kubernetes/client.ts';
import { verifyVersion } from '../kubernetes/verify-version.ts';
import { watchRollout } from '../kubernetes/watch-rollout.ts';
import type { RunningActivity } from '../running-activity.ts';
import type { Proof, WriteResult } from './contract.ts';
import type { DeploymentBefore } from './deployment-before.ts';

export interface ProofDependencies {
  client: ClusterClient;
  store: EvidenceStore;
  /** URL of a target's health page. Throws `Misconfigured` when the environment file has no such target. */
  healthUrl: (target: string, path: string) => string;
  activity: () => RunningActivity;
}

export interface Restored {
  entry: UndoEntry;
  before: Pick<DeploymentBefore, 'target' | 'image' | 'healthTarget' | 'healthPath'>;
  write: WriteResult;
  /** RFC 3339; null when nothing failed. */
  failedAt: string | null;
}

/** Restored: the rollout of this write is complete and exactly the recorded version serves. Heartbeats. Evidence that cannot be stored does not fail it. */
export async function proveRestored(
  { client, store, healthUrl, activity }: ProofDependencies,
  { entry: { name, within }, before: { target, image, healthTarget, healthPath }, write, failedAt }: Restored,
): Promise<Proof> {
  const reported = judgeRollbackWrite(name, write);
  if (write.leftAlone !== undefined) return { restored: true, leftAlone: true, findings: reported, facts: [], evidence: [] };
  const url = healthUrl(healthTarget, healthPath);
  const startedAfterMs = failedAt === null ? null : Math.max(0, Date.parse(write.at) - Date.parse(failedAt));
  const rollout = await watchRollout(
    client,
    store,
    { target, observedGeneration: write.observedGeneration, image, timeoutMs: within.restoreMs, writtenAt: write.at, startedAfterMs },
    activity(),
  );
  const version = await verifyVersion(
    { client, store, url },
    { target, image, healthTarget, healthPath, timeoutMs: within.proveMs },
    activity(),
  );
  const written = startedAfterMs === null ? `at ${eventTime(write.at)}` : `${duration(startedAfterMs)} after the failure`;
  return {
    restored: rollout.outcome === 'complete' && version.ok,
    leftAlone: false,
    findings: [
      ...judgeRollback(name, rollout, version, { rollbackMs: within.restoreMs, healthMs: within.proveMs, startedAfterMs }),
      ...reported,
    ],
    facts: [
      {
        subject: 'rollback',
        text:
          `${name}: written ${written}${write.wrote ? '' : ' (landed earlier)'}, ` +
          `${rollout.podsReady} of ${rollout.podsWanted} pods in ${duration(1_000 * rollout.seconds)}, ` +
          `health ${version.ok ? 'ok' : 'not ok'} in ${duration(1_000 * version.seconds)}`,
        values: {
          rolloutSeconds: rollout.seconds,
          healthSeconds: version.seconds,
          ...(startedAfterMs === null ? {} : { startedAfterSeconds: startedAfterMs / 1000 }),
        },
      },
    ],
    evidence: [...rollout.evidence, ...version.evidence],
  };
}
