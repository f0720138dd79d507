import { expect, test } from '@jest/globals';
import type { LoadTestInput } from '../steps-contract.ts';
import { profilePods } from './profile-pods.ts';
import type { LoadTestDependencies } from './dependencies.ts';

const input = { staging: { namespace: 'shop-staging' }, step: { cpuProfileMs: 10_000 } } as LoadTestInput;

test('starts the clock when the pods are listed, however long that takes, and not when they cannot be listed', async () => {
  const story: string[] = [];
  const profiling = { reason: 'in the middle of the run', begins: () => void story.push('begins'), signal: new AbortController().signal };
  const listing = async () => {
    await new Promise((done) => setTimeout(done, 20));
    story.push('listed');
    return [];
  };
  await profilePods([], input, { listPods: listing } as unknown as LoadTestDependencies, profiling);
  expect(story).toEqual(['listed', 'begins']);
  const refused = () => Promise.reject(new Error('the API server does not answer'));
  const { facts } = await profilePods([], input, { listPods: refused } as unknown as LoadTestDependencies, profiling);
  expect(facts).toMatchObject([{ text: 'no profiles: the pods cannot be listed: the API server does not answer' }]);
  expect(story).toEqual(['listed', 'begins']);
});
