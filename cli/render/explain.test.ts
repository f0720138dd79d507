import { expect, it } from '@jest/globals';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import { findCheckpoint } from '../read-status.ts';
import {
  counting,
  EXAMPLE_POINTS_DIGEST,
  heldTwice,
  holding,
  refusedEnd,
  stopped,
  waiting,
} from '../../workflows/testing/example-status.ts';
import { renderExplain } from './explain.ts';
import { PLAIN } from './words.ts';

const text = (status: CountdownStatus, checkpoint?: string): string =>
  renderExplain(status, {
    style: PLAIN,
    checkpoint: findCheckpoint(status, checkpoint),
    evidenceUrl: (digest) => `http://t/api/v1/evidence/${digest}`,
  });

it('prints code, message, numbers, time, evidence, hint and waive command of a no-go', () => {
  expect(text(stopped)).toBe(
    [
      'go-api-1.4.0   T-72h load-and-diagnosis   revision 2   ✖ no-go',
      '',
      'measured:',
      '  preflight                           17 of 17: rights, health, series, image, clock skew 3 ms',
      '  load-test: load                     stopped after 21 s because it could no longer pass: 300 iterations/s requested, 171.2 delivered, 0 dropped',
      '  load-test: POST /api/order/create   p99 734 ms > 300 ms (bound 781), errors 0 of 3,604',
      '',
      'passes:',
      '  ✔ deployment shop/go-api is complete: 3 of 3 pods',
      '  ✔ error rate of POST /api/order/create is 0 %, limit 0.1 % (0 of 9,012 requests failed)',
      '',
      '✖ NO-GO   p99 of POST /api/order/create is 734 ms, limit 300 ms',
      '    code      LatencyAboveLimit: p99 latency is above the limit',
      '    measured  734 ms > 300 ms',
      '    since     2026-11-21 09:00:26 UTC, load-test round 1',
      '    evidence  k6 points of k6 against shop-staging, 793 KiB, 2026-11-21 09:00:27 UTC',
      `                http://t/api/v1/evidence/${EXAMPLE_POINTS_DIGEST}`,
      '              cpu profile of pod shop-staging/go-api-7d4f-x2x9l, 793 KiB, 2026-11-21 09:00:22 UTC',
      `                http://t/api/v1/evidence/sha256:${'c0'.repeat(32)}`,
      '    hint      Read the CPU and goroutine profiles of the pods (`tminus explain` lists them). Fix the cause, then recycle to the checkpoint of the load test.',
      '    accept    tminus waive go-api-1.4.0 --finding "LatencyAboveLimit/POST /api/order/create" --expires 24h -m "…"',
      '',
      'Next:  fix, then tminus recycle go-api-1.4.0 --to T-72h -m "…"',
    ].join('\n'),
  );
});

it('prints that no step of a refused countdown ran, without a verdict', () => {
  const ended = { ...refusedEnd, checkpoints: refusedEnd.checkpoints.map((each) => ({ ...each, state: 'no-go' as const })) };
  const explained = text(ended, 'load-and-diagnosis');
  expect(explained).toContain('no step ran: the countdown was refused before its first checkpoint');
  expect(explained).not.toContain('no objection');
  expect(explained.split('\n')[0]).toMatch(/T-72h load-and-diagnosis .* refused$/);
});

it('prints earlier results and the deadline for an approver', () => {
  expect(text(waiting)).toBe(
    [
      'go-api-1.4.0   T-1h final-poll   revision 3   ⏸ waiting for people',
      '',
      'before it:',
      '  T-72h load-and-diagnosis   ✔ go   5 of 5 pass   tminus explain go-api-1.4.0 --checkpoint load-and-diagnosis',
      '',
      'people:',
      '  ✔ go   Li Wei at 2026-11-24 08:03:00 UTC: "numbers read, go"',
      '  2 of release-managers decide until 2026-11-24 08:30 UTC (30 m after it was reached), else no-go',
      '',
      '⏸ HOLD   1 of 2 approvals of release-managers are given',
      '    code      WaitingForApproval: the checkpoint is waiting for approvals',
      '    hint      Approve or reject.',
      '',
      'Next:  tminus approve go-api-1.4.0 -m "…"',
    ].join('\n'),
  );
});

it('prints the numbers of a hold without a breach', () => {
  expect(text(holding)).toContain('\n    measured  24 s, limit 20 s\n');
});

it('prints a waive command only for the current checkpoint', () => {
  expect(text({ ...stopped, phase: 'ended' })).not.toContain('tminus waive');
  expect(text(stopped)).toContain('tminus waive');
});

it('prints no waive command if the live version has no measurements', () => {
  expect(text(holding)).toContain('GuardNoData');
  expect(text(holding)).not.toContain('tminus waive');
});

it('prints who holds if no finding does', () => {
  const shown = text(heldTwice);
  expect(shown).toContain(
    [
      'held:',
      '  Li Wei since 2026-11-24 09:00:12 UTC: p99 looks odd',
      '  Ama Osei since 2026-11-24 09:00:18 UTC: incident in payments',
      '',
      'held by people only; no finding objects',
    ].join('\n'),
  );
});

it('prints that a checkpoint has no objection or is not reached', () => {
  expect(text(counting, 'T-72h')).toContain('\nno objection\n');
  expect(text(counting)).toContain('\nnot reached yet; due at 2026-11-24 08:00 UTC\n');
});

it('suggests the name of a misspelt checkpoint', () => {
  expect(() => text(counting, 'final-pol')).toThrow('go-api-1.4.0 has no checkpoint final-pol');
  expect(() => findCheckpoint(counting, 'final-pol')).toThrow(expect.objectContaining({ hint: 'did you mean final-poll?', exitCode: 2 }));
});
