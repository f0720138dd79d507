// The recorded Deployment: whole for a restore, redacted as evidence.
import { randomBytes } from 'node:crypto';
import type { EvidenceRef } from '../../verdict/finding.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import type { DeploymentSnapshot, DeploymentTarget } from './contract.ts';
import type { Deployment, PodTemplate } from './objects.ts';
import { createRedactor } from './redact-template.ts';

/** The restricted document; evidence of kind `deployment-snapshot` has the same fields, redacted, and a note. */
export interface SnapshotDocument {
  target: DeploymentTarget;
  uid: string;
  resourceVersion: string;
  generation: number;
  annotations: Record<string, string>;
  replicas: number;
  /** The pod template as received, with unknown fields: a rollback restores it. */
  template: PodTemplate;
  /** Random: readers have the digest of this document and must not find a short password by trying. */
  salt?: string;
}

export interface SnapshotStores {
  /** Every reader can download it. */
  store: EvidenceStore;
  /** Only restores read it. */
  restricted: Pick<EvidenceStore, 'put' | 'get'>;
}

/** etcd limits an object to 1.5 MB. */
const MAX_SNAPSHOT_BYTES = 2 * 1024 ** 2;
const SALT_BYTES = 16;
const NOTE =
  'text that may be a credential is replaced by (redacted N), equal text by the same N; a rollback restores the whole document, which only the worker reads';

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
 * Reads the whole document. Throws EvidenceMissing or EvidenceDamaged. Snapshots of versions without redaction are whole in the evidence store.
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
