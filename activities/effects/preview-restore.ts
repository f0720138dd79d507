// The requests that a restore would send now, also as kubectl commands for a person.
import type { DeploymentWriter } from '../kubernetes/apply-image.ts';
import { deployments, pathOf, readDeployment, type ClusterClient } from '../kubernetes/client.ts';
import type { DeploymentTarget, Operation } from '../kubernetes/contract.ts';
import { notesOf, type Change } from '../kubernetes/converge-write.ts';
import { decideClaim, isTakenOver, leases, readLease, type LeaseBody, type LeaseClaim } from '../kubernetes/lease.ts';
import { imageOf } from '../kubernetes/objects.ts';
import { recordedTemplate } from '../kubernetes/recorded-template.ts';
import { decideRestore } from '../kubernetes/restore-template.ts';
import type { DeploymentBefore } from './deployment-before.ts';
import { restoreOf, type ApiRequest, type RestorePreview } from './effect.ts';

/** Decides like the restore and writes nothing. Throws its refusals. */
export async function previewRestore(
  { client, stores, now }: Pick<DeploymentWriter, 'client' | 'stores' | 'now'>,
  operation: Operation,
  before: DeploymentBefore,
): Promise<RestorePreview> {
  const { target } = before;
  const { namespace, deployment } = target;
  const { template, source } = await recordedTemplate(client, stores, before);
  const current = await readDeployment(client, namespace, deployment);
  const restore = restoreOf(operation);
  const decision = decideRestore(
    current,
    notesOf(restore, now()),
    { snapshot: before, operation: restore, undoes: operation.id, wantedImage: before.wantedImage },
    template,
  );
  const shown = {
    runsNow: imageOf(current.spec.template, target.container) ?? 'no such container',
    goesBackTo: `${before.image} (from ${source})`,
  };
  return { ...shown, requests: decision === 'landed' ? [] : await restoreRequests(client, target, operation, decision) };
}

/** The claim of the Lease, if one is to be sent, and the patch of the Deployment. */
export async function restoreRequests(
  client: ClusterClient,
  target: DeploymentTarget,
  operation: Operation,
  { type, body }: Change,
): Promise<ApiRequest[]> {
  const { namespace, deployment } = target;
  const claim = await claimToSend(client, { target, operation, for: 'restore' });
  const patchType = type === 'application/json-patch+json' ? 'json' : 'strategic';
  const patch: ApiRequest = {
    method: 'PATCH',
    path: pathOf(deployments(namespace, deployment)),
    contentType: type,
    body,
    kubectl: (file) => `kubectl -n ${namespace} patch deployment ${deployment} --type=${patchType} --patch-file ${file}`,
  };
  return [...(claim === 'landed' ? [] : [claimRequest(claim)]), patch];
}

/** Like the restore, continues without a Lease that cannot be read. */
async function claimToSend(client: ClusterClient, claim: LeaseClaim): Promise<ReturnType<typeof decideClaim>> {
  try {
    return decideClaim(await readLease(client, claim.target), claim);
  } catch (error) {
    if (isTakenOver(error)) throw error;
    return 'landed';
  }
}

function claimRequest(body: LeaseBody): ApiRequest {
  const { name, namespace, resourceVersion } = body.metadata;
  return resourceVersion === undefined
    ? {
        method: 'POST',
        path: pathOf(leases(namespace)),
        contentType: 'application/json',
        body,
        kubectl: (file) => `kubectl create -f ${file}`,
      }
    : {
        method: 'PATCH',
        path: pathOf(leases(namespace, name)),
        contentType: 'application/strategic-merge-patch+json',
        body,
        kubectl: (file) => `kubectl -n ${namespace} patch lease ${name} --patch-file ${file}`,
      };
}
