// Samples by pod, and what is read from several samples of one: how far a counter grew, which pauses there were.
import type { RuntimeSample } from './sample.ts';

/**
 * Every look at each pod in the order of time, unread ones too. A look at which the pods could not even be listed is an unread one of every
 * pod that was there at the last look before it that listed them, or at the first after it: what they did then nobody saw.
 */
export function looksByPod(samples: readonly RuntimeSample[]): Map<string, RuntimeSample[]> {
  const looks = Map.groupBy(samples, ({ at }) => Date.parse(at));
  const pods = new Map<string, RuntimeSample[]>();
  let before: string[] = [];
  let unlisted: RuntimeSample[] = [];
  const miss = (there: Iterable<string>): void => {
    for (const pod of there) append(pods, pod, unlisted);
    unlisted = [];
  };
  for (const [, look] of [...looks].sort(([a], [b]) => a - b)) {
    const listed = look.filter(({ pod }) => pod !== '');
    unlisted.push(...look.filter(({ pod }) => pod === ''));
    if (listed.length === 0) continue;
    const now = listed.map(({ pod }) => pod);
    miss(new Set([...before, ...now]));
    for (const sample of listed) append(pods, sample.pod, [sample]);
    before = now;
  }
  miss(before);
  return new Map([...pods].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function append(pods: Map<string, RuntimeSample[]>, pod: string, looks: readonly RuntimeSample[]): void {
  const own = pods.get(pod);
  if (own) own.push(...looks);
  else pods.set(pod, [...looks]);
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
  /** By the worker's clock; as exact as the looks are close where the pod's own says another time. */
  endMs: number;
  ms: number;
}

/**
 * Pauses of one pod after the first look that told any, each once though several looks show it; and how many no look showed, for Go keeps the
 * last 256 and counts all. A pause lies between the look that first shows it and the one before: that needs no clock of the pod.
 */
export function pausesOf(looks: readonly RuntimeSample[]): { pauses: Pause[]; lost: number } {
  const pauses: Pause[] = [];
  const shown = new Set<string>();
  let lost = 0;
  let before: { atMs: number; collections: number } | null = null;
  for (const { at, pauses: told } of looks) {
    if (!told) continue;
    const atMs = Date.parse(at);
    const { collections } = told;
    const fresh = told.recent.filter(([end]) => !shown.has(end));
    for (const [end] of fresh) shown.add(end);
    if (before !== null) {
      const { atMs: fromMs, collections: counted } = before;
      for (const [end, lengthNs] of fresh) pauses.push({ endMs: Math.min(Math.max(endOf(end), fromMs), atMs), ms: lengthNs / 1e6 });
      // Fewer than before: the process began again, and its count with it.
      lost += Math.max(0, collections - (collections < counted ? 0 : counted) - fresh.length);
    }
    before = { atMs, collections };
  }
  return { pauses, lost };
}

const endOf = (end: string): number => Number(BigInt(end) / 1_000n) / 1_000;
