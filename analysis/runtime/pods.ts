// Samples by pod, and what is read from several samples of one: how far a counter grew, which pauses there were.
import type { RuntimeSample } from './sample.ts';

/** Every look at each pod in the order of time, unread ones too. Looks at which the pods could not even be listed are of none. */
export function looksByPod(samples: readonly RuntimeSample[]): Map<string, RuntimeSample[]> {
  const pods = new Map<string, RuntimeSample[]>();
  for (const sample of samples) {
    if (sample.pod === '') continue;
    const of = pods.get(sample.pod);
    if (of) of.push(sample);
    else pods.set(sample.pod, [sample]);
  }
  const byTime = (a: RuntimeSample, b: RuntimeSample): number => Date.parse(a.at) - Date.parse(b.at);
  return new Map([...pods].sort(([a], [b]) => (a < b ? -1 : 1)).map(([pod, own]) => [pod, own.sort(byTime)]));
}

/**
 * Growth of a counter from the first value to the last: a look that did not tell it is skipped, and the stretch over which the process
 * started anew (the counter fell) is left out. Null with fewer than two values.
 */
export function grown(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value): value is number => value !== null && value !== undefined);
  if (known.length < 2) return null;
  return known.slice(1).reduce((sum, value, i) => sum + Math.max(0, value - (known[i] as number)), 0);
}

/** CPU seconds of the collector that others could have used. */
export const takenByGc = ({ gcCpuSeconds, gcIdleCpuSeconds }: RuntimeSample): number | null =>
  gcCpuSeconds === null ? null : gcCpuSeconds - (gcIdleCpuSeconds ?? 0);

export interface Pause {
  endMs: number;
  ms: number;
}

/** Go keeps the last 256 pauses; more collections than that between two looks and some were never seen. */
const PAUSES_KEPT = 256;

/** Pauses of one pod that ended after its first look, each once though several looks show it; and how many no look showed. */
export function pausesOf(looks: readonly RuntimeSample[]): { pauses: Pause[]; lost: number } {
  const pauses = new Map<string, Pause>();
  let lost = 0;
  let collections: number | null = null;
  const sinceMs = looks[0] === undefined ? 0 : Date.parse(looks[0].at);
  for (const { pauses: told } of looks) {
    if (!told) continue;
    for (const [end, lengthNs] of told.recent) {
      const endMs = Number(BigInt(end) / 1_000n) / 1_000;
      if (endMs >= sinceMs) pauses.set(end, { endMs, ms: lengthNs / 1e6 });
    }
    if (collections !== null) lost += Math.max(0, told.collections - collections - PAUSES_KEPT);
    collections = told.collections;
  }
  return { pauses: [...pauses.values()], lost };
}
