// Restores without Temporal, from the journal and the snapshots of an evidence folder, with the code of the activities: for a live candidate when
// server and workers are lost.
import type { Environment } from '../../release/environment.ts';
import { healthUrl } from '../health.ts';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import { createRestrictedStore } from '../evidence/restricted.ts';
import { openUndoJournal, type DamagedRecord, type JournalRecord, type UndoJournal } from '../evidence/undo-journal.ts';
import { createClusterClients, openCluster, type ClusterClient } from '../kubernetes/client.ts';
import { lastWriteAtMs } from '../kubernetes/converge-write.ts';
import { effectOf } from './activities.ts';
import type { Finding } from '../../verdict/finding.ts';
import { judgeRollbackWrite } from '../../verdict/rollback.ts';
import type { WriteResult } from './contract.ts';
import { operationOf, type RestorePreview } from './effect.ts';
import { createEffects, type Effects } from './registry.ts';

export type { ApiRequest, RestorePreview } from './effect.ts';
export type { DamagedRecord, JournalRecord } from '../evidence/undo-journal.ts';

export interface OfflineOptions {
  evidenceFolder: string;
  clusters: { environment: Environment; environmentFolder: string } | { kubeconfig: string; context?: string };
  /** Called while a rollout is watched. */
  progress(text: string): void;
}

export interface OfflineOutcome {
  /** written: the restore landed and is not proven; failed: nothing was written, or the restored version does not serve. */
  outcome: 'restored' | 'written' | 'failed';
  message: string;
  findings: Finding[];
}

export interface OfflineRestore {
  /** Undos that are registered and not settled, in order of restoration. */
  standing(): Promise<{ records: JournalRecord[]; damaged: DamagedRecord[] }>;
  /** The requests that a restore would send. Throws its refusals. */
  preview(record: JournalRecord): Promise<RestorePreview>;
  /** Restores, proves and settles one. Never throws for a target that cannot be restored. */
  restore(record: JournalRecord): Promise<OfflineOutcome>;
}

/** Opens journal and clusters. Reads nothing before the first call. */
export function openOfflineRestore({ evidenceFolder, clusters, progress }: OfflineOptions): OfflineRestore {
  const journal = openUndoJournal(evidenceFolder);
  const environment = 'environment' in clusters ? clusters.environment : null;
  const effects = createEffects({
    store: createFolderEvidenceStore(evidenceFolder),
    restricted: createRestrictedStore(evidenceFolder),
    healthUrl: (target, path) => {
      if (environment === null) throw new Error('its health URL is unknown without --environment');
      return healthUrl(environment, target, path);
    },
    clients: clientsOf(clusters),
    adminPort: () => {
      throw new Error('the port of the pods is recorded when a state is captured, and nothing is captured offline');
    },
    activity: () => ({ heartbeat: ({ text }) => progress(text), signal: new AbortController().signal }),
    now: () => new Date(),
  });

  return {
    async standing() {
      const { records, damaged } = await journal.list();
      const open = records.filter(({ settled }) => settled === null);
      return { records: open.toSorted((a, b) => a.entry.order - b.entry.order), damaged };
    },
    preview: async ({ entry, countdown }) => effectOf(effects, entry.kind).preview(operationOf(entry, countdown), entry.before),
    restore: (record) => restoreOne({ effects, journal }, record),
  };
}

interface RestoreDependencies {
  effects: Effects;
  journal: UndoJournal;
}

async function restoreOne({ effects, journal }: RestoreDependencies, record: JournalRecord): Promise<OfflineOutcome> {
  const { entry, countdown } = record;
  let write: WriteResult | null = null;
  try {
    const effect = effectOf(effects, entry.kind);
    write = await effect.restore(operationOf(entry, countdown), entry.before, lastWriteAtMs());
    const proof = await effect.prove(entry, entry.before, write, null);
    if (!proof.restored)
      return {
        outcome: 'failed',
        findings: proof.findings,
        message: `${entry.name}: written at ${write.at}, but it ${effect.purpose === 'launch' ? 'does not serve' : 'is still in place'}`,
      };
    const restored = proof.leftAlone ? 'left alone' : 'restored and proven';
    return {
      outcome: 'restored',
      findings: proof.findings,
      message: `${entry.name}: ${restored}${await settled(effects, journal, record)}`,
    };
  } catch (error) {
    const reason = (error as Error).message;
    // The restore has landed, even if it cannot be proven.
    if (write !== null) return unproven(entry.name, write, reason);
    return { outcome: 'failed', findings: [], message: `${entry.name}: could not be restored: ${reason}` };
  }
}

const unproven = (name: string, written: WriteResult, reason: string): OfflineOutcome => ({
  outcome: 'written',
  findings: judgeRollbackWrite(name, written),
  message: `${name}: written at ${written.at}, not proven: ${reason}`,
});

/** A folder that cannot be written keeps the undo in the list; the restore still counts. */
async function settled(effects: Effects, journal: UndoJournal, { entry, countdown }: JournalRecord): Promise<string> {
  try {
    await effectOf(effects, entry.kind).settle(operationOf(entry, countdown), entry.before, 'restored');
    await journal.settle(entry, countdown, 'restored');
    return '';
  } catch (error) {
    return `; not recorded as settled: ${(error as Error).message}`;
  }
}

function clientsOf(clusters: OfflineOptions['clusters']): (cluster: string) => ClusterClient {
  if ('environment' in clusters) return createClusterClients(clusters.environment, clusters.environmentFolder);
  return (cluster) => openCluster(cluster, clusters.kubeconfig, clusters.context);
}
