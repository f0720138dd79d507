// An effect on a fake cluster, with the entry and countdown that a workflow would make.
import type { CountdownRef, UndoEntry } from '../../verdict/undo.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import { createRestrictedStore } from '../evidence/restricted.ts';
import type { FakeClusterApi } from './fake-cluster-api.ts';
import { NEW, target } from './fake-cluster-api.ts';
import type { Seal } from '../../verdict/signed.ts';
import type { CaptureInput } from '../effects/contract.ts';
import { deploymentKey } from '../effects/deployment-target.ts';
import { createEffects, type Effects } from '../effects/registry.ts';

export const countdownOf = (firstRunId: string): CountdownRef => ({
  workflowId: 'countdown/go-api-1.4.0',
  firstRunId,
  release: 'go-api-1.4.0',
  notify: [],
});

export const entryOf = (before: unknown, { workflowId, firstRunId }: CountdownRef, generation = 1, seal?: Seal): UndoEntry => ({
  id: `${workflowId}/${firstRunId}/T-0/launch/1/deployment-image/shop/go-api`,
  kind: 'deployment-image',
  target: { cluster: 'lab', key: 'shop/go-api' },
  generation,
  name: 'shop/go-api back to sha-old0001',
  live: true,
  scope: 'countdown',
  order: 0,
  within: { restoreMs: 5_000, proveMs: 5_000 },
  before,
  ...(seal === undefined ? {} : { seal }),
});

export const captureInput = (countdown: CountdownRef, generation = 1, wantedImage = NEW, deployment = target): CaptureInput => ({
  kind: 'deployment-image',
  target: { cluster: deployment.cluster, key: deploymentKey(deployment) },
  generation,
  countdown,
  settings: { deployment, healthTarget: 'shop', healthPath: '/healthz', wantedImage },
});

let nowMs = Date.parse('2026-11-25T09:00:00Z');

export const fakeEffects = (
  api: FakeClusterApi,
  evidenceFolder: string,
  {
    store = createFolderEvidenceStore(evidenceFolder),
    restricted = createRestrictedStore(evidenceFolder),
    adminPort = 6060,
    healthUrl = () => 'http://127.0.0.1:6/healthz',
  }: { store?: EvidenceStore; restricted?: EvidenceStore; adminPort?: number; healthUrl?: () => string } = {},
): Effects =>
  createEffects({
    store,
    restricted,
    healthUrl,
    clients: () => api.client,
    adminPort: () => adminPort,
    activity: () => ({ heartbeat: () => undefined, signal: new AbortController().signal }),
    // Two calls in one millisecond would take each other's write for their own.
    now: () => new Date((nowMs += 1_000)),
  });
