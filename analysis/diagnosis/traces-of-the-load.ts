// Selects the traces of the load test: production and staging use the same service name, so an answer contains traces of both.
import { enteredAt, type Entered } from '../trace/entered.ts';
import { readSpans } from '../trace/read.ts';
import { columnsOf, type Spans } from '../trace/spans.ts';
import type { DiagnosisInput, DiagnosisRecord } from './record.ts';

export interface TracesOfTheLoad {
  spans: Spans & { duplicates: number };
  /** Null where the record does not contain the Deployment under load: then all traces are kept. */
  entered: Omit<Entered, 'spans'> | null;
}

/** Traces of requests that entered at the Deployment under load. Throws UnreadableEvidence. */
export function tracesOfTheLoad(bytes: Uint8Array, { service, underLoad }: DiagnosisRecord): TracesOfTheLoad {
  const all = readSpans(bytes);
  if (underLoad === undefined) return { spans: columnsOf(all), entered: null };
  const { spans, ...entered } = enteredAt(all, service, underLoad);
  return { spans: columnsOf(spans), entered };
}

/** Traces are captured for each load test; null where one has none, because then it is unknown whose the others are. */
export function tracesAskedFor({ loadTests, inputs }: DiagnosisRecord, explained: number | null): DiagnosisInput[] | null {
  const traces = inputs.filter(({ kind }) => kind === 'traces');
  if (explained === null || loadTests.length === 1 || traces.length === 0) return traces.slice(0, 1);
  return traces.length === loadTests.length ? traces.slice(explained, explained + 1) : null;
}

/** The fact about traces that entered elsewhere. */
export const leftOut = ({ elsewhere }: Pick<Entered, 'elsewhere'>): string =>
  `${elsewhere} traces left out: their requests did not enter at the Deployment under load`;
