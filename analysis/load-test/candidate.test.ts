import { expect, test } from '@jest/globals';
import { candidateDigests, judgeCandidate } from './candidate.ts';
import { judgeLoad } from './judge.ts';
import { bytesOf, inPieces, record } from '../testing/points.ts';
import type { PodsSeen, RunEnd, RunStart } from './run-record.ts';
import { runLine } from './run-record.ts';
import { summarizeLoad } from './summary.ts';

const IMAGE = 'registry.local/go-api:sha-1';
const pods = (imageId = 'sha256:1', image = IMAGE) => ['a', 'b'].map((name) => ({ name, image, imageId }));
const seen = (change: Partial<PodsSeen> = {}): PodsSeen => ({ pods: pods(), trouble: null, ...change });
const start = (change: Partial<PodsSeen> = {}): RunStart => ({
  runId: 'run-1',
  attempt: 1,
  target: 'shop-staging',
  startedAt: '2026-11-23T12:00:00Z',
  candidate: { image: IMAGE, ...seen(change) },
});
const end = (change: Partial<PodsSeen> = {}): RunEnd => ({
  at: '2026-11-23T12:01:00Z',
  exitCode: 0,
  signal: null,
  stopped: null,
  lastError: '',
  candidate: seen(change),
});

test('passes when every pod ran one build of the candidate before, during and after', () => {
  expect(judgeCandidate(start(), end())).toEqual([
    {
      code: 'CandidateUnderLoad',
      subject: 'candidate',
      outcome: 'pass',
      measured: 2,
      limit: 2,
      unit: 'pods',
      message: `all 2 pods under load ran ${IMAGE} (image id sha256:1)`,
      evidence: [],
    },
  ]);
});

const MIRROR = 'mirror.corp.internal/hub/go-api:sha-1';
const mirrored = (repository: string, templateImage = IMAGE) =>
  ['a', 'b'].map((name) => ({ name, image: MIRROR, templateImage, imageId: `${repository}@sha256:1` }));

test('recognizes the candidate by its template where a webhook swapped the registry, and its image by digest', () => {
  const [from, to] = [start({ pods: mirrored(MIRROR) }), end({ pods: mirrored('registry.local/go-api') })];
  expect(judgeCandidate(from, to)).toMatchObject([{ code: 'CandidateUnderLoad', message: expect.stringContaining('(image id sha256:1)') }]);
  expect(candidateDigests(from, to)).toEqual(['sha256:1']);
});

test('does not know another template by the image that a webhook gave its pods', () => {
  const other = start({ pods: mirrored(MIRROR, 'registry.local/go-api:sha-0').map((pod) => ({ ...pod, image: IMAGE })) });
  expect(judgeCandidate(other, end())).toMatchObject([{ code: 'CandidateNotUnderLoad' }]);
  expect(candidateDigests(other, null)).toEqual([]);
});

test('names no digest of a run recorded before runs had them', () => {
  expect(candidateDigests(null, null)).toEqual([]);
});

test('does not mind a pod that was only starting when the load ended', () => {
  expect(judgeCandidate(start(), end({ pods: [...pods(), { name: 'c', image: IMAGE, imageId: '' }] }))).toMatchObject([
    { code: 'CandidateUnderLoad' },
  ]);
});

test.each<[string, RunStart, RunEnd | null, RegExp]>([
  ['staging ran another image', start({ pods: pods('sha256:9', 'go-api:old') }), end(), /pod a ran go-api:old; deploy it/],
  ['another image was deployed under the load', start(), end({ pods: pods('sha256:9', 'go-api:new') }), /pod a ran go-api:new; deploy it/],
  ['one tag named two builds', start(), end({ pods: pods('sha256:2') }), /different images of this name: sha256:1, sha256:2;/],
  ['no pod ran', start({ pods: [] }), end(), /no pods/],
  ['the bytes of a pod were not reported', start({ pods: pods('') }), end(), /the image id of pod a was not reported/],
  [
    'the pods could not be listed before',
    start({ pods: [], trouble: 'forbidden' }),
    end(),
    /at the start of the load are unknown: forbidden/,
  ],
  ['the pods could not be listed after', start(), end({ trouble: 'refused' }), /at the end of the load are unknown: refused/],
  ['the record has no end', start(), null, /the record does not contain the images of its pods at the end of the load/],
])('does not take the numbers for the candidate’s when %s', (_why, from, to, message) => {
  expect(judgeCandidate(from, to)).toMatchObject([
    { code: 'CandidateNotUnderLoad', outcome: 'inconclusive', measured: null, message: expect.stringMatching(message) },
  ]);
});

test('finds the same again in the stored bytes, and nothing in those of an older version', async () => {
  const limits = { p99Ms: 300, errorPercent: 0.1, deliveredPercent: 95, endpoints: {} };
  const stages = [{ seconds: 1, ratePerSecond: 1 }];
  const judge = async (bytes: Uint8Array) =>
    judgeLoad(await summarizeLoad(inPieces(bytes), limits), limits, stages, ['sha256:x']).filter(({ subject }) => subject === 'candidate');
  const whole = Buffer.concat([runLine('Run', start()), runLine('End', end())]);
  expect(await judge(whole)).toEqual(judgeCandidate(start(), end()).map((finding) => ({ ...finding, evidence: ['sha256:x'] })));
  expect(await judge(bytesOf(record([{ ms: 1 }])))).toEqual([]);
});
