import { expect, it } from '@jest/globals';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import {
  counting,
  heldTwice,
  holding,
  inGuard,
  inLoadTest,
  launchedEnd,
  opening,
  passedEnd,
  rolledBack,
  stopped,
  undoing,
  undoIncomplete,
  waiting,
} from '../../workflows/testing/example-status.ts';
import { storyLines } from './story.ts';

function told(...statuses: CountdownStatus[]): string[] {
  return statuses.flatMap((status, index) => storyLines(statuses[index - 1] ?? null, status));
}

it('prints a launch from the plan to the end, each event once', () => {
  expect(told(opening, inLoadTest, inLoadTest, counting, waiting, waiting, inGuard, launchedEnd, launchedEnd)).toEqual([
    'plan    T-72h load-and-diagnosis · T-1h final-poll · T-0 launch   launch 2026-11-24 09:00 UTC',
    'T-72:00  load-and-diagnosis',
    '         preflight    ✔ 17 of 17: rights, health, series, image, clock skew 3 ms',
    '         load-test    ✔ 60 s, 300 iterations/s requested, 299.8 delivered, 0 dropped',
    '           POST /api/order/create    p99 212 ms ≤ 300 ms (bound 231), errors 0 of 9,012',
    '           runtime                   goroutines 61 → 74, GC pause p99 0.4 ms, GC CPU 2.1 %',
    '         verdict      ✔ go   skips 46 h',
    'T-01:00  final-poll',
    '         waits for 2 of release-managers until T-00:30, else no-go',
    '         ✔ Li Wei approves "numbers read, go"   evidence 7c7c…, revision 3',
    '         ✔ Ama Osei approves "load test read"   evidence 7c7c…, revision 3',
    '         verdict      ✔ go',
    'T-00:00  launch',
    '         launch       ✔ sha-4f9c2ab → sha-91d03ce   3 of 3 pods in 6.2 s',
    '         guard        ✔ 60 s: 17,940 requests, 2 errors (0.011 % ≤ 0.1 %), p99 219 ms',
    '         verdict      ✔ go',
    '✔ LAUNCHED go-api runs registry.local/go-api:sha-91d03ce, and the guard has passed',
    '  72 h 1 m of countdown · 412 events · 19 audit records',
    '  Next: tminus report go-api-1.4.0 --html go-api-1.4.0.html · tminus events go-api-1.4.0',
  ]);
});

it('prints a plan without a launch as passed, never as launched', () => {
  const lines = told(waiting, passedEnd);
  expect(lines).toContain('✔ PASSED every checkpoint is go');
  expect(lines.join('\n')).not.toMatch(/launched/i);
});

it('prints the open undo of an incomplete rollback and the command that lists it', () => {
  const lines = storyLines(undoing, undoIncomplete);
  expect(lines.some((line) => line.startsWith('✖ ROLLBACK INCOMPLETE shop/go-api back to'))).toBe(true);
  expect(lines.at(-1)).toMatch(/^ {2}Next: tminus leftovers · /);
});

it('prints author and reason of each hold, and that the guard continues', () => {
  const [first] = heldTwice.holds;
  if (!first) throw new Error('two holds');
  const one = { ...heldTwice, holds: [first], holdSince: first.since };
  expect(told(inGuard, one, heldTwice).slice(-4)).toEqual([
    '         ⏸ HOLD  held by Li Wei: p99 looks odd',
    '           the guard continues during the hold',
    '           Next: tminus resume go-api-1.4.0 -m "…"',
    '         ⏸ HOLD  held by Ama Osei: incident in payments',
  ]);
});

it('prints a no-go with its cause and evidence, and that nothing was changed', () => {
  expect(told(inLoadTest, stopped).slice(3)).toEqual([
    '         load-test    ✖ stopped after 21 s because it could no longer pass: 300 iterations/s requested, 171.2 delivered, 0 dropped',
    '           POST /api/order/create    p99 734 ms > 300 ms (bound 781), errors 0 of 3,604',
    '           ✖ p99 of POST /api/order/create is 734 ms, limit 300 ms',
    '           evidence: k6 points, cpu profile',
    '✖ NO-GO    p99 of POST /api/order/create is 734 ms, limit 300 ms. Nothing was changed in shop/go-api.',
    '  Next: tminus explain go-api-1.4.0 · fix, then tminus recycle go-api-1.4.0 --to T-72h -m "…"',
  ]);
});

it('prints a rollback first and its proof after it', () => {
  const cause = 'the rollout of deployment shop/go-api exceeded its progress deadline with 0 of 3 pods ready: ProgressDeadlineExceeded';
  expect(storyLines(undoing, rolledBack)).toEqual([
    '         rollback     ✔ shop/go-api back to registry.local/go-api:sha-4f9c2ab: 3 of 3 pods in 8.4 s, health ok in 300 ms',
    `✖ ROLLED BACK ${cause}`,
    '  72 h 1 m of countdown · 96 events · 18 audit records',
    '  Next: tminus explain go-api-1.4.0 · tminus report go-api-1.4.0 --html go-api-1.4.0.html · tminus events go-api-1.4.0',
  ]);
  const atOnce = storyLines(waiting, rolledBack);
  expect(atOnce.indexOf(`           ✖ ${cause}`)).toBeGreaterThan(-1);
  expect(atOnce.findIndex((line) => line.includes('rollback     ✔'))).toBeGreaterThan(atOnce.indexOf(`           ✖ ${cause}`));
});

it('prints a hold and the resumed clock', () => {
  const lines = told(inGuard, holding, { ...inGuard, heldMs: 190_000, launchAt: '2026-11-24T09:03:00.000Z' });
  expect(lines.some((line) => line.startsWith('         ⏸ HOLD  no usable data of shop/go-api for 24 s'))).toBe(true);
  expect(lines.slice(-2)).toEqual(['         ▶ the clock runs again, held 3 m 10 s', '         the launch moves to 2026-11-24 09:03 UTC']);
});

it('prints a recycle and the findings of the new round', () => {
  expect(storyLines(waiting, opening)).toEqual(['         ⏸ goes back to T-72h load-and-diagnosis']);
  const [first, second] = stopped.checkpoints[0]?.steps ?? [];
  const again = {
    ...counting,
    checkpoints: counting.checkpoints.map((each, index) =>
      index === 0 ? { ...each, steps: each.steps.map((step) => ({ ...step, round: 2 })) } : each,
    ),
  };
  expect(first?.round).toBe(1);
  expect(second?.round).toBe(1);
  expect(storyLines(stopped, again).filter((line) => line.includes('load-test'))).toEqual([
    '         load-test    ✔ 60 s, 300 iterations/s requested, 299.8 delivered, 0 dropped',
  ]);
});

it('prints nothing if only the clock has changed', () => {
  expect(storyLines(waiting, { ...waiting, now: '2026-11-24T08:06:00.000Z', historyEvents: 900 })).toEqual([]);
});
