import { expect, test } from '@jest/globals';
import type { LoadTestInput } from '../steps-contract.ts';
import { profilePods } from './profile-pods.ts';
import type { LoadTestWorld } from './world.ts';

const input = { staging: { namespace: 'shop-staging' }, step: { cpuProfileMs: 10_000 } } as LoadTestInput;

test('begins to count once the pods are known, however long that takes, and not where they cannot be listed', async () => {
  const story: string[] = [];
  const profiling = { why: 'in the middle of the run', begins: () => void story.push('begins'), signal: new AbortController().signal };
  const listing = async () => {
    await new Promise((done) => setTimeout(done, 20));
    story.push('listed');
    return [];
  };
  await profilePods([], input, { listPods: listing } as unknown as LoadTestWorld, profiling);
  expect(story).toEqual(['listed', 'begins']);
  const refused = () => Promise.reject(new Error('the API server does not answer'));
  const { facts } = await profilePods([], input, { listPods: refused } as unknown as LoadTestWorld, profiling);
  expect(facts).toMatchObject([{ text: 'no profiles: the pods cannot be listed: the API server does not answer' }]);
  expect(story).toEqual(['listed', 'begins']);
});
