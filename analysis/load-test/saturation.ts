// The saturation point: the Universal Scalability Law over the steady stages, and the knee of the p99 as a second opinion.
import type { Fact } from '../../verdict/finding.ts';
import { latency, number } from '../../verdict/wording/index.ts';
import { knee } from '../statistics/knee.ts';
import { scalability } from '../statistics/usl.ts';

/** One stage with constant load. */
export interface LoadStep {
  /** Iterations/s, like `achieved`. */
  offered: number;
  achieved: number;
  p99Ms: number | null;
}

/** A peak needs at least this many steps beyond it (reference: diagnostics, saturation knee). */
const MIN_STEPS_BEYOND = 2;

/** An asymptote further above the achieved throughput is extrapolated from too little of the curve. */
const MAX_ASYMPTOTE_FACTOR = 2;

/** Facts on saturation; empty with too few steps, or without a bend. */
export function saturation(steps: readonly LoadStep[]): Fact[] {
  const rising = [...steps].sort((a, b) => a.offered - b.offered);
  const facts: Fact[] = [];
  const law = scalability(rising.map(({ offered, achieved }) => ({ load: offered, throughput: achieved })));
  const peak = law?.peakLoad ?? null;
  if (peak !== null) {
    // A curve with a peak has no asymptote, and one step beyond the peak is not enough to report it.
    if (rising.filter(({ offered }) => offered > peak).length >= MIN_STEPS_BEYOND)
      facts.push(fact(`throughput peaks near ${number(peak)} iterations/s offered (Universal Scalability Law)`, { peak }));
  } else if (law?.asymptote && law.asymptote < MAX_ASYMPTOTE_FACTOR * Math.max(...rising.map(({ achieved }) => achieved)))
    facts.push(
      fact(`throughput approaches at most ${number(law.asymptote)} iterations/s (Universal Scalability Law)`, { asymptote: law.asymptote }),
    );
  const bend = knee(
    rising.flatMap(({ offered, p99Ms }) => (p99Ms === null ? [] : [{ x: offered, y: p99Ms }])),
    'convex',
  );
  if (bend !== null)
    facts.push(fact(`the p99 starts to rise at ${number(bend.x)} iterations/s, where it is ${latency(bend.y)}`, { knee: bend.x }));
  return facts;
}

const fact = (text: string, values: Record<string, number>): Fact => ({ subject: 'saturation', text, values });
