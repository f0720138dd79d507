// Code of the worker thread. Unreadable evidence is returned as a result for the page; any other error is a bug.
import { createFolderEvidenceStore } from '../../activities/evidence/folder-store.ts';
import { UnreadableEvidence } from '../../analysis/analysis.ts';
import { summarizeLoad, type EndpointSummary } from '../../analysis/load-test/summary.ts';
import { readFigures, type Figures, type FiguresAsked } from './read-figures.ts';

export type Task = { figures: FiguresAsked } | { endpoints: { digest: string } };
export type Reading<Read> = { read: Read } | { unreadable: string };

export default async function work(task: Task & { evidenceFolder: string }): Promise<Reading<Figures | EndpointSummary[]>> {
  const { get } = createFolderEvidenceStore(task.evidenceFolder);
  try {
    return { read: 'figures' in task ? await readFigures(task.figures, get) : (await summarizeLoad(get(task.endpoints.digest))).endpoints };
  } catch (error) {
    if (error instanceof Error && isUnreadable(error)) return { unreadable: error.message };
    throw error;
  }
}

/** The analysis cannot parse the bytes, or they are missing or damaged in the store. */
const isUnreadable = (error: Error): boolean => error instanceof UnreadableEvidence || error.name.startsWith('Evidence');
