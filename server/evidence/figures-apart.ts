// Figures of evidence, read in a thread beside the server and kept: decoding takes seconds, and the server has to answer meanwhile.
import { Piscina } from 'piscina';
import type { EndpointSummary } from '../../analysis/load-test/summary.ts';
import type { Reading, Task } from './figures-thread.ts';
import type { Figures, FiguresAsked } from './read-figures.ts';

export interface FiguresReader {
  figures(asked: FiguresAsked): Promise<Reading<Figures>>;
  /** Of the points of k6. */
  endpoints(digest: string): Promise<Reading<EndpointSummary[]>>;
}

// The same bytes always have the same figures. A flame graph's tree and a load test's summary are at most about 1 MB each.
const KEPT = 32;
// One thread beside the server's own: more would take the second core of a small machine from everybody else.
const THREADS = 1;
// A reader looks at one picture after another, and a thread needs up to a second to start on a busy machine.
const IDLE_MS = 60_000;

let threads: Piscina<Task & { evidenceFolder: string }, Reading<unknown>> | undefined;

export function figuresApart(evidenceFolder: string): FiguresReader {
  const kept = new Map<string, Promise<Reading<unknown>>>();

  function reading<Read>(task: Task): Promise<Reading<Read>> {
    const key = JSON.stringify(task);
    const known = kept.get(key);
    if (known) {
      // Last looked at, last to go.
      kept.delete(key);
      kept.set(key, known);
      return known as Promise<Reading<Read>>;
    }
    const oldest = kept.keys().next();
    if (kept.size >= KEPT && !oldest.done) kept.delete(oldest.value);
    const made = readApart(task, evidenceFolder);
    kept.set(key, made);
    // What could not be read now may be there at the next look.
    const forget = () => kept.get(key) === made && kept.delete(key);
    made.then((said) => 'unreadable' in said && forget(), forget);
    return made as Promise<Reading<Read>>;
  }

  return { figures: (figures) => reading({ figures }), endpoints: (digest) => reading({ endpoints: { digest } }) };
}

function readApart(task: Task, evidenceFolder: string): Promise<Reading<unknown>> {
  threads ??= new Piscina<Task & { evidenceFolder: string }, Reading<unknown>>({
    filename: new URL('./figures-thread.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: THREADS,
    idleTimeout: IDLE_MS,
    workerData: null,
  });
  return threads.run({ ...task, evidenceFolder });
}
