// An ordinary day: what a healthy launch has to bear without a rollback and without a person.
import { deleteOnePod, drainNode, scale, startTraffic } from '../../lab/index.ts';
import type { Installation } from '../e2e/installation.ts';
import { TRAFFIC_PER_SECOND } from './faults.ts';
import { BAKE_S, endingOf, launch, prepareShop } from './launch.ts';

const noises: readonly { what: string; make: () => Promise<void> }[] = [
  { what: 'a pod is deleted', make: deleteOnePod },
  { what: 'two pods more', make: () => scale(2) },
  { what: 'a pod fewer', make: () => scale(-1) },
  { what: 'the node is drained', make: drainNode },
  { what: 'half the traffic', make: () => startTraffic(TRAFFIC_PER_SECOND / 2) },
];

/** Each noise twice. */
const NOISY_LAUNCHES = 2 * noises.length;
/** A guard that is undecided goes on for three times its bake; a minute more for the launch's end. */
const ENDED_TIMEOUT_MS = 3 * BAKE_S * 1_000 + 60_000;

export interface NoisyRow {
  what: string;
  ending: string;
  ok: boolean;
}

/** Launches a healthy version again and again with one noise each. No person acts. */
export async function launchWithNoise(installation: Installation, candidate: string, tell: (row: NoisyRow) => void): Promise<NoisyRow[]> {
  const rows: NoisyRow[] = [];
  for (let number = 0; number < NOISY_LAUNCHES; number += 1) {
    const { what, make } = noises[number % noises.length]!;
    await prepareShop();
    const release = await launch(installation, candidate, `noise-${number + 1}`);
    await make();
    const ending = await endingOf(installation, release, ENDED_TIMEOUT_MS);
    const row = { what, ending, ok: ending === 'launched' };
    rows.push(row);
    tell(row);
  }
  return rows;
}
