// The diagnosis in a worker thread.
import { Piscina } from 'piscina';
import type { DiagnosisRecord } from '../../analysis/diagnosis/record.ts';
import type { Fact, Finding } from '../../verdict/finding.ts';

export interface Explain {
  record: DiagnosisRecord;
  recordDigest: string;
  evidenceFolder: string;
}

export interface Explained {
  findings: Finding[];
  facts: Fact[];
}

let threads: Piscina<Explain, Explained> | undefined;

/** Explains a record. Rejects with the error of the thread, which keeps its name; `signal` ends the thread. */
export function explainApart(task: Explain, signal: AbortSignal): Promise<Explained> {
  // One at a time, like the load tests; an idle thread ends.
  threads ??= new Piscina<Explain, Explained>({
    filename: new URL('./explain-thread.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: 10_000,
    workerData: null,
  });
  return threads.run(task, { signal });
}
