// Findings, approvals and waivers in, verdict out. No clock inside: `nowMs` is given, so the same inputs always judge the same.
import { codes } from './codes.ts';
import type { Finding } from './finding.ts';
import type { Evaluation, Principal, Reason, Verdict } from './verdict.ts';
import { samePerson } from './can.ts';

/** A person's decision as it counts towards a quorum. */
export interface CountedApproval {
  principal: Principal;
  decision: 'approve' | 'reject';
  comment: string;
  revision: number;
  evidenceDigest: string;
}

export interface Waiver {
  /** `findingKey` of the finding it accepts. */
  finding: string;
  /** Its sentence as the person read it: another measurement of the same thing is not accepted by it. */
  said: string;
  reason: string;
  by: Principal;
  expiresAtMs: number;
}

export interface ApprovalPolicy {
  groups: readonly string[];
  count: number;
  /** Milliseconds since 1970: when missing approvals become a verdict; absent before the wait has started. */
  deadlineAtMs?: number;
  onDeadline: 'no-go' | 'hold';
}

export interface Policy {
  approval: ApprovalPolicy | null;
  /** When an inconclusive finding stops being a hold and becomes a no-go; absent while no hold has begun. */
  inconclusiveUntilMs?: number;
  /** Revision and digest that an approval must have been given on to count. */
  revision: number;
  evidenceDigest: string;
}

/**
 * The verdict of one checkpoint (DESIGN.md section 5). A failing finding is no-go unless waived; an inconclusive one is hold, and no-go
 * after its deadline; one rejection is no-go; missing approvals hold until their deadline. Only when nothing is left to object is it go.
 * Reasons come worst first, then by code and subject, so that the same state always reads the same.
 */
export function judge(
  findings: readonly Finding[],
  approvals: readonly CountedApproval[],
  waivers: readonly Waiver[],
  policy: Policy,
  nowMs: number,
): Evaluation {
  const reasons = [
    ...findings.flatMap((finding) => reasonOf(finding, waivers, policy, nowMs)),
    ...approvalReasons(approvals, policy, nowMs),
  ];
  return {
    verdict: worst(reasons),
    reasons: reasons.sort(compareReasons),
    passed: findings.filter(({ outcome }) => outcome === 'pass').length,
    findings: [...findings],
  };
}

/** How a waiver names a finding: `LatencyAboveLimit/POST /api/order/create`. */
export function findingKey(finding: Pick<Finding, 'code' | 'subject'>): string {
  return `${finding.code}/${finding.subject}`;
}

function reasonOf(finding: Finding, waivers: readonly Waiver[], policy: Policy, nowMs: number): Reason[] {
  if (finding.outcome === 'pass') return [];
  const { outcome: _, ...said } = finding;
  const waiver = waivers.find(
    (candidate) => candidate.finding === findingKey(finding) && candidate.said === finding.message && candidate.expiresAtMs > nowMs,
  );
  if (waiver) return [{ ...said, effect: 'waived', message: `${finding.message} (waived by ${waiver.by.displayName}: ${waiver.reason})` }];
  if (finding.outcome === 'fail') return [{ ...said, effect: 'no-go' }];
  const overdue = policy.inconclusiveUntilMs !== undefined && nowMs >= policy.inconclusiveUntilMs;
  return [
    {
      ...said,
      effect: overdue ? 'no-go' : 'hold',
      message: overdue ? `${finding.message}; it was not resolved before the deadline` : finding.message,
    },
  ];
}

function approvalReasons(approvals: readonly CountedApproval[], policy: Policy, nowMs: number): Reason[] {
  const rejections = approvals.filter(({ decision }) => decision === 'reject');
  if (rejections.length > 0) {
    return rejections.map(({ principal, comment }) =>
      personReason('Rejected', 'no-go', `rejected by ${principal.displayName}: ${comment}`),
    );
  }
  if (!policy.approval) return [];
  const { groups, count, deadlineAtMs, onDeadline } = policy.approval;
  const given = countApprovals(approvals, policy);
  if (given >= count) return [];
  const overdue = deadlineAtMs !== undefined && nowMs >= deadlineAtMs;
  // A hold that silence made ends as every hold does: at its own deadline, as no-go.
  const holdIsOver = policy.inconclusiveUntilMs !== undefined && nowMs >= policy.inconclusiveUntilMs;
  const asked = `${given} of ${count} approvals of ${groups.join(' or ')}`;
  return [
    {
      ...personReason(
        overdue ? 'ApprovalsMissing' : 'WaitingForApproval',
        overdue && (onDeadline === 'no-go' || holdIsOver) ? 'no-go' : 'hold',
        overdue ? `${asked} were given before the deadline` : `${asked} are given`,
      ),
      measured: given,
      limit: count,
      unit: 'approvals',
    },
  ];
}

/** Distinct people whose approval was given on the present revision and evidence. */
export function countApprovals(approvals: readonly CountedApproval[], policy: Pick<Policy, 'revision' | 'evidenceDigest'>): number {
  const people: Principal[] = [];
  for (const { decision, principal, revision, evidenceDigest } of approvals) {
    const current = revision === policy.revision && evidenceDigest === policy.evidenceDigest;
    if (decision === 'approve' && current && !people.some((known) => samePerson(known, principal))) people.push(principal);
  }
  return people.length;
}

function personReason(code: keyof typeof codes, effect: Reason['effect'], message: string): Reason {
  return { code, subject: 'approval', effect, measured: null, limit: null, unit: '', message, evidence: [] };
}

function worst(reasons: readonly Reason[]): Verdict {
  if (reasons.some(({ effect }) => effect === 'no-go')) return 'no-go';
  if (reasons.some(({ effect }) => effect === 'hold')) return 'hold';
  return 'go';
}

const effectOrder: Record<Reason['effect'], number> = { 'no-go': 0, hold: 1, waived: 2, note: 3 };

function compareReasons(a: Reason, b: Reason): number {
  return (
    effectOrder[a.effect] - effectOrder[b.effect] ||
    compareText(a.code, b.code) ||
    compareText(a.subject, b.subject) ||
    compareText(a.message, b.message)
  );
}

// By code units: a locale would sort differently on another machine, and a replay must not.
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
