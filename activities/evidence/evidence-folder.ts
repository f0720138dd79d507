// Operations of the server on the whole evidence folder; pieces are read through the store.
import { countdownRecords, type RecordPointer } from './countdown-records.ts';
import { pruneEvidence, type PruneOptions, type Pruned } from './prune.ts';
import { openUndoJournal, type DamagedRecord, type JournalRecord } from './undo-journal.ts';

export interface EvidenceFolder {
  /** Registered undos, the oldest first, and damaged files of the journal. */
  undos(): Promise<{ records: JournalRecord[]; damaged: DamagedRecord[] }>;
  /** Records of ended countdowns, the newest first. */
  recorded(): Promise<RecordPointer[]>;
  /** Removes old pieces without a reference in `named` or in a pointer of the folder. */
  prune(options: PruneOptions): Promise<Pruned>;
}

export const evidenceFolder = (folder: string): EvidenceFolder => ({
  undos: () => openUndoJournal(folder).list(),
  recorded: async () => (await countdownRecords(folder).list()).pointers,
  prune: (options) => pruneEvidence(folder, options),
});
