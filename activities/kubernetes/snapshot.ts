// The recorded Deployment: whole for whoever restores it, redacted as evidence for readers.
import { randomBytes } from 'node:crypto';
import type { EvidenceRef } from '../../verdict/finding.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import type { DeploymentSnapshot, DeploymentTarget } from './contract.ts';
import type { Deployment, PodTemplate } from './objects.ts';
import { createRedactor } from './redact-template.ts';

/** Content of the restricted piece; evidence of kind `deployment-snapshot` has the same fields, redacted, and a note on top that says so. */
export interface SnapshotDocument {
  target: DeploymentTarget;
  uid: string;
  resourceVersion: string;
  generation: number;
  annotations: Record<string, string>;
  replicas: number;
  /** The pod template as the API sent it, unknown fields and all: what a rollback puts back. */
  template: PodTemplate;
  /** Random: readers know the digest of this document, and must not be able to guess at a short password by it. */
  salt?: string;
}

export interface SnapshotStores {
  /** Evidence: every reader may download it. */
  store: EvidenceStore;
  /** Pieces that only restores read. */
  restricted: Pick<EvidenceStore, 'put' | 'get'>;
}

/** A Deployment's document is at most 1.5 MB (etcd's limit for any object); a longer one is not a snapshot of ours. */
const MAX_SNAPSHOT_BYTES = 2 * 1024 ** 2;
const SALT_BYTES = 16;
const NOTE =
  'text that may be a credential is replaced by (redacted N), the same text by the same N; a rollback restores the whole document, which only the worker reads';

/** Stores the Deployment twice: whole in the restricted store, redacted as evidence. Throws EvidenceNotKept when either cannot be stored. */
export async function storeSnapshot(
  { store, restricted }: SnapshotStores,
  target: DeploymentTarget,
  { metadata, spec }: Deployment,
): Promise<Pick<DeploymentSnapshot, 'evidence' | 'whole'>> {
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
  const keep = (where: Pick<EvidenceStore, 'put'>, content: object): Promise<EvidenceRef> =>
    where.put({ kind: 'deployment-snapshot', mediaType: 'application/json', source }, new TextEncoder().encode(JSON.stringify(content)));
  const whole = (await keep(restricted, { ...document, salt: randomBytes(SALT_BYTES).toString('hex') })).digest;
  const { annotations, template, ...identity } = document;
  const shown = createRedactor().value({ annotations, template });
  return { whole, evidence: await keep(store, { redacted: NOTE, whole, ...identity, ...shown }) };
}

/**
 * Reads the whole document back. Throws EvidenceMissing or EvidenceDamaged: without the recorded template nothing may be written. Snapshots of
 * versions before the redaction stand whole among the evidence.
 */
export async function loadSnapshot(
  { store, restricted }: SnapshotStores,
  { evidence, whole }: Pick<DeploymentSnapshot, 'evidence' | 'whole'>,
): Promise<SnapshotDocument> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of whole === undefined ? store.get(evidence.digest) : restricted.get(whole)) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MAX_SNAPSHOT_BYTES)
      throw new RangeError(`${whole ?? evidence.digest} has more than ${MAX_SNAPSHOT_BYTES} bytes; it is not the snapshot of a Deployment`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as SnapshotDocument;
}
