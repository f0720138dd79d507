// A countdown as it might stand at its final poll: for tests and for looking at pages without a Temporal server.
import { chainRecord, EMPTY_CHAIN, type AuditRecord } from '../../verdict/audit-chain.ts';
import type { EvidenceRef, Finding, FindingCode } from '../../verdict/finding.ts';
import type { Principal } from '../../verdict/verdict.ts';
import type { CheckpointStatus, CountdownStatus, StepStatus } from '../../workflows/messages.ts';

export const EXAMPLE_NOW = '2026-11-24T08:05:00.000Z';
export const EXAMPLE_RUN = 'b5f6f8a2-5f0e-4a3c-9d39-0a4c8f1f7b11';
const LAUNCH = '2026-11-24T09:00:00.000Z';
export const EXAMPLE_POINTS_DIGEST = `sha256:${'a1'.repeat(32)}`;
export const EXAMPLE_EVIDENCE_DIGEST = `sha256:${'7c1e'.repeat(16)}`;

const person = (subject: string, displayName: string, groups: string[] = ['release-managers']): Principal => ({
  issuer: 'local',
  subject,
  displayName,
  groups,
  verified: true,
});

const mei = person('mei', 'Mei Tan', ['shop-developers']);
export const liWei = person('li.wei', 'Li Wei');
export const aOsei = person('a.osei', 'Ama Osei');

const finding = (
  code: FindingCode,
  subject: string,
  outcome: Finding['outcome'],
  measured: Finding['measured'],
  limit: Finding['limit'],
  unit: string,
  message: string,
  evidence = [EXAMPLE_POINTS_DIGEST],
): Finding => ({ code, subject, outcome, measured, limit, unit, message, evidence });

const points: EvidenceRef = {
  digest: EXAMPLE_POINTS_DIGEST,
  sizeBytes: 812_344,
  mediaType: 'application/x-ndjson',
  kind: 'k6-points',
  capturedAt: '2026-11-21T09:02:10.000Z',
  source: 'k6 against shop-staging',
};

const loadTest: StepStatus = {
  name: 'load-test',
  type: 'loadTest',
  round: 1,
  state: 'done',
  startedAt: '2026-11-21T09:00:40.000Z',
  finishedAt: '2026-11-21T09:02:12.000Z',
  workflowId: 'countdown/go-api-1.4.0/load-and-diagnosis/load-test/1',
  findings: [
    finding(
      'LatencyWithinLimit',
      'POST /api/order/create',
      'pass',
      212,
      300,
      'ms',
      'p99 of POST /api/order/create is 212 ms (at most 231 ms with 95 % confidence), limit 300 ms',
    ),
    finding(
      'LatencyWithinLimit',
      'GET /api/user/profile',
      'pass',
      38.2,
      300,
      'ms',
      'p99 of GET /api/user/profile is 38.2 ms, limit 300 ms',
    ),
    finding(
      'ErrorRateWithinLimit',
      'POST /api/order/create',
      'pass',
      0,
      0.1,
      '%',
      'no request of 9,012 failed: at most 0.03 %, limit 0.1 %',
    ),
    finding('LoadDelivered', 'load', 'pass', 99.93, 95, '%', '100 % of the load was delivered (299.8 of 300 iterations/s), limit 95 %'),
  ],
  facts: [
    { subject: 'load', text: '60 s, 300 iterations/s asked, 299.8 delivered, 0 dropped', values: { seconds: 60 } },
    { subject: 'POST /api/order/create', text: 'p99 212 ms ≤ 300 ms (bound 231), errors 0 of 9,012', values: { limitMs: 300, p99Ms: 212 } },
    { subject: 'runtime', text: 'goroutines 61 → 74, GC pause p99 0.4 ms, GC CPU 2.1 %', values: { goroutines: 74 } },
  ],
  evidence: [points],
};

const preflight: StepStatus = {
  name: 'preflight',
  type: 'preflight',
  round: 1,
  state: 'done',
  startedAt: '2026-11-21T09:00:02.000Z',
  finishedAt: '2026-11-21T09:00:05.000Z',
  findings: [
    finding('PreflightPassed', 'deployment shop/go-api', 'pass', 14, 14, 'answers', 'all 14 preflight questions are answered well', []),
  ],
  facts: [{ subject: 'preflight', text: '17 of 17: rights, health, series, image, clock skew 3 ms', values: {} }],
  evidence: [],
};

const later = (name: string, type: string): StepStatus => ({ name, type, round: 0, state: 'later', findings: [], facts: [], evidence: [] });

const loadAndDiagnosis: CheckpointStatus = {
  name: 'load-and-diagnosis',
  offset: 'T-72h',
  at: '2026-11-21T09:00:00.000Z',
  state: 'go',
  revision: 1,
  evidenceDigest: `sha256:${'11'.repeat(32)}`,
  steps: [preflight, loadTest],
  approvals: [],
  waivers: [],
  evaluation: { verdict: 'go', reasons: [], passed: 5, findings: [...preflight.findings, ...loadTest.findings] },
};

const finalPoll: CheckpointStatus = {
  name: 'final-poll',
  offset: 'T-1h',
  at: '2026-11-24T08:00:00.000Z',
  state: 'waiting',
  revision: 3,
  evidenceDigest: EXAMPLE_EVIDENCE_DIGEST,
  steps: [],
  approvals: [
    {
      principal: liWei,
      decision: 'approve',
      comment: 'numbers read, go',
      at: '2026-11-24T08:03:00.000Z',
      revision: 3,
      evidenceDigest: EXAMPLE_EVIDENCE_DIGEST,
      verified: true,
    },
  ],
  approval: { groups: ['release-managers'], count: 2, allowRequester: false, deadlineAt: '2026-11-24T08:30:00.000Z', onDeadline: 'no-go' },
  waivers: [],
  evaluation: {
    verdict: 'hold',
    reasons: [
      {
        code: 'WaitingForApproval',
        subject: 'approval',
        effect: 'hold',
        measured: 1,
        limit: 2,
        unit: 'approvals',
        message: '1 of 2 approvals of release-managers are given',
        evidence: [],
      },
    ],
    passed: 0,
    findings: [],
  },
};

const launch: CheckpointStatus = {
  name: 'launch',
  offset: 'T-0',
  at: LAUNCH,
  state: 'later',
  revision: 1,
  evidenceDigest: '',
  steps: [later('launch', 'launch'), later('guard', 'guard')],
  approvals: [],
  waivers: [],
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

const head = exampleAudit.at(-1) ?? EMPTY_CHAIN;

/** Waits for one more approval at T-1h. */
export const waitingStatus: CountdownStatus = {
  release: 'go-api-1.4.0',
  run: EXAMPLE_RUN,
  service: { name: 'go-api', namespace: 'shop', cluster: 'lab', image: 'registry.local/go-api:sha-91d03ce' },
  rehearsal: true,
  requestedBy: mei,
  phase: 'waiting',
  verdict: 'hold',
  sentence: '1 of 2 approvals of release-managers are given',
  reasons: finalPoll.evaluation?.reasons ?? [],
  now: EXAMPLE_NOW,
  startedAt: '2026-11-21T09:00:00.000Z',
  launchAt: LAUNCH,
  heldMs: 0,
  holds: [],
  current: 'final-poll',
  checkpoints: [loadAndDiagnosis, finalPoll, launch],
  conditions: [
    {
      type: 'LockHeld',
      status: 'True',
      reason: 'Acquired',
      message: 'one live countdown per service',
      lastTransitionTime: '2026-11-21T09:00:00.000Z',
    },
  ],
  auditHead: { seq: head.seq, hash: head.hash },
  historyEvents: 214,
};

/** Two people hold the clock while the guard watches the candidate. */
export const heldStatus: CountdownStatus = {
  ...waitingStatus,
  rehearsal: false,
  phase: 'holding',
  verdict: 'hold',
  sentence: 'held by Li Wei: p99 looks odd',
  reasons: [],
  now: '2026-11-24T09:01:00.000Z',
  current: 'launch',
  holds: [
    { since: '2026-11-24T09:00:30.000Z', by: 'Li Wei', reason: 'p99 looks odd' },
    { since: '2026-11-24T09:00:50.000Z', by: 'Ama Osei', reason: 'incident in payments' },
  ],
  holdSince: '2026-11-24T09:00:50.000Z',
  checkpoints: [
    loadAndDiagnosis,
    { ...finalPoll, state: 'go' },
    {
      ...launch,
      state: 'hold',
      steps: [
        { ...later('launch', 'launch'), round: 1, state: 'done' },
        { ...later('guard', 'guard'), round: 1, state: 'running', startedAt: '2026-11-24T09:00:20.000Z' },
      ],
    },
  ],
};

/** The end of a plan that has no launch. */
export const passedStatus: CountdownStatus = {
  ...waitingStatus,
  rehearsal: false,
  phase: 'ended',
  verdict: 'go',
  ending: 'passed',
  sentence: 'every checkpoint is go',
  reasons: [],
  endedAt: '2026-11-24T08:10:00.000Z',
  checkpoints: [loadAndDiagnosis, { ...finalPoll, state: 'go' }],
};

const slow = finding(
  'LatencyAboveLimit',
  'POST /api/order/create',
  'fail',
  734,
  300,
  'ms',
  'p99 of POST /api/order/create is 734 ms, limit 300 ms',
  [EXAMPLE_POINTS_DIGEST, `sha256:${'c0'.repeat(32)}`],
);
const unsure = finding('GuardNoData', 'runtime samples', 'inconclusive', null, 95, '%', '2 of 3 pods answered; the third has no samples');

/** Stopped at T-72h: the candidate is too slow. */
export const stoppedStatus: CountdownStatus = {
  ...waitingStatus,
  rehearsal: false,
  phase: 'stopped',
  verdict: 'no-go',
  sentence: slow.message,
  reasons: [
    { ...reasonOf(slow), effect: 'no-go' },
    { ...reasonOf(unsure), effect: 'hold' },
  ],
  current: 'load-and-diagnosis',
  checkpoints: [
    {
      ...loadAndDiagnosis,
      state: 'no-go',
      steps: [preflight, { ...loadTest, facts: [], findings: [slow, unsure, ...loadTest.findings.slice(1)] }],
      evaluation: {
        verdict: 'no-go',
        reasons: [
          { ...reasonOf(slow), effect: 'no-go' },
          { ...reasonOf(unsure), effect: 'hold' },
        ],
        passed: 4,
        findings: [slow, unsure, ...loadTest.findings.slice(1)],
      },
    },
    { ...finalPoll, state: 'later', approvals: [] },
    launch,
  ],
};

/** At T-72h, in the middle of its load test. */
export const runningStatus: CountdownStatus = {
  ...stoppedStatus,
  phase: 'running',
  verdict: 'go',
  sentence: 'running the steps of T-72h load-and-diagnosis',
  reasons: [],
  now: '2026-11-21T09:01:10.000Z',
  checkpoints: [
    {
      ...loadAndDiagnosis,
      state: 'running',
      steps: [
        preflight,
        {
          name: 'load-test',
          type: 'loadTest',
          round: 1,
          state: 'running',
          startedAt: '2026-11-21T09:00:40.000Z',
          workflowId: 'countdown/go-api-1.6.0/load-and-diagnosis/load-test/1',
          findings: [],
          facts: [],
          evidence: [],
        },
      ],
      evaluation: { verdict: 'go', reasons: [], passed: 1, findings: preflight.findings },
    },
    { ...finalPoll, state: 'later', approvals: [] },
    launch,
  ],
};

function reasonOf({ code, subject, measured, limit, unit, message, evidence }: Finding) {
  return { code, subject, measured, limit, unit, message, evidence };
}
