// One countdown in each of its phases: for tests of command line, API, pages and report, without a Temporal server.
import { fail, inconclusive, pass } from '../../verdict/finding.ts';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import {
  NAME,
  RUN,
  IMAGE,
  LAUNCH,
  FIRST,
  mei,
  preflightPassed,
  few,
  slow,
  blind,
  over,
  notYet,
  running,
  preflight,
  slowLoadTest,
  rollout,
  launched,
  guardSeen,
  evaluation,
  owed,
  load,
  poll,
  launch,
  first,
  loadGo,
  pollGo,
  asked,
  points,
  auditHead,
} from './example-parts.ts';

export { aOsei, exampleAudit, liWei, loadProgress, mei, NAME, RUN } from './example-parts.ts';
export const EXAMPLE_POINTS_DIGEST = points.digest;

const base: CountdownStatus = {
  release: NAME,
  run: RUN,
  service: { name: 'go-api', namespace: 'shop', cluster: 'lab', image: IMAGE },
  // On virtual time, so that what is printed does not depend on when the test runs.
  rehearsal: true,
  requestedBy: mei,
  phase: 'counting',
  verdict: 'go',
  message: 'counting to T-1h final-poll at 2026-11-24 08:00 UTC',
  reasons: [],
  now: '2026-11-22T10:00:00.000Z',
  startedAt: FIRST,
  launchAt: LAUNCH,
  heldMs: 0,
  holds: [],
  current: 'final-poll',
  checkpoints: [loadGo, poll({}), launch({})],
  conditions: [],
  auditHead: { seq: 6, hash: 'ab'.repeat(32) },
  historyEvents: 96,
};

export const counting = base;

export const opening: CountdownStatus = {
  ...base,
  phase: 'counting',
  message: 'counting to T-72h load-and-diagnosis',
  now: FIRST,
  current: 'load-and-diagnosis',
  checkpoints: [load({}), poll({}), launch({})],
  auditHead: { seq: 1, hash: '01'.repeat(32) },
};

export const inLoadTest: CountdownStatus = {
  ...base,
  phase: 'running',
  message: 'running the steps of T-72h load-and-diagnosis',
  now: '2026-11-21T09:00:41.000Z',
  current: 'load-and-diagnosis',
  checkpoints: [
    load({
      state: 'running',
      steps: [preflight, running('load-test', 'loadTest', '2026-11-21T09:00:05.000Z')],
      evaluation: evaluation([preflightPassed]),
    }),
    poll({}),
    launch({}),
  ],
  auditHead: { seq: 4, hash: '04'.repeat(32) },
};

export const waiting: CountdownStatus = {
  ...base,
  phase: 'waiting',
  verdict: 'hold',
  message: '1 of 2 approvals of release-managers are given',
  reasons: [owed(1)],
  now: '2026-11-24T08:05:00.000Z',
  checkpoints: [
    loadGo,
    poll({ state: 'waiting', revision: 3, approvals: [first], approval: asked, evaluation: evaluation([], [owed(1)]) }),
    launch({}),
  ],
  auditHead: { seq: auditHead.seq, hash: auditHead.hash },
};

export const EXAMPLE_NOW = waiting.now;
export const EXAMPLE_EVIDENCE_DIGEST = poll({}).evidenceDigest;

export const inGuard: CountdownStatus = {
  ...base,
  phase: 'running',
  message: 'running the steps of T-0 launch',
  now: '2026-11-24T09:00:20.000Z',
  current: 'launch',
  checkpoints: [
    loadGo,
    pollGo,
    launch({
      state: 'running',
      steps: [launched, running('guard', 'guard', '2026-11-24T09:00:08.000Z')],
      evaluation: evaluation(launched.findings),
    }),
  ],
  auditHead: { seq: 15, hash: '15'.repeat(32) },
};

const guardBlind = over('guard', 'guard', '2026-11-24T09:00:08.000Z', '2026-11-24T09:00:50.000Z', {
  findings: [blind],
  facts: [{ subject: 'guard', text: '18 s: 1,790 requests, 0 errors (0 % ≤ 0.1 %), p99 219 ms', values: {} }],
});
const blindEvaluation = evaluation([...launched.findings, blind]);

export const holding: CountdownStatus = {
  ...inGuard,
  phase: 'holding',
  verdict: 'hold',
  message: blind.message,
  reasons: blindEvaluation.reasons,
  now: '2026-11-24T09:02:00.000Z',
  checkpoints: [loadGo, pollGo, launch({ state: 'hold', revision: 2, steps: [launched, guardBlind], evaluation: blindEvaluation })],
  auditHead: { seq: 17, hash: '17'.repeat(32) },
};

const slowEvaluation = evaluation([slow, preflightPassed, few]);

export const stopped: CountdownStatus = {
  ...base,
  phase: 'stopped',
  verdict: 'no-go',
  message: slow.message,
  reasons: slowEvaluation.reasons,
  now: '2026-11-21T09:00:30.000Z',
  current: 'load-and-diagnosis',
  checkpoints: [load({ state: 'no-go', revision: 2, steps: [preflight, slowLoadTest], evaluation: slowEvaluation }), poll({}), launch({})],
  auditHead: { seq: 6, hash: '06'.repeat(32) },
};

const unknown = inconclusive('RuntimeUnknown', 'runtime samples', '2 of 3 pods were sampled; the third exported no samples');
const twiceEvaluation = evaluation([slow, preflightPassed, few, unknown]);

/** Stopped by a failing and by an inconclusive finding. */
export const stoppedTwice: CountdownStatus = {
  ...stopped,
  checkpoints: stopped.checkpoints.map((each) =>
    each.name === 'load-and-diagnosis'
      ? {
          ...each,
          steps: each.steps.map((step) => (step.type === 'loadTest' ? { ...step, findings: [...step.findings, unknown] } : step)),
          evaluation: twiceEvaluation,
        }
      : each,
  ),
  reasons: twiceEvaluation.reasons,
};

export const launchedEnd: CountdownStatus = {
  ...base,
  phase: 'ended',
  ending: 'launched',
  message: `go-api runs ${IMAGE}, and the guard has passed`,
  now: '2026-11-24T09:01:09.000Z',
  endedAt: '2026-11-24T09:01:09.000Z',
  current: 'launch',
  checkpoints: [
    loadGo,
    pollGo,
    launch({ state: 'go', steps: [launched, guardSeen], evaluation: evaluation([...launched.findings, ...guardSeen.findings]) }),
  ],
  auditHead: { seq: 19, hash: '19'.repeat(32) },
  historyEvents: 412,
};

/** The end of a plan that has no launch. */
export const passedEnd: CountdownStatus = {
  ...launchedEnd,
  ending: 'passed',
  message: 'every checkpoint is go',
  current: 'final-poll',
  checkpoints: [loadGo, pollGo],
};

/** Two people hold the clock while the guard runs. */
export const heldTwice: CountdownStatus = {
  ...inGuard,
  phase: 'holding',
  verdict: 'hold',
  message: 'held by Li Wei: p99 looks odd',
  holds: [
    { since: '2026-11-24T09:00:12.000Z', by: 'Li Wei', reason: 'p99 looks odd' },
    { since: '2026-11-24T09:00:18.000Z', by: 'Ama Osei', reason: 'incident in payments' },
  ],
  holdSince: '2026-11-24T09:00:18.000Z',
};

const broken = fail(
  'RolloutFailed',
  'deployment shop/go-api',
  'the rollout of deployment shop/go-api exceeded its progress deadline with 0 of 3 pods ready: ProgressDeadlineExceeded',
  { measured: 0, limit: 3, unit: 'pods' },
);
const undo = 'shop/go-api back to registry.local/go-api:sha-4f9c2ab';
const failedLaunch = rollout(
  '2026-11-24T09:00:32.000Z',
  [broken],
  'sha-4f9c2ab → sha-91d03ce   0 of 3 pods in 31 s (progress-deadline-exceeded)',
);
const rollback = over('rollback', 'rollback', '2026-11-24T09:00:33.000Z', '2026-11-24T09:00:44.000Z', {
  findings: [
    pass('RolledBackInTime', undo, `${undo}: rolled back in 8.4 s, limit 1 m 30 s`, { measured: 8.4, limit: 90, unit: 's' }),
    pass('RollbackHealthy', undo, `${undo}: all 3 pods on the old version, health ok in 300 ms`, { measured: 0.3, limit: 60, unit: 's' }),
  ],
  facts: [{ subject: 'rollback', text: `${undo}: 3 of 3 pods in 8.4 s, health ok in 300 ms`, values: {} }],
});
const brokenEvaluation = evaluation([broken, ...rollback.findings]);

export const undoing: CountdownStatus = {
  ...inGuard,
  phase: 'undoing',
  verdict: 'no-go',
  message: `rolling back: ${broken.message}`,
  reasons: evaluation([broken]).reasons,
  now: '2026-11-24T09:00:33.000Z',
  checkpoints: [
    loadGo,
    pollGo,
    launch({ state: 'no-go', revision: 2, steps: [failedLaunch, notYet('guard', 'guard')], evaluation: evaluation([broken]) }),
  ],
  auditHead: { seq: 14, hash: '14'.repeat(32) },
};

export const rolledBack: CountdownStatus = {
  ...undoing,
  phase: 'ended',
  ending: 'rolled-back',
  message: broken.message,
  reasons: brokenEvaluation.reasons,
  now: '2026-11-24T09:00:45.000Z',
  endedAt: '2026-11-24T09:00:45.000Z',
  checkpoints: [
    loadGo,
    pollGo,
    launch({ state: 'no-go', revision: 3, steps: [failedLaunch, notYet('guard', 'guard'), rollback], evaluation: brokenEvaluation }),
  ],
  auditHead: { seq: 18, hash: '18'.repeat(32) },
};

export const refusedEnd: CountdownStatus = {
  ...counting,
  phase: 'ended',
  ending: 'refused',
  verdict: 'no-go',
  message: 'the lock of shop/go-api is held by countdown/go-api-1.3.9',
  endedAt: '2026-11-22T10:00:01.000Z',
  now: '2026-11-22T10:00:01.000Z',
};

export const undoIncomplete: CountdownStatus = {
  ...rolledBack,
  ending: 'undo-incomplete',
  message: 'shop/go-api back to registry.local/go-api:sha-4f9c2ab: the API server did not answer for 30 m',
};

export const aborted: CountdownStatus = {
  ...counting,
  phase: 'ended',
  ending: 'aborted',
  verdict: 'no-go',
  message: 'aborted by Mei Tan: wrong image',
  endedAt: '2026-11-22T10:00:01.000Z',
  now: '2026-11-22T10:00:01.000Z',
};
