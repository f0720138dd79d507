// What block and heap profiles say in a sentence: no cause is ranked from them, but they belong to the picture.
import type { Fact } from '../../verdict/finding.ts';
import { duration, share, size } from '../../verdict/wording/index.ts';
import { contentions } from '../profile/contention.ts';
import { goName, goPackage, isRuntime } from '../profile/names.ts';
import { sampleTypeIndex, totalOf, type Profile } from '../profile/profile.ts';
import { top } from '../profile/top.ts';

/** Where goroutines wait most. A block profile has the one that waits where a mutex profile has the one that held. */
export function waitFacts(block: readonly Profile[]): Fact[] {
  // Whoever asks for a profile waits for it: that is us.
  const waits = contentions(block).filter(({ holder }) => !/^(net\/http|runtime)\/pprof\./u.test(holder));
  const [most] = waits;
  if (most === undefined) return [];
  const seconds = waits.reduce((sum, { waitedSeconds }) => sum + waitedSeconds, 0);
  return [
    {
      subject: 'block profile',
      text: `goroutines waited ${duration(1_000 * seconds)} in all, most of it (${share(most.waitedSeconds / seconds)}) in ${most.holder}`,
      values: { seconds },
    },
  ];
}

/** What is in use, and which function outside the runtime allocated most of it. */
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
