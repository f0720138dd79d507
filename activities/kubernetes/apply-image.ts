// The one write of a launch.
import { isDeepStrictEqual } from 'node:util';
import { refuse } from '../refusal.ts';
import { readDeployment, type ClusterClient } from './client.ts';
import type { ApplyImageInput, DeploymentTarget, Operation, WriteResult } from './contract.ts';
import { landed, refuseUnequalFence, refuseWhenFenced, writeDeployment, type Change, type WriteFence } from './converge-write.ts';
import { annotations, imageOf, type Deployment } from './objects.ts';
import { loadSnapshot, type SnapshotDocument, type SnapshotStores } from './snapshot.ts';

/** Cluster, snapshots and fence of one write of a Deployment. */
export interface DeploymentWriter {
  client: ClusterClient;
  stores: SnapshotStores;
  fence: WriteFence;
  now: () => Date;
}

/**
 * Changes the image of one container by strategic merge patch, once. Refuses (non-retryable) with `Fenced`, `PreconditionChanged` or `Paused`; a
 * template that differs from the recorded one was changed by someone else and is not overwritten.
 */
export async function applyImage({ client, stores, fence, now }: DeploymentWriter, input: ApplyImageInput): Promise<WriteResult> {
  const { target, operation } = input;
  const snapshot = await loadSnapshot(stores, input.expected);
  return writeDeployment({
    client,
    target,
    operation,
    at: 'deployment-image.apply',
    fence,
    now,
    decide: (current, notes) => decide(current, notes, input, snapshot),
  });
}

/** The landed write of an operation; null when it has not landed. Reads only. Refuses what `applyImage` would refuse. */
export async function landedImage(
  { client, now }: Pick<DeploymentWriter, 'client' | 'now'>,
  { namespace, deployment, container }: DeploymentTarget,
  operation: Operation,
  image: string,
): Promise<WriteResult | null> {
  const current = await readDeployment(client, namespace, deployment);
  refuseUnequalFence(current, operation, [operation.id]);
  const isOurs = current.metadata.annotations?.[annotations.operation] === operation.id;
  return isOurs && imageOf(current.spec.template, container) === image ? landed(current, operation.id, null, now) : null;
}

function decide(
  current: Deployment,
  notes: Record<string, string>,
  { target, operation, image }: ApplyImageInput,
  snapshot: SnapshotDocument,
): 'landed' | Change {
  const name = `deployment ${target.namespace}/${target.deployment}`;
  const { metadata, spec } = current;
  const found = imageOf(spec.template, target.container);
  refuseUnequalFence(current, operation, [operation.id]);
  if (metadata.annotations?.[annotations.operation] === operation.id) {
    if (found === image) return 'landed';
    throw refuse(
      'PreconditionChanged',
      `${name} was changed after this launch wrote ${image}: it runs ${found ?? 'no such container'} now; nothing was overwritten`,
    );
  }
  refuseWhenFenced(current, operation);
  if (metadata.uid !== snapshot.uid)
    throw refuse('PreconditionChanged', `${name} was deleted and created again since it was recorded; nothing was written`);
  const writer = metadata.annotations?.[annotations.operation];
  if (writer !== snapshot.annotations[annotations.operation])
    throw refuse(
      'PreconditionChanged',
      `${name} was written by ${writer ?? 'someone who removed the annotations'} since it was recorded; nothing was written`,
    );
  if (spec.paused === true)
    throw refuse('Paused', `${name} is paused, so a new image would not roll out; resume it (kubectl rollout resume) first`);
  if (found === null || !isDeepStrictEqual(spec.template, snapshot.template)) {
    const recorded = imageOf(snapshot.template, target.container);
    const what = found === recorded ? 'its pod template was changed' : `it runs ${found ?? 'no such container'}, not ${recorded}`;
    throw refuse(
      'PreconditionChanged',
      `${name} differs from the recorded state (resourceVersion ${snapshot.resourceVersion}): ${what}; nothing was written`,
    );
  }
  return imagePatch(current, target.container, image, notes);
}

/** The patch of a launch; preflight sends the same one as a dry run. */
export function imagePatch({ metadata }: Deployment, container: string, image: string, notes: Record<string, string>) {
  return {
    type: 'application/strategic-merge-patch+json',
    body: {
      // With the resourceVersion of this read the API server rejects the patch (409) after any other change.
      metadata: { resourceVersion: metadata.resourceVersion, annotations: { ...notes, [annotations.image]: image } },
      spec: { template: { spec: { containers: [{ name: container, image }] } } },
    },
  } as const;
}
