// A sample of the sweep for every day: one failpoint of each kind, drawn by a seed, in four launches side by side.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { failpoints, type Failpoint } from '../../activities/failpoint.ts';
import { kindOf, type Kind, type Planned } from './points.ts';
import { run, sweepImages, type Images } from './run.ts';

/** Images may have to be built first. */
jest.setTimeout(300_000);

/** A new sample every day; SWEEP_SEED draws the one of another day again. */
const seed = process.env['SWEEP_SEED'] ?? new Date().toISOString().slice(0, 10);

/** Two deaths in a launch make seven kinds fit a minute on two processors: a worker that starts takes 3 s of one, and a launch waits most of its time. */
const launches: { kinds: readonly Kind[]; mode: Planned['mode']; path: Planned['path'] }[] = [
  { kinds: ['capture', 'restore'], mode: 'kill', path: 'rolled-back' },
  { kinds: ['apply', 'settle'], mode: 'kill', path: 'launched' },
  { kinds: ['register', 'prove'], mode: 'kill', path: 'launched' },
  { kinds: ['guard'], mode: 'terminate', path: 'launched' },
];

let images: Images;
let home: string;
beforeAll(async () => {
  mkdirSync('.tminus', { recursive: true });
  home = mkdtempSync(resolve('.tminus/sweep-sample-'));
  images = await sweepImages();
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

it(`ends as it should when its worker dies or it is terminated at one failpoint of each kind (SWEEP_SEED=${seed})`, async () => {
  const plans = launches.map(({ kinds, mode, path }): Planned => ({ points: kinds.map(drawn), mode, path }));
  const outcomes = await Promise.all(plans.map((planned) => run(planned, images, join(home, planned.points[0]!))));
  expect(outcomes.map(({ planned, failed }) => ({ points: planned.points, failed }))).toEqual(
    plans.map(({ points }) => ({ points, failed: [] })),
  );
});

function drawn(kind: Kind): Failpoint {
  const points = failpoints.filter((point) => kindOf(point) === kind);
  return points[hash(`${seed} ${kind}`) % points.length]!;
}

/** FNV-1a: the same point for the same seed on every machine. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const letter of text) value = Math.imul(value ^ letter.charCodeAt(0), 0x01000193) >>> 0;
  return value;
}
