// What runs in the thread. Evidence that cannot be read is an answer, for people are to read it; everything else thrown is a fault.
import type { MessagePort } from 'node:worker_threads';
import { UnreadableEvidence } from '../../analysis/analysis.ts';
import { summarizeLoad, type EndpointSummary } from '../../analysis/load-test/summary.ts';
import { evidenceThrough } from './evidence-port.ts';
import { readFigures, type Figures, type FiguresAsked } from './read-figures.ts';

export type Task = { figures: FiguresAsked } | { endpoints: { digest: string } };
export type Reading<Read> = { read: Read } | { unreadable: string };

export default async function work({ port, ...task }: Task & { port: MessagePort }): Promise<Reading<Figures | EndpointSummary[]>> {
  const evidence = evidenceThrough(port);
  try {
    return {
      read:
        'figures' in task ? await readFigures(task.figures, evidence) : (await summarizeLoad(evidence(task.endpoints.digest))).endpoints,
    };
  } catch (error) {
    if (error instanceof Error && isUnreadable(error)) return { unreadable: error.message };
    throw error;
  } finally {
    port.close();
  }
}

/** An analysis that refuses, or a store that lacks or distrusts the bytes. */
const isUnreadable = (error: Error): boolean => error instanceof UnreadableEvidence || error.name.startsWith('Evidence');
