import { expect, test } from '@jest/globals';
import { seeCandidate, type CandidatePod } from './see-candidate.ts';

const pod = (imageId: string): CandidatePod => ({
  name: 'a',
  ip: '10.0.0.1',
  image: 'mirror/go-api:1',
  templateImage: 'go-api:1',
  imageId,
});
const seen = (imageId: string) => ({ name: 'a', image: 'mirror/go-api:1', templateImage: 'go-api:1', imageId });
const patience = { betweenTriesMs: 1 };

test('remembers a build that was there only in the middle', async () => {
  const samples = ['1', '2', '1'];
  const candidate = await seeCandidate(() => Promise.resolve([pod(samples.shift() as string)]));
  await candidate.listPods();
  expect(candidate.before).toEqual({ pods: [seen('1')], trouble: null });
  expect(await candidate.after()).toEqual({ pods: [seen('2'), seen('1')], trouble: null });
});

test('asks an API server that is away again, and records the reason when it stays away', async () => {
  let asked = 0;
  const list = (answers: number) => () => ((asked += 1) === answers ? Promise.resolve([pod('1')]) : Promise.reject(new Error('refused')));
  expect((await seeCandidate(list(3), patience)).before).toEqual({ pods: [seen('1')], trouble: null });
  asked = 0;
  const candidate = await seeCandidate(list(0), patience);
  expect(candidate.before).toEqual({ pods: [], trouble: 'refused' });
  expect(await candidate.after()).toEqual({ pods: [], trouble: 'refused' });
});
