// One countdown in each of its phases, as the server answers it: what the tests of the command line look at.
import type { EvidenceRef, Finding, FindingCode } from '../../verdict/finding.ts';
import type { Evaluation, Principal, Reason } from '../../verdict/verdict.ts';
import type { CheckpointStatus, CountdownStatus, StepStatus } from '../../workflows/messages.ts';

export const NAME = 'go-api-1.4.0';
export const RUN = 'b5f6f8a2-5f0e-4a3c-9d39-0a4c8f1f7b11';
const IMAGE = 'registry.local/go-api:sha-91d03ce';
const LAUNCH = '2026-11-24T09:00:00.000Z';
const FIRST = '2026-11-21T09:00:00.000Z';
const POLL = '2026-11-24T08:00:00.000Z';
const digest = (pair: string): string => `sha256:${pair.repeat(32)}`;

const person = (subject: string, displayName: string, groups = ['release-managers']): Principal => ({
  issuer: 'local',
  subject,
  displayName,
  groups,
  verified: true,
});
export const mei = person('mei', 'Mei Tan', ['shop-developers']);
const liWei = person('li.wei', 'Li Wei');
const aOsei = person('a.osei', 'Ama Osei');

const ref = (pair: string, kind: EvidenceRef['kind'], source: string, capturedAt: string): EvidenceRef => ({
  digest: digest(pair),
  sizeBytes: 812_344,
  mediaType: 'application/octet-stream',
  kind,
  capturedAt,
  source,
});
const points = ref('a1', 'k6-points', 'k6 against shop-staging', '2026-11-21T09:00:27.000Z');
const cpu = ref('c0', 'cpu-profile', 'pod shop-staging/go-api-7d4f-x2x9l', '2026-11-21T09:00:22.000Z');

const finding = (
  code: FindingCode,
  subject: string,
  outcome: Finding['outcome'],
  measured: number | null,
  limit: number | null,
  unit: string,
  message: string,
  evidence = [points.digest],
): Finding => ({ code, subject, outcome, measured, limit, unit, message, evidence });

const preflightPassed = finding(
  'PreflightPassed',
  'deployment shop/go-api',
  'pass',
  null,
  null,
  '',
  'deployment shop/go-api is complete: 3 of 3 pods',
  [],
);
const fast = finding(
  'LatencyWithinLimit',
  'POST /api/order/create',
  'pass',
  212,
  300,
  'ms',
  'p99 of POST /api/order/create is 212 ms, limit 300 ms',
);
const few = finding(
  'ErrorRateWithinLimit',
  'POST /api/order/create',
  'pass',
  0,
  0.1,
  '%',
  'error rate of POST /api/order/create is 0 %, limit 0.1 % (0 of 9,012 requests failed)',
);
const delivered = finding(
  'LoadDelivered',
  'load',
  'pass',
  99.93,
  95,
  '%',
  '99.93 % of the load was delivered (299.8 of 300 iterations/s), limit 95 %',
);
const slow = finding(
  'LatencyAboveLimit',
  'POST /api/order/create',
  'fail',
  734,
  300,
  'ms',
  'p99 of POST /api/order/create is 734 ms, limit 300 ms',
  [points.digest, cpu.digest],
);
const blind = finding(
  'GuardNoData',
  'shop/go-api',
  'inconclusive',
  24,
  20,
  's',
  'no usable data of shop/go-api for 24 s, limit 20 s: Prometheus did not answer to sum(rate(http_request_duration_seconds_count[1m]))',
  [],
);

const over = (name: string, type: string, startedAt: string, finishedAt: string, parts: Partial<StepStatus>): StepStatus => ({
  name,
  type,
  round: 1,
  state: 'done',
  startedAt,
  finishedAt,
  workflowId: `countdown/${NAME}/${name}/1`,
  findings: [],
  facts: [],
  evidence: [],
  ...parts,
});
const notYet = (name: string, type: string): StepStatus => ({
  name,
  type,
  round: 0,
  state: 'later',
  findings: [],
  facts: [],
  evidence: [],
});
const running = (name: string, type: string, startedAt: string): StepStatus => ({
  ...notYet(name, type),
  round: 1,
  state: 'running',
  startedAt,
});

const preflight = over('preflight', 'preflight', '2026-11-21T09:00:02.000Z', '2026-11-21T09:00:05.000Z', {
  findings: [preflightPassed],
  facts: [{ subject: 'preflight', text: '17 of 17: rights, health, series, image, clock skew 3 ms', values: {} }],
});
const loadTest = over('load-test', 'loadTest', '2026-11-21T09:00:05.000Z', '2026-11-21T09:01:07.000Z', {
  findings: [fast, few, delivered],
  facts: [
    { subject: 'load', text: '60 s, 300 iterations/s asked, 299.8 delivered, 0 dropped', values: {} },
    { subject: 'POST /api/order/create', text: 'p99 212 ms ≤ 300 ms (bound 231), errors 0 of 9,012', values: {} },
    { subject: 'runtime', text: 'goroutines 61 → 74, GC pause p99 0.4 ms, GC CPU 2.1 %', values: {} },
  ],
  evidence: [points],
});
const slowLoadTest = over('load-test', 'loadTest', '2026-11-21T09:00:05.000Z', '2026-11-21T09:00:26.000Z', {
  findings: [slow, few],
  facts: [
    { subject: 'load', text: 'stopped after 21 s: hopeless, 300 iterations/s asked, 171.2 delivered, 0 dropped', values: {} },
    { subject: 'POST /api/order/create', text: 'p99 734 ms > 300 ms (bound 781), errors 0 of 3,604', values: {} },
  ],
  evidence: [points, cpu],
});
const rollout = (finishedAt: string, findings: Finding[], text: string): StepStatus =>
  over('launch', 'launch', '2026-11-24T09:00:01.000Z', finishedAt, { findings, facts: [{ subject: 'rollout', text, values: {} }] });
const launched = rollout(
  '2026-11-24T09:00:08.000Z',
  [
    finding(
      'RolloutComplete',
      'deployment shop/go-api',
      'pass',
      3,
      3,
      'pods',
      'the rollout of deployment shop/go-api completed: 3 of 3 pods in 6.2 s',
    ),
  ],
  'sha-4f9c2ab → sha-91d03ce   3 of 3 pods in 6.2 s',
);
const guardSeen = over('guard', 'guard', '2026-11-24T09:00:08.000Z', '2026-11-24T09:01:08.000Z', {
  findings: [
    finding(
      'GuardPassed',
      'shop/go-api',
      'pass',
      17_940,
      300,
      'requests',
      'shop/go-api keeps its limits: 60 s: 17,940 requests, 2 errors (0.011 % ≤ 0.1 %), p99 219 ms',
    ),
  ],
  facts: [{ subject: 'guard', text: '60 s: 17,940 requests, 2 errors (0.011 % ≤ 0.1 %), p99 219 ms', values: {} }],
});

const evaluation = (findings: Finding[], extra: Reason[] = []): Evaluation => {
  const reasons: Reason[] = [
    ...findings.flatMap(({ outcome, ...said }): Reason[] =>
      outcome === 'pass' ? [] : [{ ...said, effect: outcome === 'fail' ? 'no-go' : 'hold' }],
    ),
    ...extra,
  ];
  const verdict = reasons.some(({ effect }) => effect === 'no-go') ? 'no-go' : reasons.length > 0 ? 'hold' : 'go';
  return { verdict, reasons, passed: findings.filter(({ outcome }) => outcome === 'pass').length, findings };
};
const owed = (given: number): Reason => ({
  code: 'WaitingForApproval',
  subject: 'approval',
  effect: 'hold',
  measured: given,
  limit: 2,
  unit: 'approvals',
  message: `${given} of 2 approvals of release-managers are given`,
  evidence: [],
});

const checkpoint = (name: string, offset: string, at: string, pair: string, parts: Partial<CheckpointStatus>): CheckpointStatus => ({
  name,
  offset,
  at,
  state: 'later',
  revision: 1,
  evidenceDigest: digest(pair),
  steps: [],
  approvals: [],
  waivers: [],
  ...parts,
});
const load = (parts: Partial<CheckpointStatus>): CheckpointStatus =>
  checkpoint('load-and-diagnosis', 'T-72h', FIRST, '11', {
    steps: [notYet('preflight', 'preflight'), notYet('load-test', 'loadTest')],
    ...parts,
  });
const poll = (parts: Partial<CheckpointStatus>): CheckpointStatus =>
  checkpoint('final-poll', 'T-1h', POLL, '7c', {
    approval: { groups: ['release-managers'], count: 2, allowRequester: false, onDeadline: 'no-go' },
    ...parts,
  });
const launch = (parts: Partial<CheckpointStatus>): CheckpointStatus =>
  checkpoint('launch', 'T-0', LAUNCH, '33', { steps: [notYet('launch', 'launch'), notYet('guard', 'guard')], ...parts });

const approves = (principal: Principal, comment: string, at: string): CheckpointStatus['approvals'][number] => ({
  principal,
  decision: 'approve',
  comment,
  at,
  revision: 3,
  evidenceDigest: digest('7c'),
  verified: true,
});
const first = approves(liWei, 'numbers read, go', '2026-11-24T08:03:00.000Z');
const second = approves(aOsei, 'load test read', '2026-11-24T08:07:00.000Z');

const loadGo = load({ state: 'go', steps: [preflight, loadTest], evaluation: evaluation([preflightPassed, fast, few, delivered]) });
const pollGo = poll({ state: 'go', revision: 3, approvals: [first, second], evaluation: evaluation([]) });
const asked = {
  groups: ['release-managers'],
  count: 2,
  allowRequester: false,
  deadlineAt: '2026-11-24T08:30:00.000Z',
  onDeadline: 'no-go' as const,
};

const base: CountdownStatus = {
  release: NAME,
  run: RUN,
  service: { name: 'go-api', namespace: 'shop', cluster: 'lab', image: IMAGE },
  // On virtual time, so that what is printed does not depend on when the test runs.
  rehearsal: true,
  requestedBy: mei,
  phase: 'counting',
  verdict: 'go',
  sentence: 'counting to T-1h final-poll at 2026-11-24 08:00 UTC',
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
  sentence: 'counting to T-72h load-and-diagnosis',
  now: FIRST,
  current: 'load-and-diagnosis',
  checkpoints: [load({}), poll({}), launch({})],
  auditHead: { seq: 1, hash: '01'.repeat(32) },
};

export const inLoadTest: CountdownStatus = {
  ...base,
  phase: 'running',
  sentence: 'running the steps of T-72h load-and-diagnosis',
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
  sentence: '1 of 2 approvals of release-managers are given',
  reasons: [owed(1)],
  now: '2026-11-24T08:05:00.000Z',
  checkpoints: [
    loadGo,
    poll({ state: 'waiting', revision: 3, approvals: [first], approval: asked, evaluation: evaluation([], [owed(1)]) }),
    launch({}),
  ],
  auditHead: { seq: 9, hash: '09'.repeat(32) },
};

export const inGuard: CountdownStatus = {
  ...base,
  phase: 'running',
  sentence: 'running the steps of T-0 launch',
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
  sentence: blind.message,
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
  sentence: slow.message,
  reasons: slowEvaluation.reasons,
  now: '2026-11-21T09:00:30.000Z',
  current: 'load-and-diagnosis',
  checkpoints: [load({ state: 'no-go', revision: 2, steps: [preflight, slowLoadTest], evaluation: slowEvaluation }), poll({}), launch({})],
  auditHead: { seq: 6, hash: '06'.repeat(32) },
};

export const launchedEnd: CountdownStatus = {
  ...base,
  phase: 'ended',
  ending: 'launched',
  sentence: `go-api runs ${IMAGE}, and the guard has passed`,
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
  sentence: 'every checkpoint is go',
  current: 'final-poll',
  checkpoints: [loadGo, pollGo],
};

/** Two people hold the clock while the guard runs. */
export const heldTwice: CountdownStatus = {
  ...inGuard,
  phase: 'holding',
  verdict: 'hold',
  sentence: 'held by Li Wei: p99 looks odd',
  holds: [
    { since: '2026-11-24T09:00:12.000Z', by: 'Li Wei', reason: 'p99 looks odd' },
    { since: '2026-11-24T09:00:18.000Z', by: 'Ama Osei', reason: 'incident in payments' },
  ],
  holdSince: '2026-11-24T09:00:18.000Z',
};

const broken = finding(
  'RolloutFailed',
  'deployment shop/go-api',
  'fail',
  0,
  3,
  'pods',
  'the rollout of deployment shop/go-api exceeded its progress deadline with 0 of 3 pods ready: ProgressDeadlineExceeded',
  [],
);
const undo = 'shop/go-api back to registry.local/go-api:sha-4f9c2ab';
const failedLaunch = rollout(
  '2026-11-24T09:00:32.000Z',
  [broken],
  'sha-4f9c2ab → sha-91d03ce   0 of 3 pods in 31 s (progress-deadline-exceeded)',
);
const rollback = over('rollback', 'rollback', '2026-11-24T09:00:33.000Z', '2026-11-24T09:00:44.000Z', {
  findings: [
    finding('RolledBackInTime', undo, 'pass', 8.4, 90, 's', `${undo}: rolled back in 8.4 s, limit 1 m 30 s`, []),
    finding('RollbackHealthy', undo, 'pass', 0.3, 60, 's', `${undo}: all 3 pods on the old version, health ok in 300 ms`, []),
  ],
  facts: [{ subject: 'rollback', text: `${undo}: 3 of 3 pods in 8.4 s, health ok in 300 ms`, values: {} }],
});
const brokenEvaluation = evaluation([broken, ...rollback.findings]);

export const undoing: CountdownStatus = {
  ...inGuard,
  phase: 'undoing',
  verdict: 'no-go',
  sentence: `rolling back: ${broken.message}`,
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
  sentence: broken.message,
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
  sentence: 'the lock of shop/go-api is held by countdown/go-api-1.3.9',
  endedAt: '2026-11-22T10:00:01.000Z',
  now: '2026-11-22T10:00:01.000Z',
};

export const undoIncomplete: CountdownStatus = {
  ...rolledBack,
  ending: 'undo-incomplete',
  sentence: 'shop/go-api back to registry.local/go-api:sha-4f9c2ab: the API server did not answer for 30 m',
};

export const aborted: CountdownStatus = {
  ...counting,
  phase: 'ended',
  ending: 'aborted',
  verdict: 'no-go',
  sentence: 'aborted by Mei Tan: wrong image',
  endedAt: '2026-11-22T10:00:01.000Z',
  now: '2026-11-22T10:00:01.000Z',
};

/** Progress of the load test of `inLoadTest`. */
export const loadProgress = {
  checkpoint: 'load-and-diagnosis',
  step: 'load-test',
  round: 1,
  activity: 'runLoadTest',
  attempt: 1,
  state: 'running',
  progress: { text: '36 s of 60 s, 300 iterations/s', done: 36, total: 60, unit: 's' },
  heartbeatAt: null,
  lastFailure: null,
};
