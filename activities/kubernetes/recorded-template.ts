// The recorded pod template, from the snapshot in the evidence store or else from the old ReplicaSet.
import { ApplicationFailure } from '@temporalio/common';
import { digestOf } from '../../verdict/digest.ts';
import { within } from '../within.ts';
import { listReplicaSets, type ClusterClient } from './client.ts';
import type { DeploymentSnapshot } from './contract.ts';
import { TEMPLATE_HASH, type PodTemplate, type ReplicaSet } from './objects.ts';
import { loadSnapshot, type SnapshotDocument, type SnapshotStores } from './snapshot.ts';

export interface RecordedTemplate {
  template: PodTemplate;
  /** For display: `the snapshot`, `ReplicaSet shop/go-api-7d4`. */
  source: string;
}

/** A snapshot has some kB; a working disk reads it in milliseconds. */
const READ_TIMEOUT_MS = 2_000;

/** Permanent failures of evidence. Others (a disk that hangs, a missing permission) may pass. */
const LOST = ['EvidenceMissing', 'EvidenceDamaged'];

/**
 * The template with the recorded digest; a lost, damaged or unreadable snapshot is replaced by the ReplicaSet with the recorded template hash. Throws
 * ApiFailure; without either source `EvidenceMissing` or `EvidenceDamaged` (non-retryable), or the retryable failure of reading the snapshot.
 */
export async function recordedTemplate(
  client: ClusterClient,
  stores: SnapshotStores,
  snapshot: DeploymentSnapshot,
): Promise<RecordedTemplate> {
  try {
    const { template } = await readInTime(stores, snapshot);
    if (digestOf(template) === snapshot.templateDigest) return { template, source: 'the snapshot' };
    throw ApplicationFailure.create({
      type: 'EvidenceDamaged',
      message: `evidence ${snapshot.whole ?? snapshot.evidence.digest} does not contain the recorded pod template`,
    });
  } catch (error) {
    const found = await fromReplicaSet(client, snapshot);
    if (found) return found;
    throw noSource(snapshot, error);
  }
}

/** An unreachable network file system blocks a read for minutes, and each try of a rollback has 10 s. */
async function readInTime(stores: SnapshotStores, snapshot: DeploymentSnapshot): Promise<SnapshotDocument> {
  const document = await within(READ_TIMEOUT_MS, loadSnapshot(stores, snapshot), null);
  if (document !== null) return document;
  throw ApplicationFailure.create({
    type: 'EvidenceNotRead',
    message: `evidence ${snapshot.whole ?? snapshot.evidence.digest} was not read within ${READ_TIMEOUT_MS / 1_000} s`,
  });
}

async function fromReplicaSet(
  client: ClusterClient,
  { target, templateHash, templateDigest, uid }: DeploymentSnapshot,
): Promise<RecordedTemplate | null> {
  if (templateHash === '') return null;
  const candidates = await listReplicaSets(client, target.namespace, `${TEMPLATE_HASH}=${templateHash}`);
  for (const { metadata, spec } of candidates as (ReplicaSet & { spec: { template?: PodTemplate } })[]) {
    if (!metadata.ownerReferences?.some((owner) => owner.uid === uid) || !spec.template) continue;
    const template = withoutTemplateHash(spec.template);
    if (digestOf(template) === templateDigest) return { template, source: `ReplicaSet ${target.namespace}/${metadata.name}` };
  }
  return null;
}

/** The Deployment controller adds this one label to the template that it copies into a ReplicaSet. */
function withoutTemplateHash(template: PodTemplate): PodTemplate {
  const { [TEMPLATE_HASH]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

function noSource({ target, templateHash, image }: DeploymentSnapshot, cause: unknown): unknown {
  const { name, type = name, message } = cause as { name: string; type?: string; message: string };
  if (!LOST.includes(type)) return cause;
  return ApplicationFailure.create({
    type,
    nonRetryable: true,
    message:
      `${message} No ReplicaSet of deployment ${target.namespace}/${target.deployment} with ${TEMPLATE_HASH} ` +
      `${templateHash || 'unknown'} has the recorded pod template; deploy ${image} by hand`,
  });
}
