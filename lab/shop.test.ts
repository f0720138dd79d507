import { environmentSchema } from '../release/environment.ts';
import { environmentFile } from './environment-file.ts';
import { candidateFaults, findFault } from './faults.ts';
import { deployment, shopManifests } from './manifests/go-api.ts';
import type { ShopManifest } from './manifests/go-api.ts';
import { rights } from './manifests/rights.ts';
import { paths } from './paths.ts';
import { bothShops } from './shop.ts';

const lab = paths({ TMINUS_LAB_DIR: '/somewhere/.lab' });
const deployed = { current: 'registry.local/go-api:sha-4f9c2ab', candidate: 'registry.local/go-api:sha-91d03ce' };

interface PodTemplate {
  spec: {
    template: {
      spec: {
        containers: { image: string; imagePullPolicy: string; env?: { name: string; value: string }[]; resources: { limits?: object } }[];
      };
    };
  };
}
const container = (shop: ShopManifest) => (deployment(shop) as PodTemplate).spec.template.spec.containers[0];
const faultOf = (shop: ShopManifest) => container(shop)?.env?.find(({ name }) => name === 'FAULT');

test('runs the current version in production and the candidate in staging, apart from each other', () => {
  const [production, staging] = bothShops(lab, { ...deployed, fault: null });
  expect([production.namespace, production.image]).toEqual(['shop', deployed.current]);
  expect([staging.namespace, staging.image]).toEqual(['shop-staging', deployed.candidate]);
  expect(production.databaseUrl).not.toBe(staging.databaseUrl);
  expect(production.redisUrl).not.toBe(staging.redisUrl);
});

test.each(Object.entries(candidateFaults))(
  'shows %s in staging only when a load test is to find it, and always after a launch',
  (name, { showsInStaging }) => {
    const [production, staging] = bothShops(lab, { ...deployed, fault: findFault(name) });
    expect(faultOf(staging)).toEqual(showsInStaging ? undefined : { name: 'FAULT', value: '' });
    expect(faultOf(production)).toBeUndefined();
  },
);

test('gives every fault an image of its own', () => {
  const tags = Object.values(candidateFaults).map(({ tag }) => tag);
  expect(new Set(tags).size).toBe(tags.length);
  for (const tag of tags) expect(tag).toMatch(/^sha-[0-9a-f]{7}$/);
});

test('names the faults there are when asked for another', () => {
  expect(() => findFault('toString')).toThrow(
    'unknown fault toString; the faults are slow-order, error-surge, broken-image, slow-start, crash-loop, hang, hang-handlers, not-ready, errors-10',
  );
});

test('tells in every span which namespace and Deployment made it', () => {
  const [production] = bothShops(lab, { ...deployed, fault: null });
  const deployments = (shopManifests(production) as { kind: string; metadata: { name: string } }[]).filter(
    ({ kind }) => kind === 'Deployment',
  );
  expect(deployments).toHaveLength(2);
  for (const made of deployments) {
    const env = (made as unknown as PodTemplate).spec.template.spec.containers[0]?.env ?? [];
    // Kubernetes puts only those into a variable that stand before it.
    expect(env.slice(0, 2)).toEqual([
      { name: 'K8S_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      { name: 'OTEL_RESOURCE_ATTRIBUTES', value: `k8s.namespace.name=$(K8S_NAMESPACE),k8s.deployment.name=${made.metadata.name}` },
    ]);
  }
});

test('pulls no image and throttles no pod', () => {
  const [production] = bothShops(lab, { ...deployed, fault: null });
  expect(container(production)?.imagePullPolicy).toBe('Never');
  expect(container(production)?.resources.limits).toBeUndefined();
});

test('lets the tool change nothing but Deployments and their Leases, in production and for drills in staging', () => {
  interface Role {
    kind: string;
    metadata: { name: string; namespace?: string };
    rules?: { resources: string[]; verbs: string[] }[];
  }
  const writing = (rights as Role[]).flatMap(({ metadata, rules = [] }) =>
    rules.flatMap(({ resources, verbs }) =>
      verbs
        .filter((verb) => !['get', 'list', 'watch'].includes(verb))
        .map((verb) => [metadata.name, metadata.namespace, verb, ...resources]),
    ),
  );
  expect(writing).toEqual([
    ['tminus', 'shop', 'patch', 'deployments'],
    ['tminus', 'shop', 'create', 'leases'],
    ['tminus', 'shop', 'patch', 'leases'],
    ['tminus', 'shop-staging', 'patch', 'deployments'],
    ['tminus', 'shop-staging', 'create', 'leases'],
    ['tminus', 'shop-staging', 'patch', 'leases'],
  ]);
  const reading = (rights as Role[]).filter(({ rules = [] }) => rules.some(({ resources }) => resources.includes('pods/log')));
  expect(reading.map(({ metadata }) => metadata.namespace)).toEqual(['shop', 'shop-staging']);
});

test('writes an environment file the worker accepts, with absolute paths', () => {
  const environment = environmentSchema.parse(JSON.parse(environmentFile(lab, '/tools/k6', { TMINUS_HOME: '/home/x/.tminus' })));
  expect(environment.spec.clusters['lab']?.kubeconfig).toBe('/somewhere/.lab/tminus.kubeconfig');
  expect(environment.spec.targets).toEqual({ shop: { url: 'http://10.88.0.2:30080' }, 'shop-staging': { url: 'http://10.88.0.2:30081' } });
  expect(environment.spec.load.k6).toBe('/tools/k6');
  expect(environment.spec.evidence.folder).toBe('/home/x/.tminus/evidence');
});
