// Parses evidence in a worker thread and caches the result: decoding takes seconds, and must not block the server.
import { Piscina } from 'piscina';
import type { EndpointSummary } from '../../analysis/load-test/summary.ts';
import type { Reading, Task } from './figures-thread.ts';
import type { Figures, FiguresAsked } from './read-figures.ts';

export interface FiguresReader {
  figures(asked: FiguresAsked): Promise<Reading<Figures>>;
  /** Endpoint summaries of k6 points. */
  endpoints(digest: string): Promise<Reading<EndpointSummary[]>>;
}

// Cached by digest. The tree of a flame graph and the summary of a load test are at most about 1 MB each.
const KEPT = 32;
// One thread: more would take all cores of a small machine.
const THREADS = 1;
// People open several pages in a row, and a thread takes up to 1 s to start on a busy machine.
const IDLE_MS = 60_000;

let threads: Piscina<Task & { evidenceFolder: string }, Reading<unknown>> | undefined;

export function figuresApart(evidenceFolder: string): FiguresReader {
  const kept = new Map<string, Promise<Reading<unknown>>>();

  function reading<Read>(task: Task): Promise<Reading<Read>> {
    const key = JSON.stringify(task);
    const known = kept.get(key);
    if (known) {
      // Least recently used is evicted first.
      kept.delete(key);
      kept.set(key, known);
      return known as Promise<Reading<Read>>;
    }
    const oldest = kept.keys().next();
    if (kept.size >= KEPT && !oldest.done) kept.delete(oldest.value);
    const made = readApart(task, evidenceFolder);
    kept.set(key, made);
    // Failures are not cached: the evidence may be readable at the next request.
    const forget = () => kept.get(key) === made && kept.delete(key);
    made.then((reading) => 'unreadable' in reading && forget(), forget);
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
