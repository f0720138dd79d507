import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import { fakeCluster } from '../testing/fake-cluster.ts';
import type { ClusterClient } from '../kubernetes/client.ts';
import { expandGuard, guardSchema } from '../../release/steps/guard.ts';
import type { PreflightInput } from '../steps-contract.ts';
import { createPreflightActivities } from './run-preflight.ts';

const folder = mkdtempSync(join(tmpdir(), 'tminus-rights-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const target = (namespace: string) => ({ cluster: 'lab', namespace, deployment: 'go-api', container: 'go-api' });

interface Asked extends Pick<Partial<PreflightInput>, 'guard' | 'quick'> {
  podLogs: boolean;
  staging: boolean;
}

/** The rights that preflight asks about: `get pods/log in shop-staging`. */
async function askedFor({ podLogs, staging, ...more }: Asked): Promise<string[]> {
  const asked: string[] = [];
  const { client: fake } = fakeCluster();
  const client: ClusterClient = {
    ...fake,
    create: async <T>(resource: Parameters<ClusterClient['create']>[0], body: unknown) => {
      const {
        verb,
        resource: kind,
        subresource,
        namespace,
      } = (body as { spec: { resourceAttributes: Record<string, string> } }).spec.resourceAttributes;
      asked.push(
        `${verb} ${kind}${subresource === undefined ? '' : `/${subresource}`}${namespace === undefined ? '' : ` in ${namespace}`}`,
      );
      return fake.create<T>(resource, body);
    },
  };
  const { runPreflight } = createPreflightActivities({
    store: createFolderEvidenceStore(folder),
    environment: { spec: { clusters: { lab: { podLogs } }, prometheus: {}, targets: {} } } as never,
    clients: () => client,
    activity: () => ({ heartbeat: () => undefined, signal: new AbortController().signal }),
  });
  await runPreflight({
    production: target('shop'),
    staging: staging ? target('shop-staging') : null,
    image: 'x',
    healthTarget: 'shop',
    healthPath: '/healthz',
    guard: null,
    quick: false,
    ...more,
  } as unknown as PreflightInput);
  return asked;
}

test('asks for the right to read logs only where a load test may read them', async () => {
  const log = 'get pods/log in shop-staging';
  expect(await askedFor({ podLogs: true, staging: true })).toContain(log);
  expect(await askedFor({ podLogs: false, staging: true })).not.toContain(log);
  expect((await askedFor({ podLogs: true, staging: false })).filter((right) => right.includes('/log'))).toEqual([]);
  expect(await askedFor({ podLogs: false, staging: true })).toContain('list pods in shop-staging');
});

const guard = expandGuard(guardSchema.parse({ type: 'guard' }));

test('asks for the rights that launch, rollback and the description of a failure need, where the plan launches', async () => {
  const needed = [
    'patch deployments in shop',
    'get leases in shop',
    'patch leases in shop',
    'create leases in shop',
    'get pods/log in shop',
    'list events in shop',
  ];
  const asked = await askedFor({ podLogs: false, staging: true, guard });
  expect(asked.filter((right) => needed.includes(right))).toEqual(needed);
});

test('asks right before the launch only for rights in production', async () => {
  const asked = await askedFor({ podLogs: true, staging: true, guard, quick: true });
  expect(asked).toContain('create leases in shop');
  expect(asked.filter((right) => !right.endsWith(' in shop'))).toEqual([]);
});
