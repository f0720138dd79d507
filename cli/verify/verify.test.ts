import { createHash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { limits as guardLimits, play, steady, judgeGuard } from '../../analysis/testing/samples.ts';
import { judgePreflight } from '../../analysis/preflight/judge.ts';
import type { PreflightAnswer } from '../../analysis/preflight/answers.ts';
import type { EvidenceRef } from '../../verdict/finding.ts';
import { judgeRollback } from '../../verdict/rollback.ts';
import { judgeLaunch } from '../../verdict/rollout.ts';
import type { CountdownStatus, StepStatus } from '../../verdict/countdown-status.ts';
import { CliFailure } from '../failure.ts';
import { outcomeOf, verifyFindings } from './verify.ts';

const store = new Map<string, Uint8Array>();

function stored(kind: EvidenceRef['kind'], text: string): EvidenceRef {
  const bytes = new TextEncoder().encode(text);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  store.set(digest, bytes);
  return { digest, sizeBytes: bytes.length, mediaType: 'application/x-ndjson', kind, capturedAt: '2026-11-24T00:00:00Z', source: 'test' };
}

async function* read(digest: string): AsyncIterable<Uint8Array> {
  const bytes = store.get(digest);
  if (!bytes) throw new CliFailure('NotFound', `no evidence is stored under ${digest}`, '', 2);
  yield bytes;
}

const answers: PreflightAnswer[] = [
  { title: 'not paused', needs: 'the launch', facts: { paused: true }, trouble: null },
  { title: 'cluster', needs: 'everything', facts: null, trouble: 'connection refused' },
];

const stepOf = (
  type: string,
  evidence: EvidenceRef[],
  findings: StepStatus['findings'],
  state: StepStatus['state'] = 'done',
): StepStatus => ({
  name: type,
  type,
  round: 1,
  state,
  findings,
  facts: [],
  evidence,
});

const check = (...steps: StepStatus[]) =>
  verifyFindings({ checkpoints: [{ name: 'one', offset: 'T-1h', steps }] } as unknown as CountdownStatus, read);

const preflight = () => {
  const ref = stored('preflight-answers', `${JSON.stringify({ input: {}, answers })}\n`);
  return { ref, findings: judgePreflight(answers, [ref.digest]) };
};

it('recomputes the same findings from their evidence', async () => {
  const { ref, findings } = preflight();
  expect(findings.map(({ outcome }) => outcome).sort()).toEqual(['fail', 'inconclusive']);
  expect(await check(stepOf('preflight', [ref], findings))).toMatchObject([{ result: 'same', findings: 2, evidence: 1, sentences: [] }]);
});

it('reports a finding that was turned from fail into pass', async () => {
  const { ref, findings } = preflight();
  const turned = findings.map((finding) => ({ ...finding, outcome: 'pass' as const }));
  const [step] = await check(stepOf('preflight', [ref], turned));
  expect(step?.result).toBe('differs');
  expect(step?.sentences[0]).toMatch(/^reported: pass, .*; recomputed: (fail|inconclusive), /);
});

it('reports a finding that was left out', async () => {
  const { ref, findings } = preflight();
  const [step] = await check(stepOf('preflight', [ref], findings.slice(0, 1)));
  expect(step?.sentences).toEqual([expect.stringMatching(/^in the evidence but not reported: /)]);
});

it('reports bytes that do not match their digest', async () => {
  const { ref, findings } = preflight();
  store.set(ref.digest, new TextEncoder().encode(`${JSON.stringify({ input: {}, answers: answers.slice(1) })}\n`));
  expect(await check(stepOf('preflight', [ref], findings))).toMatchObject([
    { result: 'differs', sentences: [expect.stringContaining(`preflight-answers ${ref.digest}: the bytes have the digest sha256:`)] },
  ]);
});

const target = { cluster: 'lab', namespace: 'shop', deployment: 'go-api', container: 'go-api' };
const image = 'registry.local/go-api:sha-1';
const lines = (...all: object[]) => all.map((line) => `${JSON.stringify(line)}\n`).join('');
const sample = (change: object = {}) => ({
  at: '2026-11-24T00:00:06Z',
  generation: 3,
  observedGeneration: 3,
  image,
  template: 'a',
  paused: false,
  wanted: 3,
  replicas: 3,
  updated: 3,
  ready: 3,
  available: 3,
  conditions: [],
  replicaSet: 'go-api-1',
  replicaSetConditions: [],
  ...change,
});
const watched = {
  outcome: 'complete',
  detail: '3 of 3 pods updated and available, none of another version',
  podsReady: 3,
  podsWanted: 3,
  seconds: 6,
  conditionAt: '2026-11-24T00:00:06Z',
} as const;
const proven = { ok: true, detail: 'ok', pods: 3, seconds: 0.4, imageIds: ['sha256:9f2a'], at: '2026-11-24T00:00:07Z' };
const askedWatch = {
  target,
  image,
  observedGeneration: 3,
  timeoutMs: 90_000,
  writtenAt: '2026-11-24T00:00:00Z',
  startedAfterMs: 321,
};
const askedProof = { target, image, healthTarget: 'shop', timeoutMs: 60_000, testedImageIds: ['sha256:9f2a'] };
const end = { endedAt: '2026-11-24T00:00:06Z', watchedSeconds: 6, podReasons: '' };
const watchRecord = () => stored('rollout-events', lines({ asked: askedWatch }, sample(), { saw: watched, end }));
const proofRecord = () => stored('rollout-events', lines({ asked: askedProof }, { saw: proven }));
const podFailures = () => stored('pod-failures', '{"podFailures":{}}');
const limits = { rollbackMs: 90_000, healthMs: 60_000, startedAfterMs: 321 };

it('recomputes a rollback from request and samples, among other evidence', async () => {
  const [rollout, proof] = [watchRecord(), proofRecord()];
  const findings = judgeRollback(
    `shop/go-api back to ${image}`,
    { ...watched, evidence: [rollout] },
    { ...proven, evidence: [proof] },
    limits,
  );
  expect(findings.map(({ code }) => code)).toEqual(['RollbackStartedInTime', 'RolledBackInTime', 'RollbackHealthy']);
  expect(await check(stepOf('rollback', [podFailures(), proof, rollout], findings))).toMatchObject([{ result: 'same' }]);
});

it('recomputes a launch, with the image compared with the tested one', async () => {
  const [rollout, proof] = [watchRecord(), proofRecord()];
  const findings = judgeLaunch(target, {
    rollout: { ...watched, evidence: [rollout] },
    proof: { ...proven, evidence: [proof] },
    healthMs: 60_000,
    tested: ['sha256:9f2a'],
  });
  expect(findings.map(({ code }) => code)).toEqual(['RolloutComplete', 'VersionServes', 'LaunchedBytesTested']);
  expect(await check(stepOf('launch', [rollout, podFailures(), proof], findings))).toMatchObject([{ result: 'same' }]);
});

it('recomputes the outcome of a rollout from its samples, not from the record', async () => {
  const rollout = stored('rollout-events', lines({ asked: askedWatch }, sample({ available: 1 }), { saw: watched, end }));
  const findings = judgeLaunch(target, { rollout: { ...watched, evidence: [rollout] }, proof: null, healthMs: 0, tested: null });
  expect(await check(stepOf('launch', [rollout], findings))).toMatchObject([
    {
      result: 'differs',
      sentences: [expect.stringContaining('recomputed: fail, the rollout of deployment shop/go-api did not complete')],
    },
  ]);
});

it('still reads the result of a record that an older version wrote', async () => {
  const rollout = stored('rollout-events', lines({ asked: { target, image, timeoutMs: 90_000 } }, { saw: { ...watched, seconds: 6.25 } }));
  const findings = judgeLaunch(target, {
    rollout: { ...watched, seconds: 6.25, evidence: [rollout] },
    proof: null,
    healthMs: 0,
    tested: null,
  });
  expect(await check(stepOf('launch', [rollout], findings))).toMatchObject([{ result: 'same' }]);
});

it('recomputes the stored part of the evidence, and reports the rest as not verifiable', async () => {
  const proof = proofRecord();
  const lost = { ...watched, evidence: [], notKept: 'The disk is full.' };
  const findings = judgeRollback(`shop/go-api back to ${image}`, lost, { ...proven, evidence: [proof] }, limits);
  expect(await check(stepOf('rollback', [proof], findings))).toMatchObject([
    {
      result: 'nothing-to-verify',
      sentences: [
        expect.stringContaining('the rollback was written'),
        expect.stringContaining('rolled back in'),
        expect.stringContaining('The disk is full.'),
      ],
    },
  ]);
  const turned = findings.map((finding) => (finding.code === 'RollbackHealthy' ? { ...finding, measured: 0.1 } : finding));
  expect(await check(stepOf('rollback', [proof], turned))).toMatchObject([{ result: 'differs' }]);
});

it('has nothing to verify if no evidence could be stored', async () => {
  const lost = { evidence: [], notKept: 'The disk is full.' };
  const findings = judgeRollback('shop/go-api', { ...watched, ...lost }, { ...proven, ...lost }, limits);
  expect(await check(stepOf('rollback', [], findings))).toMatchObject([{ result: 'nothing-to-verify' }]);
});

it('recomputes a guard from all parts of its samples, in order', async () => {
  const samples = play(13, () => ({ pods: steady() }));
  const part = (number: number, of: object[]) =>
    stored('prometheus-samples', [{ limits: guardLimits, part: number }, ...of].map((line) => `${JSON.stringify(line)}\n`).join(''));
  const refs = [part(1, samples.slice(0, 7)), part(2, samples.slice(7))];
  const findings = judgeGuard(
    samples,
    guardLimits,
    refs.map(({ digest }) => digest),
  );
  expect(findings).toMatchObject([{ code: 'GuardPassed' }]);
  expect(await check(stepOf('guard', refs, findings))).toMatchObject([{ result: 'same', findings: 1, evidence: 2 }]);
  expect(await check(stepOf('guard', refs.slice(1), findings))).toMatchObject([
    { result: 'unreadable', sentences: [expect.stringContaining('part 1 of the samples is missing')] },
  ]);
});

it('reports missing or damaged evidence and unknown step types as unreadable', async () => {
  const damaged = stored('preflight-answers', '{"answers": [');
  expect(
    (await check(stepOf('preflight', [], []), stepOf('preflight', [damaged], []), stepOf('rollbackVerification', [], []))).map(
      ({ result, sentences }) => [result, sentences[0]],
    ),
  ).toEqual([
    ['unreadable', 'the step: the step left no preflight-answers; its findings cannot be recomputed; run it again'],
    ['unreadable', 'line 1: not a JSON document; capture the evidence again; the record is damaged'],
    ['unreadable', 'this version cannot verify steps of type rollbackVerification'],
  ]);
});

it('reads no evidence of a step that could not run, and skips steps that have not ended', async () => {
  const checks = await check(stepOf('launch', [], [], 'failed-to-run'), stepOf('guard', [], [], 'running'));
  expect(checks.map(({ result }) => result)).toEqual(['nothing-to-verify']);
});

it('checks pieces of evidence without findings too', async () => {
  const { ref, findings } = preflight();
  const gone = { ...ref, digest: `sha256:${'0'.repeat(64)}`, kind: 'cpu-profile' as const };
  expect(await check(stepOf('preflight', [ref, gone], findings))).toMatchObject([
    { result: 'unreadable', sentences: [`cpu-profile: no evidence is stored under ${gone.digest}`] },
  ]);
});

it('throws if the server is unreachable', async () => {
  const { ref, findings } = preflight();
  const away = () => {
    throw new CliFailure('Unreachable', 'the server does not answer', '', 1);
  };
  const status = { checkpoints: [{ name: 'one', offset: 'T-1h', steps: [stepOf('preflight', [ref], findings)] }] };
  await expect(verifyFindings(status as unknown as CountdownStatus, away)).rejects.toMatchObject({ code: 'Unreachable' });
});

it.each([
  [[], 'nothing-to-verify'],
  [['same', 'same'], 'verified'],
  [['same', 'nothing-to-verify'], 'nothing-to-verify'],
  [['same', 'nothing-to-verify', 'differs'], 'differs'],
  [['unreadable', 'same'], 'differs'],
] as const)('is, for steps that are %j, %s', (results, outcome) => {
  expect(
    outcomeOf(results.map((result) => ({ checkpoint: '', offset: '', step: '', result, findings: 0, evidence: 0, sentences: [] }))),
  ).toBe(outcome);
});
