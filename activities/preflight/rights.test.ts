import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import { playedCluster } from '../guard/played-cluster.ts';
import type { ClusterClient } from '../kubernetes/client.ts';
import type { PreflightInput } from '../steps-contract.ts';
import { createPreflightActivities } from './run-preflight.ts';

const folder = mkdtempSync(join(tmpdir(), 'tminus-rights-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const target = (namespace: string) => ({ cluster: 'lab', namespace, deployment: 'go-api', container: 'go-api' });

/** The rights that preflight asks about: `get pods/log in shop-staging`. */
async function askedFor({ podLogs, staging }: { podLogs: boolean; staging: boolean }): Promise<string[]> {
  const asked: string[] = [];
  const { client: played } = playedCluster();
  const client: ClusterClient = {
    ...played,
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
      return played.create<T>(resource, body);
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
