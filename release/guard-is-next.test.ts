import { expect, it } from '@jest/globals';
import { guardIsNext } from './guard-is-next.ts';

const plan = (...checkpoints: string[][]) => checkpoints.map((types) => ({ steps: types.map((type) => ({ type })) }));

it.each([
  ['has no launch', plan(['preflight', 'loadTest'])],
  ['has the guard directly after the launch', plan(['preflight'], ['launch', 'guard'])],
])('accepts a plan that %s', (_, checkpoints) => expect(guardIsNext(checkpoints)).toBe(true));

it.each([
  ['has no guard', plan(['launch'])],
  ['has the guard in a later checkpoint', plan(['launch'], ['guard'])],
  ['has a step between launch and guard', plan(['launch', 'preflight', 'guard'])],
  ['has the guard before the launch', plan(['guard', 'launch'])],
  ['has two guards', plan(['launch', 'guard', 'guard'])],
  ['launches twice', plan(['launch', 'guard'], ['launch', 'guard'])],
])('refuses a plan that %s', (_, checkpoints) => expect(guardIsNext(checkpoints)).toBe(false));
