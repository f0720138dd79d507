// RBAC rules in the lab's cluster: exactly what Tminus needs, so that a missing rule fails here and not at a user's launch.
import { applyObjects } from '../cluster.ts';
import type { LabPaths } from '../paths.ts';

const READ = ['get', 'list', 'watch'];
const group = 'rbac.authorization.k8s.io';

const user = (name: string) => [{ apiGroup: group, kind: 'User', name }];

function clusterRole(name: string, rules: object[]): object[] {
  return [
    { apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata: { name }, rules },
    {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: group, kind: 'ClusterRole', name },
      subjects: user(name),
    },
  ];
}

function role(name: string, namespace: string, rules: object[]): object[] {
  return [
    { apiVersion: `${group}/v1`, kind: 'Role', metadata: { name, namespace }, rules },
    {
      apiVersion: `${group}/v1`,
      kind: 'RoleBinding',
      metadata: { name, namespace },
      roleRef: { apiGroup: group, kind: 'Role', name },
      subjects: user(name),
    },
  ];
}

export const rights: object[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop-staging' } },
  ...clusterRole('tminus', [
    { apiGroups: ['apps'], resources: ['deployments', 'replicasets'], verbs: READ },
    { apiGroups: [''], resources: ['pods', 'events', 'nodes'], verbs: READ },
  ]),
  // Writes only Deployments and the Leases that fence them; in staging for drills. Reads logs of failing pods.
  ...role('tminus', 'shop', [
    { apiGroups: ['apps'], resources: ['deployments'], verbs: ['patch'] },
    // `create` cannot be restricted to a name in advance.
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'patch'] },
    { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  ]),
  ...role('tminus', 'shop-staging', [
    { apiGroups: ['apps'], resources: ['deployments'], verbs: ['patch'] },
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'patch'] },
    { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  ]),
  ...clusterRole('prometheus', [{ apiGroups: [''], resources: ['pods', 'nodes', 'namespaces'], verbs: READ }]),
];

/** Applies all rules. */
export async function grantRights(lab: LabPaths): Promise<void> {
  await applyObjects(lab, rights);
}
