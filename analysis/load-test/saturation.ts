// Where more load stops paying off: the Universal Scalability Law over the steady stages, and the bend of the p99 as a second opinion.
import type { Fact } from '../../verdict/finding.ts';
import { latency, number } from '../../verdict/wording/index.ts';
import { knee } from '../statistics/knee.ts';
import { scalability } from '../statistics/usl.ts';

/** One steady stage: load that was held, not risen to. */
export interface LoadStep {
  /** Iterations/s, as is what was achieved. */
  offered: number;
  achieved: number;
  p99Ms: number | null;
}

/** A peak is read off the law only when at least this many steps lie beyond it (reference: diagnostics, saturation knee). */
const STEPS_BEYOND = 2;

/** A ceiling farther above what was achieved than this is drawn from too little of the curve. */
const CEILING_IN_SIGHT = 2;

/** What the steps say about saturation; empty where there are too few of them, or nothing bends. */
export function saturation(steps: readonly LoadStep[]): Fact[] {
  const rising = [...steps].sort((a, b) => a.offered - b.offered);
  const facts: Fact[] = [];
  const law = scalability(rising.map(({ offered, achieved }) => ({ load: offered, throughput: achieved })));
  const peak = law?.peakLoad ?? null;
  if (peak !== null) {
    // With a peak throughput tends to nothing: gamma / alpha is no ceiling of that curve, and one step beyond does not make it a peak to tell.
    if (rising.filter(({ offered }) => offered > peak).length >= STEPS_BEYOND)
      facts.push(fact(`throughput is greatest near ${number(peak)} iterations/s offered, and falls beyond (scalability law)`, { peak }));
  } else if (law?.asymptote && law.asymptote < CEILING_IN_SIGHT * Math.max(...rising.map(({ achieved }) => achieved)))
    facts.push(
      fact(`throughput tends to ${number(law.asymptote)} iterations/s and goes no further (scalability law)`, { most: law.asymptote }),
    );
  const bend = knee(
    rising.flatMap(({ offered, p99Ms }) => (p99Ms === null ? [] : [{ x: offered, y: p99Ms }])),
    'convex',
  );
  if (bend !== null)
    facts.push(fact(`the p99 bends upwards at ${number(bend.x)} iterations/s, where it is ${latency(bend.y)}`, { bend: bend.x }));
  return facts;
}

const fact = (text: string, values: Record<string, number>): Fact => ({ subject: 'saturation', text, values });
