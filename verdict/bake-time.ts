import type { Finding } from './finding.ts';

/**
 * How much of a guard's bake time is done after a watch, in ms; the next watch does the rest. Time counts only when missing data were the
 * one thing that kept the guard from deciding. A watch that saw its pods restart, or too few requests, has found something out: its counts
 * end with it, so the next one bakes from the beginning and does not pass on a look of seconds.
 */
export function bakedMs(doneMs: number, { watchedMs, findings }: { watchedMs: number; findings: readonly Finding[] }): number {
  const unmet = findings.filter(({ outcome }) => outcome !== 'pass');
  return unmet.length > 0 && unmet.every(({ code }) => code === 'GuardNoData') ? doneMs + watchedMs : 0;
}
