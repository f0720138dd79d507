import { describe, expect, it } from '@jest/globals';
import { explainRefusedPlan } from './plan-refusal.ts';

const checkpoint = (name: string, ...types: string[]) => ({
  name,
  steps: types.map((type, index) => ({ name: `${type}-${index}`, type })),
});
const plan = (...checkpoints: string[][]) => checkpoints.map((types, index) => checkpoint(`checkpoint-${index}`, ...types));

describe('a plan', () => {
  it.each([
    ['has no launch', plan(['preflight', 'loadTest'])],
    ['has the guard directly after the launch', plan(['preflight'], ['launch', 'guard'])],
  ])('that %s is accepted', (_, checkpoints) => expect(explainRefusedPlan(checkpoints)).toBeNull());

  it.each([
    ['has no guard', plan(['launch'])],
    ['has the guard in a later checkpoint', plan(['launch'], ['guard'])],
    ['has a step between launch and guard', plan(['launch', 'preflight', 'guard'])],
    ['has the guard before the launch', plan(['guard', 'launch'])],
    ['has two guards', plan(['launch', 'guard', 'guard'])],
    ['launches twice', plan(['launch', 'guard'], ['launch', 'guard'])],
  ])('that %s is refused', (_, checkpoints) => expect(explainRefusedPlan(checkpoints)).toMatch(/^the plan launches without a guard/u));

  it('whose launch and guard have one name is refused, for the launch would count for the guard', () => {
    const steps = [
      { name: 'go', type: 'launch' },
      { name: 'go', type: 'guard' },
    ];
    expect(explainRefusedPlan([{ name: 'launch', steps }])).toMatch(/^the plan has the name go twice/u);
  });

  it('with two checkpoints of one name is refused', () =>
    expect(explainRefusedPlan([checkpoint('launch', 'preflight'), checkpoint('launch', 'launch', 'guard')])).toMatch(/name launch twice/u));
});
