// Which of many found traces are fetched.

export interface FoundTrace {
  id: string;
  durationMs: number;
}

/**
 * As many as the limit, every n-th by duration. The diagnosis reads the slow band, 95 to 99 of 100 of what it is given, so what it is given
 * must be as slow and as quick as what there is: the slowest first would make a band of freaks, as would a search for `duration > x`, and
 * the first that come one of whatever the store met first. Chosen by rank, the bounds of the band are those of all traces found, to
 * within a place. Equal durations go by id, which is as good as chance and the same each time.
 */
export function evenlySpread(found: readonly FoundTrace[], limit: number): FoundTrace[] {
  const sorted = [...found].sort((a, b) => a.durationMs - b.durationMs || (a.id < b.id ? -1 : 1));
  if (sorted.length <= limit) return sorted;
  return Array.from({ length: limit }, (_, index) => sorted[Math.floor(((index + 0.5) * sorted.length) / limit)] as FoundTrace);
}
