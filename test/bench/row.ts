/** One measured line of `npm run bench`, judged against a limit or a peer of the same run. */
export interface BenchRow {
  name: string;
  measured: number;
  unit: string;
  limit: number;
  direction: 'at-least' | 'at-most';
  /** Peak resident memory of the process that did the work; null where it was not a process of its own. */
  peakMemoryMb: number | null;
  note: string;
}
