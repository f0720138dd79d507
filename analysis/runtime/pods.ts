// Samples by pod, and what is computed from several samples of one pod: counter growth and GC pauses.
import type { RuntimeSample } from './sample.ts';

/**
 * All samples of each pod in the order of time, unread ones too. A sample for which the pods could not be listed counts as unread for every
 * pod that was listed in the sample before it, or in the first one after it.
 */
export function samplesByPod(samples: readonly RuntimeSample[]): Map<string, RuntimeSample[]> {
  const rounds = Map.groupBy(samples, ({ at }) => Date.parse(at));
  const pods = new Map<string, RuntimeSample[]>();
  let before: string[] = [];
  let unlisted: RuntimeSample[] = [];
  const addUnlisted = (names: Iterable<string>): void => {
    for (const pod of names) append(pods, pod, unlisted);
    unlisted = [];
  };
  for (const [, round] of [...rounds].sort(([a], [b]) => a - b)) {
    const listed = round.filter(({ pod }) => pod !== '');
    unlisted.push(...round.filter(({ pod }) => pod === ''));
    if (listed.length === 0) continue;
    const now = listed.map(({ pod }) => pod);
    addUnlisted(new Set([...before, ...now]));
    for (const sample of listed) append(pods, sample.pod, [sample]);
    before = now;
  }
  addUnlisted(before);
  return new Map([...pods].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function append(pods: Map<string, RuntimeSample[]>, pod: string, samples: readonly RuntimeSample[]): void {
  const own = pods.get(pod);
  if (own) own.push(...samples);
  else pods.set(pod, [...samples]);
}

/**
 * Growth of a counter from the first value to the last. Samples without it are skipped, and so is the interval in which the process
 * restarted (the counter fell). Null with fewer than two values.
 */
export function grown(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value): value is number => value !== null && value !== undefined);
  if (known.length < 2) return null;
  return known.slice(1).reduce((sum, value, i) => sum + Math.max(0, value - (known[i] as number)), 0);
}

/** GC CPU seconds without those on idle processors, which nobody else could have used. */
export const takenByGc = ({ gcCpuSeconds, gcIdleCpuSeconds }: RuntimeSample): number | null =>
  gcCpuSeconds === null ? null : gcCpuSeconds - (gcIdleCpuSeconds ?? 0);

export interface Pause {
  /** By the worker's clock, accurate to the sample interval where the pod's clock differs. */
  endMs: number;
  ms: number;
}

/**
 * GC pauses of one pod after the first sample that reports any, each once, and how many are missing: Go keeps the last 256 and counts all.
 * A pause is placed between the sample that first shows it and the one before, which needs no clock of the pod.
 */
export function pausesOf(samples: readonly RuntimeSample[]): { pauses: Pause[]; lost: number } {
  const pauses: Pause[] = [];
  const shown = new Set<string>();
  let lost = 0;
  let before: { atMs: number; collections: number } | null = null;
  for (const { at, pauses: reported } of samples) {
    if (!reported) continue;
    const atMs = Date.parse(at);
    const { collections } = reported;
    const fresh = reported.recent.filter(([end]) => !shown.has(end));
    for (const [end] of fresh) shown.add(end);
    if (before !== null) {
      const { atMs: fromMs, collections: counted } = before;
      for (const [end, lengthNs] of fresh) pauses.push({ endMs: Math.min(Math.max(endOf(end), fromMs), atMs), ms: lengthNs / 1e6 });
      // A lower count means that the process restarted.
      lost += Math.max(0, collections - (collections < counted ? 0 : counted) - fresh.length);
    }
    before = { atMs, collections };
  }
  return { pauses, lost };
}

const endOf = (end: string): number => Number(BigInt(end) / 1_000n) / 1_000;
