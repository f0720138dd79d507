// The three functions behind the effect `deployment-image`, with operations and snapshots as a lab test writes them.
import { applyImage } from '../kubernetes/apply-image.ts';
import { captureDeployment } from '../kubernetes/capture-deployment.ts';
import type { ClusterClient } from '../kubernetes/client.ts';
import type {
  ApplyImageInput,
  DeploymentSnapshot,
  DeploymentTarget,
  Operation,
  RestoreTemplateInput,
  WriteResult,
} from '../kubernetes/contract.ts';
import { lastWriteAtMs, type WriteFence } from '../kubernetes/converge-write.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { asApplicationFailure } from '../kubernetes/index.ts';
import { NEW } from './lab-cluster.ts';
import { claimLease } from '../kubernetes/lease.ts';
import { restoreTemplate } from '../kubernetes/restore-template.ts';

export interface DeploymentWrites {
  captureDeployment(target: DeploymentTarget): Promise<DeploymentSnapshot>;
  applyImage(input: ApplyImageInput): Promise<WriteResult>;
  restoreTemplate(input: Omit<RestoreTemplateInput, 'wantedImage'>): Promise<WriteResult>;
}

export function deploymentWrites(client: ClusterClient, store: EvidenceStore): DeploymentWrites {
  // No reader stands behind a test, so both are one.
  const stores = { store, restricted: store };
  const now = () => new Date();
  const fence = (target: DeploymentTarget, operation: Operation, purpose: 'apply' | 'restore'): WriteFence => {
    const lastWriteMs = lastWriteAtMs();
    return { lastWriteMs, claim: () => claimLease(client, { target, operation, for: purpose }, lastWriteMs).then(() => null) };
  };
  return {
    captureDeployment: (target) => asApplicationFailure(async () => (await captureDeployment(client, stores, target)).snapshot),
    applyImage: (input) =>
      asApplicationFailure(() => applyImage({ client, stores, fence: fence(input.target, input.operation, 'apply'), now }, input)),
    restoreTemplate: (input) => {
      const operation = { ...input.operation, id: input.undoes };
      return asApplicationFailure(() =>
        restoreTemplate({ client, stores, fence: fence(input.snapshot.target, operation, 'restore'), now }, { ...input, wantedImage: NEW }),
      );
    },
  };
}
