import { describe, expect, it } from '@jest/globals';
import type { EvidenceRef } from './finding.ts';
import { proof, rollout } from './testing/rollout.ts';
import { judgeLaunch, judgeLaunchedBytes, judgeRollout, judgeVersion } from './rollout.ts';

const place = { namespace: 'shop', deployment: 'go-api' };

describe('judgeRollout', () => {
  it.each(['progress-deadline-exceeded', 'replica-failure', 'timed-out', 'superseded'] as const)(
    'fails a rollout that ended as %s',
    (outcome) => {
      expect(judgeRollout(place, rollout({ outcome, podsReady: 1 }))).toMatchObject({
        code: 'RolloutFailed',
        outcome: 'fail',
        measured: 1,
        limit: 3,
      });
    },
  );

  it('passes only a complete one', () => {
    expect(judgeRollout(place, rollout()).outcome).toBe('pass');
  });

  it('names what happened, how far it came, the reason of the pods, and what to read', () => {
    const detail = 'ProgressDeadlineExceeded: timed out; container go-api: OOMKilled (exit code 137), 3 restarts (3 pods)';
    expect(judgeRollout(place, rollout({ outcome: 'progress-deadline-exceeded', podsReady: 0, detail })).message).toBe(
      `the rollout of deployment shop/go-api exceeded its progress deadline with 0 of 3 pods ready: ${detail}; read the pod-failures evidence of this step for events and log lines`,
    );
  });
});

describe('judgeVersion', () => {
  it('fails, with time, limit, reason and what to read, when the version asked for does not serve', () => {
    expect(judgeVersion(place, proof({ ok: false, detail: '1 pod of sha-old', seconds: 60.04 }), 60_000)).toMatchObject({
      outcome: 'fail',
      measured: 60.04,
      limit: 60,
      message:
        'deployment shop/go-api does not serve the requested version after 1 m, limit 1 m: 1 pod of sha-old; read the pods and health answers in the evidence of this step',
    });
  });
});

describe('judgeLaunchedBytes', () => {
  it('says nothing where no load test ran', () => {
    expect(judgeLaunchedBytes(place, ['sha256:1'], null)).toBeNull();
  });

  it('passes the bytes that were under load', () => {
    expect(judgeLaunchedBytes(place, ['sha256:1'], ['sha256:1', 'sha256:2'])).toMatchObject({
      code: 'LaunchedBytesTested',
      outcome: 'pass',
    });
  });

  it.each([
    ['other bytes were launched', ['sha256:2'], ['sha256:1'], /runs sha256:2, and the load test ran sha256:1; launch by digest/],
    ['a part of the pods runs others', ['sha256:1', 'sha256:2'], ['sha256:1'], /runs sha256:1, sha256:2, and/],
    ['the launched bytes are not known', [], ['sha256:1'], /runs an image of unknown digest, and the load test ran sha256:1/],
    ['the tested bytes are not known', ['sha256:1'], [], /the load test ran an image of unknown digest/],
  ])('is inconclusive when %s, and names both', (_when, launched, tested, message) => {
    expect(judgeLaunchedBytes(place, launched, tested)).toMatchObject({
      code: 'LaunchedOtherBytes',
      outcome: 'inconclusive',
      message: expect.stringMatching(message),
    });
  });
});

describe('judgeLaunch', () => {
  const codes = (...input: Parameters<typeof judgeLaunch>) => judgeLaunch(...input).map(({ code, outcome }) => `${code} ${outcome}`);
  const facts = { rollout: rollout(), proof: proof(), healthMs: 60_000, tested: null };

  it('judges the rollout, the version, and its bytes', () => {
    expect(codes(place, { ...facts, tested: ['sha256:9f2a'] })).toEqual([
      'RolloutComplete pass',
      'VersionServes pass',
      'LaunchedBytesTested pass',
    ]);
    expect(codes(place, facts)).toEqual(['RolloutComplete pass', 'VersionServes pass']);
  });

  it('does not ask for the bytes of a version that does not serve', () => {
    expect(codes(place, { ...facts, proof: proof({ ok: false }), tested: ['sha256:1'] })).toEqual([
      'RolloutComplete pass',
      'VersionNotServing fail',
    ]);
  });

  it('fails a failed rollout whose evidence could not be stored, and adds why', () => {
    const lost = rollout({ outcome: 'timed-out', notKept: 'The disk is full.' });
    expect(codes(place, { ...facts, rollout: lost, proof: null })).toEqual(['RolloutFailed fail', 'EvidenceNotKept inconclusive']);
    expect(codes(place, { ...facts, proof: proof({ notKept: 'The disk is full.' }) })).toEqual([
      'RolloutComplete pass',
      'VersionServes pass',
      'EvidenceNotKept inconclusive',
    ]);
  });

  it('rests the finding about the bytes on the evidence of the proof', () => {
    const ref = { digest: 'sha256:proof' } as EvidenceRef;
    expect(judgeLaunch(place, { ...facts, proof: proof({ evidence: [ref] }), tested: ['sha256:1'] }).at(-1)).toMatchObject({
      code: 'LaunchedOtherBytes',
      evidence: ['sha256:proof'],
    });
  });
});
