// Owners that take a change of a Deployment back: what they manage is changed in their repository.
import { refuse } from '../refusal.ts';
import type { Deployment } from './objects.ts';

/** Marks of the controllers. Their field managers are no proof: others may use the names. */
const OWNERS = [
  { name: 'Argo CD', in: 'annotations', key: 'argocd.argoproj.io/tracking-id', suspend: 'argocd app set APP --sync-policy none' },
  { name: 'Flux', in: 'labels', key: 'kustomize.toolkit.fluxcd.io/name', suspend: 'flux suspend kustomization NAME' },
  { name: 'Flux', in: 'labels', key: 'helm.toolkit.fluxcd.io/name', suspend: 'flux suspend helmrelease NAME' },
] as const;

/** Refuses (non-retryable) to change a Deployment that Argo CD or Flux manages: it would be reverted within seconds, in the middle of a drill. */
export function refuseGitOpsOwner({ metadata }: Pick<Deployment, 'metadata'>): void {
  const owner = OWNERS.find((each) => metadata[each.in]?.[each.key] !== undefined);
  if (owner === undefined) return;
  throw refuse(
    'Refused',
    `deployment ${metadata.namespace}/${metadata.name} is managed by ${owner.name} (${owner.in.slice(0, -1)} ${owner.key} ` +
      `${metadata[owner.in]?.[owner.key]}), which would revert the change; suspend it first (${owner.suspend}), or use a switch action`,
  );
}
