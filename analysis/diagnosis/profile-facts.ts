// Facts of block and heap profiles, from which no cause is ranked.
import type { Fact } from '../../verdict/finding.ts';
import { duration, share, size } from '../../verdict/wording/index.ts';
import { contentions } from '../profile/contention.ts';
import { goName, goPackage, isRuntime } from '../profile/names.ts';
import { sampleTypeIndex, totalOf, type Profile } from '../profile/profile.ts';
import { top } from '../profile/top.ts';

/** Where goroutines wait most. Block profiles contain the waiting goroutine, mutex profiles the holder. */
export function waitFacts(block: readonly Profile[]): Fact[] {
  // The capture of a profile waits for it too; that is Tminus itself.
  const waits = contentions(block).filter(({ holder }) => !/^(net\/http|runtime)\/pprof\./u.test(holder));
  const [most] = waits;
  if (most === undefined) return [];
  const seconds = waits.reduce((sum, { waitedSeconds }) => sum + waitedSeconds, 0);
  return [
    {
      subject: 'block profile',
      text: `goroutines waited ${duration(1_000 * seconds)} in total, most of it (${share(most.waitedSeconds / seconds)}) in ${most.holder}`,
      values: { seconds },
    },
  ];
}

/** Memory in use, and the function outside of the runtime that allocated most of it. */
export function heapFacts(heaps: readonly Profile[]): Fact[] {
  const byFunction = new Map<string, number>();
  let inUse = 0;
  for (const heap of heaps) {
    const type = sampleTypeIndex(heap, 'inuse_space');
    if (type === null) continue;
    inUse += totalOf(heap, type);
    for (const { name, flat } of top(heap, type))
      if (!isRuntime(goPackage(name))) byFunction.set(goName(name), (byFunction.get(goName(name)) ?? 0) + flat);
  }
  const [most] = [...byFunction].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  if (inUse <= 0 || most === undefined) return [];
  const [name, bytes] = most;
  return [
    {
      subject: 'heap profile',
      text:
        `${size(inUse)} in use${heaps.length > 1 ? ` in ${heaps.length} profiles` : ''}, ` +
        `most of it (${share(bytes / inUse)}) allocated in ${name}`,
      values: { inUseBytes: inUse },
    },
  ];
}
