// Which rights later steps need, and whether the identity of the kubeconfig has them.
import type { PreflightFacts, Right } from '../../analysis/preflight/answers.ts';
import { describeResource, type Resource } from '../kubernetes/api-failure.ts';
import { deployments, nodes, podLogs, pods, replicaSets } from '../kubernetes/client.ts';
import type { DeploymentTarget } from '../kubernetes/contract.ts';
import { leaseNameOf, leases } from '../kubernetes/lease.ts';
import type { PreflightInput } from '../steps-contract.ts';
import type { PreflightWorld } from './world.ts';

interface Wanted {
  cluster: string;
  verb: string;
  resource: Resource;
}

/** Asks the cluster about each of them. */
export async function rights({ input, client, readsPodLogs }: PreflightWorld): Promise<PreflightFacts['rights']> {
  // Staging and the nodes have done their part before the launch.
  const { staging } = input.quick ? { staging: null } : input;
  const wanted = [
    ...reading(input.production),
    ...launching(input),
    ...(staging ? reading(staging) : []),
    ...(staging && readsPodLogs ? [{ cluster: staging.cluster, verb: 'get', resource: podLogs(staging.namespace) }] : []),
    ...(input.quick ? [] : [{ cluster: input.production.cluster, verb: 'list', resource: nodes }]),
  ];
  return { rights: await Promise.all(wanted.map(({ cluster, verb, resource }) => mayI(client(cluster), verb, resource))) };
}

/** What every step reads of a Deployment. */
const reading = ({ cluster, namespace, deployment }: DeploymentTarget): Wanted[] => [
  { cluster, verb: 'get', resource: deployments(namespace, deployment) },
  { cluster, verb: 'list', resource: replicaSets(namespace) },
  { cluster, verb: 'list', resource: pods(namespace) },
];

/** What the checks of this preflight need, and what a launch and its rollback write: the Deployment and its Lease. */
function launching({ production: { cluster, namespace, deployment }, production, guard }: PreflightInput): Wanted[] {
  const lease = leases(namespace, leaseNameOf(production));
  const checking: [verb: string, resource: Resource][] = [
    ['patch', deployments(namespace, deployment)],
    ['get', lease],
  ];
  const watched: [verb: string, resource: Resource][] = [
    ['patch', lease],
    // The name of an object that is created does not count for its right.
    ['create', leases(namespace)],
    // A failed launch is described by the events and logs of its pods.
    ['get', podLogs(namespace)],
    ['list', { group: '', version: 'v1', resource: 'events', namespace }],
  ];
  // Every launch has a guard, so a plan without one launches nothing.
  return [...checking, ...(guard === null ? [] : watched)].map(([verb, resource]) => ({ cluster, verb, resource }));
}

async function mayI(client: ReturnType<PreflightWorld['client']>, verb: string, resource: Resource): Promise<Right> {
  const { group, resource: kind, namespace, name, subresource } = resource;
  const review: Resource = { group: 'authorization.k8s.io', version: 'v1', resource: 'selfsubjectaccessreviews' };
  const answer = await client.create<{ status?: { allowed?: boolean } }>(review, {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: {
      resourceAttributes: {
        verb,
        group,
        resource: kind,
        ...(namespace ? { namespace } : {}),
        ...(name ? { name } : {}),
        ...(subresource ? { subresource } : {}),
      },
    },
  });
  return {
    verb,
    resource: describeResource({ group, version: '', resource: kind, ...(subresource ? { subresource } : {}) }),
    namespace: namespace ?? '',
    allowed: answer.status?.allowed === true,
  };
}
