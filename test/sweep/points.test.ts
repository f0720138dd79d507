import { expect, it } from '@jest/globals';
import { failpoints } from '../../activities/failpoint.ts';
import { expected, kindOf, kinds, sweepPlan } from './points.ts';

it('visits every failpoint but those of load test and drill, killed and terminated', () => {
  const visited = sweepPlan().map(({ points, mode }) => `${points[0]} ${mode}`);
  for (const point of failpoints.filter((each) => /^(deployment-image|guard)\./u.test(each)))
    for (const mode of ['kill', 'terminate']) expect(visited).toContain(`${point} ${mode}`);
  expect(visited.every((each) => /^(deployment-image|guard)\./u.test(each))).toBe(true);
});

it('has a failpoint of every kind, and a kind for every failpoint it visits', () => {
  expect(new Set(sweepPlan().map(({ points }) => kindOf(points[0]!)))).toEqual(new Set(kinds));
});

it('visits the restore only in launches that are rolled back', () => {
  const paths = sweepPlan()
    .filter(({ points }) => kindOf(points[0]!) === 'restore')
    .map(({ path }) => path);
  expect(new Set(paths)).toEqual(new Set(['rolled-back']));
});

it('expects the old version wherever the countdown is terminated between registration and settlement', () => {
  for (const planned of sweepPlan()) {
    const kind = kindOf(planned.points[0]!);
    if (planned.mode === 'kill' || kind === 'settle') continue;
    expect(expected(planned).serves).toEqual(['current']);
  }
});
