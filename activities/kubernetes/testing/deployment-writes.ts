// For lab tests: the writes behind the effect `deployment-image`, fenced by the Deployment's annotations alone, beside the activities that
// watch them.
import { applyImage } from '../apply-image.ts';
import { captureDeployment } from '../capture-deployment.ts';
import type {
  ApplyImageInput,
  DeploymentSnapshot,
  DeploymentTarget,
  KubernetesActivities,
  RestoreTemplateInput,
  WriteResult,
} from '../contract.ts';
import { lastWriteAtMs, type WriteFence } from '../converge-write.ts';
import { asApplicationFailure, createKubernetesActivities, type KubernetesDependencies } from '../index.ts';
import { restoreTemplate } from '../restore-template.ts';

export interface DeploymentWrites extends KubernetesActivities {
  captureDeployment(target: DeploymentTarget): Promise<DeploymentSnapshot>;
  applyImage(input: ApplyImageInput): Promise<WriteResult>;
  restoreTemplate(input: RestoreTemplateInput): Promise<WriteResult>;
}

const unclaimed = (): WriteFence => ({ claim: async () => undefined, lastWriteMs: lastWriteAtMs() });

export function createDeploymentWrites(
  dependencies: KubernetesDependencies & Required<Pick<KubernetesDependencies, 'clients'>>,
): DeploymentWrites {
  const { store, clients } = dependencies;
  const now = () => new Date();
  return {
    ...createKubernetesActivities(dependencies),
    captureDeployment: (target) =>
      asApplicationFailure(async () => (await captureDeployment(clients(target.cluster), store, target)).snapshot),
    applyImage: (input) => asApplicationFailure(() => applyImage(clients(input.target.cluster), store, input, unclaimed(), now)),
    restoreTemplate: (input) =>
      asApplicationFailure(() => restoreTemplate(clients(input.snapshot.target.cluster), store, input, unclaimed(), now)),
  };
}
