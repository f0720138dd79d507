// The recorded Deployment: how it is kept as evidence, and how it comes back whole.
import type { EvidenceRef } from '../../verdict/finding.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import type { DeploymentTarget } from './contract.ts';
import type { Deployment, PodTemplate } from './objects.ts';

/** Content of `deployment-snapshot` evidence. */
export interface SnapshotDocument {
  target: DeploymentTarget;
  uid: string;
  resourceVersion: string;
  generation: number;
  annotations: Record<string, string>;
  replicas: number;
  /** The pod template as the API sent it, unknown fields and all: what a rollback puts back. */
  template: PodTemplate;
}

/** A Deployment's document is at most 1.5 MB (etcd's limit for any object); a longer one is not a snapshot of ours. */
const MAX_SNAPSHOT_BYTES = 2 * 1024 ** 2;

export async function storeSnapshot(store: EvidenceStore, target: DeploymentTarget, { metadata, spec }: Deployment): Promise<EvidenceRef> {
  const document: SnapshotDocument = {
    target,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    generation: metadata.generation ?? 0,
    annotations: metadata.annotations ?? {},
    replicas: spec.replicas ?? 1,
    template: spec.template,
  };
  const source = `deployment ${target.namespace}/${target.deployment} of cluster ${target.cluster}`;
  return store.put(
    { kind: 'deployment-snapshot', mediaType: 'application/json', source },
    new TextEncoder().encode(JSON.stringify(document)),
  );
}

/** Reads a snapshot back. Throws EvidenceMissing or EvidenceDamaged: without the recorded template nothing may be written. */
export async function loadSnapshot(store: EvidenceStore, { digest }: EvidenceRef): Promise<SnapshotDocument> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of store.get(digest)) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MAX_SNAPSHOT_BYTES)
      throw new RangeError(`evidence ${digest} has more than ${MAX_SNAPSHOT_BYTES} bytes; it is not the snapshot of a Deployment`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as SnapshotDocument;
}
