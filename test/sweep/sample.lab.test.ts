// A sample of the sweep for every day: one failpoint of each kind, drawn by a seed, in four lanes of launches side by side.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { failpoints, type Failpoint } from '../../activities/failpoint.ts';
import { DefaultLogger } from '@temporalio/worker';
import { workflowBuildId } from '../../workers/version.ts';
import { keptBundle } from '../../workers/workflow-bundle.ts';
import { kindOf, type Kind, type Planned } from './points.ts';
import { run, sweepImages, type Images, type Outcome } from './run.ts';

/** Images may have to be built first. */
jest.setTimeout(300_000);

/** A new sample every day; SWEEP_SEED draws the one of another day again. */
const seed = process.env['SWEEP_SEED'] ?? new Date().toISOString().slice(0, 10);

interface Launch {
  kinds: readonly Kind[];
  mode: Planned['mode'];
  path: Planned['path'];
}

/** Seven kinds fit a minute on two processors: launches of a lane follow each other, and one that is terminated early makes room for the next. */
const lanes: readonly (readonly Launch[])[] = [
  [{ kinds: ['restore'], mode: 'kill', path: 'rolled-back' }],
  [{ kinds: ['guard', 'settle'], mode: 'kill', path: 'launched' }],
  [
    { kinds: ['capture'], mode: 'terminate', path: 'launched' },
    { kinds: ['apply'], mode: 'terminate', path: 'launched' },
  ],
  [
    { kinds: ['register'], mode: 'terminate', path: 'launched' },
    { kinds: ['prove'], mode: 'terminate', path: 'launched' },
  ],
];

let images: Images;
let home: string;
beforeAll(async () => {
  mkdirSync('.tminus', { recursive: true });
  home = mkdtempSync(resolve('.tminus/sweep-sample-'));
  images = await sweepImages();
  // Made once per build: four workers that start at once would make it four times.
  await keptBundle(resolve('.'), await workflowBuildId(resolve('.')), new DefaultLogger('WARN'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

it(`ends as it should when its worker dies or it is terminated at one failpoint of each kind (SWEEP_SEED=${seed})`, async () => {
  const outcomes = await Promise.all(lanes.map(inTurn));
  expect(outcomes.flat().map(({ planned, failed }) => ({ points: planned.points, failed }))).toEqual(
    lanes.flat().map(({ kinds }) => ({ points: kinds.map(drawn), failed: [] })),
  );
});

async function inTurn(launches: readonly Launch[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { kinds, mode, path } of launches) {
    const points = kinds.map(drawn);
    outcomes.push(await run({ points, mode, path }, images, join(home, points[0]!)));
  }
  return outcomes;
}

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
