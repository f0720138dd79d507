// What the server does with the evidence folder as a whole; single pieces go through the store.
import { countdownRecords, type RecordPointer } from './countdown-records.ts';
import { pruneEvidence, type PruneOptions, type Pruned } from './prune.ts';
import { openUndoJournal, type DamagedRecord, type JournalRecord } from './undo-journal.ts';

export interface EvidenceFolder {
  /** Undos that were registered, oldest first, and the files of the journal that cannot be read. */
  undos(): Promise<{ records: JournalRecord[]; damaged: DamagedRecord[] }>;
  /** Countdowns that have ended and left a record, the newest first. */
  recorded(): Promise<RecordPointer[]>;
  /** Removes old pieces that neither `named` nor a pointer beside the pieces names. */
  prune(options: PruneOptions): Promise<Pruned>;
}

export const evidenceFolder = (folder: string): EvidenceFolder => ({
  undos: () => openUndoJournal(folder).list(),
  recorded: async () => (await countdownRecords(folder).list()).pointers,
  prune: (options) => pruneEvidence(folder, options),
});
