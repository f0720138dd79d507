// Facts of the check `rights`: the permissions that later steps need, and whether the kubeconfig's identity has them.
import type { PreflightFacts, Right } from '../../analysis/preflight/answers.ts';
import { describeResource, type Resource } from '../kubernetes/api-failure.ts';
import { deployments, nodes, podLogs, pods, replicaSets } from '../kubernetes/client.ts';
import type { DeploymentTarget } from '../kubernetes/contract.ts';
import { leaseNameOf, leases } from '../kubernetes/lease.ts';
import type { PreflightInput } from '../steps-contract.ts';
import type { CheckDependencies } from './dependencies.ts';

interface Wanted {
  cluster: string;
  verb: string;
  resource: Resource;
}

/** Sends a SelfSubjectAccessReview for each. */
export async function rights({ input, client, readsPodLogs }: CheckDependencies): Promise<PreflightFacts['rights']> {
  // The launch no longer needs staging and the node images.
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

/** Reads of every step. */
const reading = ({ cluster, namespace, deployment }: DeploymentTarget): Wanted[] => [
  { cluster, verb: 'get', resource: deployments(namespace, deployment) },
  { cluster, verb: 'list', resource: replicaSets(namespace) },
  { cluster, verb: 'list', resource: pods(namespace) },
];

/** For these checks, and the writes of a launch and its rollback: the Deployment and its Lease. */
function launching({ production: { cluster, namespace, deployment }, production, guard }: PreflightInput): Wanted[] {
  const lease = leases(namespace, leaseNameOf(production));
  const checking: [verb: string, resource: Resource][] = [
    ['patch', deployments(namespace, deployment)],
    ['get', lease],
  ];
  const watched: [verb: string, resource: Resource][] = [
    ['patch', lease],
    // RBAC ignores the object name for `create`.
    ['create', leases(namespace)],
    // A failed launch stores events and logs of its pods.
    ['get', podLogs(namespace)],
    ['list', { group: '', version: 'v1', resource: 'events', namespace }],
  ];
  // Every launch has a guard, so a plan without one launches nothing.
  return [...checking, ...(guard === null ? [] : watched)].map(([verb, resource]) => ({ cluster, verb, resource }));
}

async function mayI(client: ReturnType<CheckDependencies['client']>, verb: string, resource: Resource): Promise<Right> {
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
