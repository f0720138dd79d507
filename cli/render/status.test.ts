import { expect, it } from '@jest/globals';
import {
  counting,
  heldTwice,
  holding,
  inLoadTest,
  launchedEnd,
  loadProgress,
  passedEnd,
  rolledBack,
  stopped,
  waiting,
} from '../../workflows/testing/example-status.ts';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import { renderStatus, type StatusView } from './status.ts';
import { inAscii, PLAIN } from './words.ts';

const page = 'http://tminus.example/r/go-api-1.4.0';
const plain: StatusView = { style: PLAIN, nowMs: 0, all: false, progress: [], page };
const text = (status: CountdownStatus, view: Partial<StatusView> = {}): string => renderStatus(status, { ...plain, ...view });
const lines = (...all: string[]): string => all.join('\n');
const header = (verdict: string, clock: string, current: string): string[] => [
  'Countdown    go-api-1.4.0   shop/go-api on lab   REHEARSAL on virtual time',
  `Verdict      ${verdict}`,
  `Clock        ${clock}`,
  `Requested    Mei Tan   image registry.local/go-api:sha-91d03ce   ${current}`,
  '',
];

it('shows given and missing approvals, comments and deadline of a waiting checkpoint', () => {
  expect(text(waiting)).toBe(
    lines(
      ...header(
        '⏸ hold   1 of 2 approvals of release-managers are given',
        'T-00:55:00   launch 2026-11-24 09:00 UTC (in 55 m)',
        'final-poll revision 3',
      ),
      'CHECKPOINT / STEP              STATUS                    TOOK  DETAIL',
      'T-72h  load-and-diagnosis      ✔ go                   1 m 5 s  5 of 5 pass',
      'T-1h   final-poll              ⏸ waiting for people',
      ' └ approval: release-managers  ⏸ waiting for people            1 of 2, until 2026-11-24 08:30 UTC (in 25 m), else no-go',
      '      ✔ go   Li Wei: "numbers read, go"   on revision 3',
      'T-0    launch                  · later                         2026-11-24 09:00 UTC (in 55 m)',
      '',
      'Next:  tminus explain go-api-1.4.0',
      '       tminus approve go-api-1.4.0 -m "…"   or   http://tminus.example/r/go-api-1.4.0',
    ),
  );
});

const untold = {
  type: 'NotificationsDelivered' as const,
  status: 'False' as const,
  reason: 'Failed',
  message: 'the last message did not reach oncall: chat.example answered 500',
  lastTransitionTime: waiting.now,
};

it('shows an undelivered notification below the verdict', () => {
  expect(text({ ...waiting, conditions: [untold] }).split('\n')[2]).toBe(`Undelivered  ${untold.message}`);
  expect(text({ ...waiting, conditions: [{ ...untold, status: 'True' }] })).not.toContain('Undelivered');
});

it('lists author, time and reason of every hold, and that the guard continues', () => {
  expect(text(heldTwice).split('\n').slice(1, 5)).toEqual([
    'Verdict      ⏸ hold   held by Li Wei: p99 looks odd',
    'Held         Li Wei since 2026-11-24 09:00:12 UTC (8 s ago): p99 looks odd',
    '             Ama Osei since 2026-11-24 09:00:18 UTC (2 s ago): incident in payments',
    '             the guard continues during the hold',
  ]);
});

it('shows the end of a plan without a launch as passed', () => {
  expect(text(passedEnd)).toContain('Verdict      ✔ passed   every checkpoint is go');
  expect(text(passedEnd)).not.toMatch(/launched|PASSED/);
});

it('shows the progress of the running step', () => {
  expect(text(inLoadTest, { progress: [loadProgress] })).toBe(
    lines(
      ...header(
        '▶ running   running the steps of T-72h load-and-diagnosis',
        'T-71:59:19   launch 2026-11-24 09:00 UTC (in 71 h 59 m)',
        'load-and-diagnosis revision 1',
      ),
      'CHECKPOINT / STEP             STATUS                    TOOK  DETAIL',
      'T-72h  load-and-diagnosis     ▶ running                 39 s  1 of 1 pass',
      ' ├ preflight                  ✔ pass                     3 s  17 of 17: rights, health, series, image, clock skew 3 ms',
      ' └ load-test                  ▶ running                 36 s  ▮▮▮▮▮▮▯▯▯▯ 36 s of 60 s, 300 iterations/s',
      'T-1h   final-poll             · later                         2026-11-24 08:00 UTC (in 70 h 59 m)',
      'T-0    launch                 · later                         2026-11-24 09:00 UTC (in 71 h 59 m)',
      '',
      'Next:  tminus status go-api-1.4.0 --watch',
    ),
  );
});

it('shows the reason if no worker runs a step', () => {
  const waits = 'waiting for a load worker for 4 min: the worker is busy, 2 tasks in the queue';
  const progress = [{ ...loadProgress, state: 'queued', progress: { text: waits, done: 0, total: 0, unit: '' } }];
  expect(text(inLoadTest, { progress })).toMatch(new RegExp(`└ load-test +▶ running +36 s  ${waits}$`, 'm'));
});

it('shows a no-go with measured value and limit, last before the next commands', () => {
  expect(text(stopped)).toBe(
    lines(
      ...header(
        '✖ no-go   p99 of POST /api/order/create is 734 ms, limit 300 ms',
        'T-71:59:30   launch 2026-11-24 09:00 UTC (in 71 h 59 m)',
        'load-and-diagnosis revision 2',
      ),
      'CHECKPOINT / STEP             STATUS                    TOOK  DETAIL',
      'T-72h  load-and-diagnosis     ✖ no-go                   24 s  2 of 3 pass',
      ' ├ preflight                  ✔ pass                     3 s  17 of 17: rights, health, series, image, clock skew 3 ms',
      ' └ load-test                  ✖ fail                    21 s  stopped after 21 s because it could no longer pass: 300 iterations/s requested, 171.2 delivered, 0 dropped',
      '      POST /api/order/create: p99 734 ms > 300 ms (bound 781), errors 0 of 3,604',
      '      ✖ fail   LatencyAboveLimit POST /api/order/create: 734 ms > 300 ms',
      'T-1h   final-poll             · later                         2026-11-24 08:00 UTC (in 70 h 59 m)',
      'T-0    launch                 · later                         2026-11-24 09:00 UTC (in 71 h 59 m)',
      '',
      '✖ NO-GO   p99 of POST /api/order/create is 734 ms, limit 300 ms',
      '',
      'Next:  tminus explain go-api-1.4.0',
      '       fix, then tminus recycle go-api-1.4.0 --to T-72h -m "…"',
    ),
  );
});

it('shows a hold with its inconclusive finding and the next commands', () => {
  const shown = text(holding).split('\n');
  const sentence =
    'no usable data of shop/go-api for 24 s, limit 20 s: Prometheus did not answer to sum(rate(http_request_duration_seconds_count[1m]))';
  expect(shown).toContain(
    ' └ guard                      ⏸ inconclusive            42 s  18 s: 1,790 requests, 0 errors (0 % ≤ 0.1 %), p99 219 ms',
  );
  expect(shown).toContain('      ⏸ inconclusive   GuardNoData shop/go-api: 24 s, limit 20 s');
  expect(shown.slice(-4)).toEqual([
    `⏸ HOLD   ${sentence}`,
    '',
    'Next:  tminus explain go-api-1.4.0',
    '       tminus resume go-api-1.4.0 -m "…"',
  ]);
});

it('hides finished checkpoints, and shows them and their findings with --all', () => {
  expect(text(launchedEnd)).toBe(
    lines(
      ...header(
        '✔ launched   go-api runs registry.local/go-api:sha-91d03ce, and the guard has passed',
        'T+00:01:09   launch 2026-11-24 09:00 UTC',
        'launch revision 1',
      ),
      'CHECKPOINT / STEP             STATUS                    TOOK  DETAIL',
      'T-72h  load-and-diagnosis     ✔ go                   1 m 5 s  5 of 5 pass',
      'T-1h   final-poll             ✔ go                            approved by Li Wei, Ama Osei',
      'T-0    launch                 ✔ go                   1 m 7 s  2 of 2 pass',
      '',
      'Next:  tminus report go-api-1.4.0 --html go-api-1.4.0.html',
      '       tminus events go-api-1.4.0',
    ),
  );
  const unfolded = text(launchedEnd, { all: true });
  expect(unfolded).toContain('      ✔ pass   99.93 % of the load was delivered (299.8 of 300 iterations/s), limit 95 %');
  expect(unfolded).toContain('      ✔ go   Ama Osei: "load test read"   on revision 3');
});

it('shows a rollback with its proof, and the steps that did not run', () => {
  const shown = text(rolledBack).split('\n');
  expect(shown).toContain(' │    ✖ fail   RolloutFailed deployment shop/go-api: 0 pods < 3 pods');
  expect(shown).toContain(' ├ guard                      · not run');
  expect(shown).toContain(
    ' └ rollback                   ✔ pass                    11 s  shop/go-api back to registry.local/go-api:sha-4f9c2ab: 3 of 3 pods in 8.4 s, health ok in 300 ms',
  );
  expect(shown).toContain(
    '✖ ROLLED BACK   the rollout of deployment shop/go-api exceeded its progress deadline with 0 of 3 pods ready: ProgressDeadlineExceeded',
  );
});

it('uses the local clock for a real countdown, whose status is updated only at events', () => {
  const real = { ...counting, rehearsal: false };
  expect(text(real, { nowMs: Date.parse('2026-11-23T21:00:00Z') })).toContain(
    'Clock        T-12:00:00   launch 2026-11-24 09:00 UTC (in 12 h)',
  );
  expect(text(real, { nowMs: Date.parse('2026-11-23T21:00:00Z') })).not.toContain('REHEARSAL');
});

it('shows no go before any finding, whatever verdict the server returns', () => {
  for (const verdict of ['go', null] as const)
    expect(renderStatus({ ...counting, verdict }, plain)).toContain('Verdict      ▶ counting   counting to');
});

it('shows a step that could not run as hold, not as fail', () => {
  const [checkpoint, ...rest] = holding.checkpoints;
  if (!checkpoint) throw new Error('the example has no checkpoint');
  const unrun = {
    ...checkpoint,
    state: 'hold' as const,
    steps: checkpoint.steps.map((step) => ({ ...step, state: 'failed-to-run' as const, findings: [] })),
  };
  const shown = text({ ...holding, checkpoints: [unrun, ...rest] });
  expect(shown).toContain('preflight                  ⏸ could not run');
  expect(shown).not.toContain('failed-to-run');
});

it('is ASCII only if the locale is not UTF-8', () => {
  for (const status of [waiting, inLoadTest, stopped, holding, rolledBack]) {
    const style = { ascii: true, stream: null };
    expect(inAscii(text(status, { style, progress: [loadProgress] }), style)).toMatch(/^[\x20-\x7e\n]*$/);
  }
  const style = { ascii: true, stream: null };
  expect(text(stopped, { style })).toContain('[FAIL] NO-GO   p99 of');
});
