// A process that applies one effect of a drill and restores it, for tests that kill it at a failpoint. Reads its task as JSON from the first argument.
import { createEffects } from '../effects/registry.ts';
import { operationOf } from '../effects/effect.ts';
import type { UndoEntry } from '../../verdict/undo.ts';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import { createRestrictedStore } from '../evidence/restricted.ts';
import { openCluster } from '../kubernetes/client.ts';
import { lastWriteAtMs } from '../kubernetes/converge-write.ts';
import { countdownOf } from './one-effect.ts';

/** One run of the process. */
export interface DrillTask {
  entry: UndoEntry;
  wanted: unknown;
  act: 'apply' | 'restore';
  kubeconfig: string;
  evidence: string;
}

const { entry, wanted, act, kubeconfig, evidence } = JSON.parse(process.argv[2] ?? '') as DrillTask;
const effect = createEffects({
  store: createFolderEvidenceStore(evidence),
  restricted: createRestrictedStore(evidence),
  healthUrl: () => 'http://127.0.0.1:6/healthz',
  clients: (cluster) => openCluster(cluster, kubeconfig),
  adminPort: () => 0,
  activity: () => ({ heartbeat: () => undefined, signal: new AbortController().signal }),
  now: () => new Date(),
})[entry.kind];
const operation = operationOf(entry, countdownOf('run-1'));
if (act === 'apply') await effect.apply(operation, entry.before, wanted, lastWriteAtMs());
else await effect.restore(operation, entry.before, lastWriteAtMs());
