import { expect, it } from '@jest/globals';
import { readCounts } from './read-sample.ts';
import { play, PODS, steady } from '../testing/samples.ts';

it('reads the pods that can be read, and takes none that cannot for one without requests or age', () => {
  const [stale = '', ...fresh] = PODS;
  const [, sample] = play(2, () => ({ pods: steady({ requests: 100 }) }));
  if (!sample?.answers) throw new Error('a fake sample has answers');
  sample.answers.ageS = sample.answers.ageS.map(({ pod, value }) => ({ pod, value: pod === stale ? 60 : value }));
  const { pods, oldestScrapeMs } = readCounts(sample, 20_000);
  expect(Object.keys(pods).sort()).toEqual(fresh);
  expect(oldestScrapeMs).toBeLessThanOrEqual((sample.evaluatedAtS ?? 0) * 1_000);
});
