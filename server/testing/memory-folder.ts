// The evidence folder as a whole, in memory.
import type { RecordPointer } from '../../activities/evidence/countdown-records.ts';
import type { EvidenceFolder } from '../../activities/evidence/evidence-folder.ts';
import type { PruneOptions, Pruned } from '../../activities/evidence/prune.ts';
import type { DamagedRecord, JournalRecord } from '../../activities/evidence/undo-journal.ts';
import { RUN } from '../../workflows/testing/example-status.ts';

export interface MemoryFolder extends EvidenceFolder {
  records: JournalRecord[];
  damaged: DamagedRecord[];
  pruned: PruneOptions[];
  ended: RecordPointer[];
  /** What every call fails with from now on. */
  failure: Error | null;
}

export function memoryFolder(records: JournalRecord[] = []): MemoryFolder {
  const folder: MemoryFolder = {
    records,
    damaged: [],
    pruned: [],
    ended: [],
    failure: null,
    async undos() {
      if (folder.failure) throw folder.failure;
      return { records: folder.records, damaged: folder.damaged };
    },
    async recorded() {
      return folder.ended;
    },
    async prune(options): Promise<Pruned> {
      if (folder.failure) throw folder.failure;
      folder.pruned.push(options);
      return { removed: 12, removedBytes: 3_145_728, keptNamed: 4, keptYoung: 230 };
    },
  };
  return folder;
}

/** An image that was launched and not restored yet. */
export const exampleUndo: JournalRecord = {
  entry: {
    id: `countdown/go-api-1.4.0/${RUN}/launch/launch/1/deployment-image/shop/go-api`,
    kind: 'deployment-image',
    target: { cluster: 'lab', key: 'shop/go-api' },
    generation: 4,
    name: 'shop/go-api back to registry.local/go-api:sha-4f9c2ab',
    live: true,
    scope: 'countdown',
    order: 1,
    within: { restoreMs: 90_000, proveMs: 300_000 },
    before: {},
  },
  countdown: { workflowId: 'countdown/go-api-1.4.0', firstRunId: RUN, release: 'go-api-1.4.0', notify: [] },
  registeredAt: '2026-11-24T08:00:02.000Z',
  settled: null,
};
