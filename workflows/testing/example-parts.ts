// The people, evidence, findings, steps and checkpoints of the example countdown in example-status.ts.
import { hexDigest } from '../../verdict/digest.ts';
import { chainRecord, EMPTY_CHAIN, type AuditRecord } from '../../verdict/audit-chain.ts';
import { fail, inconclusive, pass, type EvidenceRef, type Finding } from '../../verdict/finding.ts';
import type { Evaluation, Principal, Reason } from '../../verdict/verdict.ts';
import type { CheckpointStatus, StepStatus } from '../../verdict/countdown-status.ts';
import { examplePoints } from './example-points.ts';

export const NAME = 'go-api-1.4.0';
export const RUN = 'b5f6f8a2-5f0e-4a3c-9d39-0a4c8f1f7b11';
export const IMAGE = 'registry.local/go-api:sha-91d03ce';
export const LAUNCH = '2026-11-24T09:00:00.000Z';
export const FIRST = '2026-11-21T09:00:00.000Z';
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
export const liWei = person('li.wei', 'Li Wei');
export const aOsei = person('a.osei', 'Ama Osei');

const ref = (pair: string, kind: EvidenceRef['kind'], source: string, capturedAt: string): EvidenceRef => ({
  digest: digest(pair),
  sizeBytes: 812_344,
  mediaType: 'application/octet-stream',
  kind,
  capturedAt,
  source,
});
/** Its bytes are made by `examplePoints`. */
export const points = {
  ...ref('a1', 'k6-points', 'k6 against shop-staging', '2026-11-21T09:00:27.000Z'),
  digest: `sha256:${hexDigest(examplePoints())}`,
};
const cpu = ref('c0', 'cpu-profile', 'pod shop-staging/go-api-7d4f-x2x9l', '2026-11-21T09:00:22.000Z');

export const preflightPassed = pass('PreflightPassed', 'deployment shop/go-api', 'deployment shop/go-api is complete: 3 of 3 pods');
const fast = pass('LatencyWithinLimit', 'POST /api/order/create', 'p99 of POST /api/order/create is 212 ms, limit 300 ms', {
  measured: 212,
  limit: 300,
  unit: 'ms',
  evidence: [points.digest],
});
const profileFast = pass('LatencyWithinLimit', 'GET /api/user/profile', 'p99 of GET /api/user/profile is 38.2 ms, limit 300 ms', {
  measured: 38.2,
  limit: 300,
  unit: 'ms',
  evidence: [points.digest],
});
export const few = pass(
  'ErrorRateWithinLimit',
  'POST /api/order/create',
  'error rate of POST /api/order/create is 0 %, limit 0.1 % (0 of 9,012 requests failed)',
  { measured: 0, limit: 0.1, unit: '%', evidence: [points.digest] },
);
const delivered = pass('LoadDelivered', 'load', '99.93 % of the load was delivered (299.8 of 300 iterations/s), limit 95 %', {
  measured: 99.93,
  limit: 95,
  unit: '%',
  evidence: [points.digest],
});
export const slow = fail('LatencyAboveLimit', 'POST /api/order/create', 'p99 of POST /api/order/create is 734 ms, limit 300 ms', {
  measured: 734,
  limit: 300,
  unit: 'ms',
  evidence: [points.digest, cpu.digest],
});
export const blind = inconclusive(
  'GuardNoData',
  'shop/go-api',
  'no usable data of shop/go-api for 24 s, limit 20 s: Prometheus did not answer to sum(rate(http_request_duration_seconds_count[1m]))',
  { measured: 24, limit: 20, unit: 's' },
);

export const over = (name: string, type: string, startedAt: string, finishedAt: string, parts: Partial<StepStatus>): StepStatus => ({
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
export const notYet = (name: string, type: string): StepStatus => ({
  name,
  type,
  round: 0,
  state: 'later',
  findings: [],
  facts: [],
  evidence: [],
});
export const running = (name: string, type: string, startedAt: string): StepStatus => ({
  ...notYet(name, type),
  round: 1,
  state: 'running',
  startedAt,
});

export const preflight = over('preflight', 'preflight', '2026-11-21T09:00:02.000Z', '2026-11-21T09:00:05.000Z', {
  findings: [preflightPassed],
  facts: [{ subject: 'preflight', text: '17 of 17: rights, health, series, image, clock skew 3 ms', values: {} }],
});
const loadTest = over('load-test', 'loadTest', '2026-11-21T09:00:05.000Z', '2026-11-21T09:01:07.000Z', {
  findings: [fast, profileFast, few, delivered],
  facts: [
    { subject: 'load', text: '60 s, 300 iterations/s requested, 299.8 delivered, 0 dropped', values: {} },
    { subject: 'POST /api/order/create', text: 'p99 212 ms ≤ 300 ms (bound 231), errors 0 of 9,012', values: {} },
    { subject: 'runtime', text: 'goroutines 61 → 74, GC pause p99 0.4 ms, GC CPU 2.1 %', values: {} },
  ],
  evidence: [points],
});
export const slowLoadTest = over('load-test', 'loadTest', '2026-11-21T09:00:05.000Z', '2026-11-21T09:00:26.000Z', {
  findings: [slow, few],
  facts: [
    {
      subject: 'load',
      text: 'stopped after 21 s because it could no longer pass: 300 iterations/s requested, 171.2 delivered, 0 dropped',
      values: {},
    },
    { subject: 'POST /api/order/create', text: 'p99 734 ms > 300 ms (bound 781), errors 0 of 3,604', values: {} },
  ],
  evidence: [points, cpu],
});
export const rollout = (finishedAt: string, findings: Finding[], text: string): StepStatus =>
  over('launch', 'launch', '2026-11-24T09:00:01.000Z', finishedAt, { findings, facts: [{ subject: 'rollout', text, values: {} }] });
export const launched = rollout(
  '2026-11-24T09:00:08.000Z',
  [
    pass('RolloutComplete', 'deployment shop/go-api', 'the rollout of deployment shop/go-api completed: 3 of 3 pods in 6.2 s', {
      measured: 3,
      limit: 3,
      unit: 'pods',
      evidence: [points.digest],
    }),
  ],
  'sha-4f9c2ab → sha-91d03ce   3 of 3 pods in 6.2 s',
);
export const guardSeen = over('guard', 'guard', '2026-11-24T09:00:08.000Z', '2026-11-24T09:01:08.000Z', {
  findings: [
    pass('GuardPassed', 'shop/go-api', 'shop/go-api keeps its limits: 60 s: 17,940 requests, 2 errors (0.011 % ≤ 0.1 %), p99 219 ms', {
      measured: 17_940,
      limit: 300,
      unit: 'requests',
      evidence: [points.digest],
    }),
  ],
  facts: [{ subject: 'guard', text: '60 s: 17,940 requests, 2 errors (0.011 % ≤ 0.1 %), p99 219 ms', values: {} }],
});

export const evaluation = (findings: Finding[], extra: Reason[] = []): Evaluation => {
  const reasons: Reason[] = [
    ...findings.flatMap(({ outcome, ...said }): Reason[] =>
      outcome === 'pass' ? [] : [{ ...said, effect: outcome === 'fail' ? 'no-go' : 'hold' }],
    ),
    ...extra,
  ];
  const verdict = reasons.some(({ effect }) => effect === 'no-go') ? 'no-go' : reasons.length > 0 ? 'hold' : 'go';
  return { verdict, reasons, passed: findings.filter(({ outcome }) => outcome === 'pass').length, findings };
};
export const owed = (given: number): Reason => ({
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
export const load = (parts: Partial<CheckpointStatus>): CheckpointStatus =>
  checkpoint('load-and-diagnosis', 'T-72h', FIRST, '11', {
    steps: [notYet('preflight', 'preflight'), notYet('load-test', 'loadTest')],
    ...parts,
  });
export const poll = (parts: Partial<CheckpointStatus>): CheckpointStatus =>
  checkpoint('final-poll', 'T-1h', POLL, '7c', {
    approval: { groups: ['release-managers'], count: 2, allowRequester: false, onDeadline: 'no-go' },
    ...parts,
  });
export const launch = (parts: Partial<CheckpointStatus>): CheckpointStatus =>
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
export const first = approves(liWei, 'numbers read, go', '2026-11-24T08:03:00.000Z');
const second = approves(aOsei, 'load test read', '2026-11-24T08:07:00.000Z');

export const loadGo = load({
  state: 'go',
  steps: [preflight, loadTest],
  evaluation: evaluation([preflightPassed, fast, profileFast, few, delivered]),
});
export const pollGo = poll({ state: 'go', revision: 3, approvals: [first, second], evaluation: evaluation([]) });
export const asked = {
  groups: ['release-managers'],
  count: 2,
  allowRequester: false,
  deadlineAt: '2026-11-24T08:30:00.000Z',
  onDeadline: 'no-go' as const,
};

export const exampleAudit: AuditRecord[] = [
  {
    at: '2026-11-21T09:00:00.000Z',
    actor: 'local/mei',
    action: 'countdown.started',
    object: 'go-api-1.4.0',
    detail: 'fencing generation 4',
  },
  { at: '2026-11-21T09:00:00.000Z', actor: 'tminus', action: 'checkpoint.reached', object: 'load-and-diagnosis', detail: 'T-72h' },
  { at: '2026-11-21T09:02:12.000Z', actor: 'tminus', action: 'step.finished', object: 'load-and-diagnosis/load-test', detail: 'go' },
  { at: '2026-11-24T08:03:00.000Z', actor: 'local/li.wei', action: 'approve.accepted', object: 'final-poll', detail: 'numbers read, go' },
].reduce<AuditRecord[]>((chain, entry) => [...chain, chainRecord(chain.at(-1) ?? EMPTY_CHAIN, entry)], []);

export const auditHead = exampleAudit.at(-1) ?? EMPTY_CHAIN;

/** Progress of the load test while it runs. */
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
