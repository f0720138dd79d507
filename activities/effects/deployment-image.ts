// The effect `deployment-image`: the image of one container of a Deployment, fenced by the Deployment's annotations and a Lease.
import { z } from 'zod';
import type { Release } from '../../release/release.ts';
import { digestOf } from '../../verdict/digest.ts';
import { applyImage, landedImage } from '../kubernetes/apply-image.ts';
import { captureDeployment } from '../kubernetes/capture-deployment.ts';
import type { ClusterClient } from '../kubernetes/client.ts';
import type { DeploymentTarget, Operation } from '../kubernetes/contract.ts';
import { lastWriteAtMs, type WriteFence } from '../kubernetes/converge-write.ts';
import { closeLease, leaseFence, readLease, recordedBefore, refuseOpenOperation } from '../kubernetes/lease.ts';
import { readFailingPods } from '../kubernetes/failing-pods.ts';
import { restoreTemplate } from '../kubernetes/restore-template.ts';
import type { SnapshotStores } from '../kubernetes/snapshot.ts';
import type { RunningActivity } from '../running-activity.ts';
import { deploymentBefore, type DeploymentBefore } from './deployment-before.ts';
import { deploymentKey, deploymentTarget } from './deployment-target.ts';
import { countdownKey, restoreOf, type Effect } from './effect.ts';
import { previewRestore } from './preview-restore.ts';
import { proveRestored } from './prove-restored.ts';

export interface DeploymentImageDependencies extends SnapshotStores {
  /** URL of a target's health page. Throws `Misconfigured` when the environment file has no such target. */
  healthUrl: (target: string, path: string) => string;
  clients: (cluster: string) => ClusterClient;
  activity: () => RunningActivity;
  now: () => Date;
}

const wantedSchema = z.strictObject({ image: z.string().min(1) });
const settingsSchema = z.strictObject({
  deployment: deploymentTarget,
  healthTarget: z.string().min(1),
  healthPath: z.string().min(1),
  wantedImage: z.string().min(1),
});
type ImageSettings = z.output<typeof settingsSchema>;

/** The effect with the clusters, evidence and health pages of one worker. */
export function deploymentImage(dependencies: DeploymentImageDependencies): Effect<DeploymentBefore, { image: string }, ImageSettings> {
  const { store, restricted, clients, activity, now } = dependencies;
  const stores = { store, restricted };
  const clientOf = ({ cluster }: DeploymentTarget) => clients(cluster);
  return {
    purpose: 'launch',
    settings: settingsSchema,
    targetOf: ({ deployment }) => ({ cluster: deployment.cluster, key: deploymentKey(deployment) }),
    before: deploymentBefore,
    wanted: wantedSchema,
    async capture({ countdown }, { deployment: target, ...settings }) {
      const client = clientOf(target);
      const { snapshot, deployment } = await captureDeployment(client, stores, target);
      refuseOpenOperation(deployment, await readLease(client, target), target, countdownKey(countdown));
      return { before: { ...snapshot, ...settings }, goesBackTo: snapshot.image, evidence: [snapshot.evidence] };
    },
    apply: (operation, before, { image }, lastWriteMs) =>
      applyImage(
        { client: clientOf(before.target), stores, fence: fenceOf(operation, before, 'apply', lastWriteMs), now },
        { target: before.target, operation, image, expected: before },
      ),
    landed: (operation, { target }, { image }) => landedImage({ client: clientOf(target), now }, target, operation, image),
    restore: (operation, snapshot, lastWriteMs) =>
      restoreTemplate(
        { client: clientOf(snapshot.target), stores, fence: fenceOf(operation, snapshot, 'restore', lastWriteMs), now },
        { snapshot, operation: restoreOf(operation), undoes: operation.id, wantedImage: snapshot.wantedImage },
      ),
    prove: (entry, before, write, failedAt) =>
      proveRestored({ ...dependencies, client: clientOf(before.target) }, { entry, before, write, failedAt }),
    describe: ({ target }) => readFailingPods(clientOf(target), store, target, activity().signal),
    settle: (operation, { target }, outcome) => closeLease(clientOf(target), { target, operation, outcome }, lastWriteAtMs()),
    explainUnplanned: (release, { target, wantedImage }, { image }) => explainUnplanned(release, target, [image, wantedImage]),
    recordsBefore: async (operation, before) =>
      recordedBefore(await readLease(clientOf(before.target), before.target), operation) === digestOf(before),
    preview: (operation, before) => previewRestore({ client: clientOf(before.target), stores, now }, operation, before),
  };

  function fenceOf(operation: Operation, before: DeploymentBefore, purpose: 'apply' | 'restore', lastWriteMs: number): WriteFence {
    const { target } = before;
    return leaseFence(clientOf(target), { target, operation, before: digestOf(before), for: purpose }, lastWriteMs);
  }
}

/** Why the release does not launch these images on this target, or null. */
function explainUnplanned({ spec }: Release, target: DeploymentTarget, images: readonly string[]): string | null {
  const { service, cluster } = spec;
  const planned = [cluster, service.namespace, service.deployment, service.container].join('/');
  const asked = [target.cluster, target.namespace, target.deployment, target.container].join('/');
  if (asked !== planned) return `the release launches ${planned}, and the request is for ${asked}`;
  const other = images.find((image) => image !== service.image);
  return other === undefined ? null : `the release launches ${service.image}, and the request is for ${other}`;
}
