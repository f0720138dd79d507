// An approval by a plain Signal: for tools that can only signal. It proves nobody, and counts only where the release allows that.
import { samePerson } from '../verdict/can.ts';
import type { Principal } from '../verdict/verdict.ts';
import type { Change } from './change.ts';
import { current, specOf, type CountdownState } from './countdown-state.ts';
import { explainNow, explainTooLate, explainWrongCheckpoint, standsOn } from './refusals.ts';
import { readApproval } from './signal-shape.ts';

/** What a Signal that was sent as an approval changes: an approval of the current checkpoint, or a refusal. */
export function approveUnverified(state: CountdownState, sent: unknown, nowMs: number): Change {
  const approval = readApproval(sent);
  if (approval === null) {
    const detail = 'an approval by Signal needs a checkpoint and a name';
    return { refusal: { actor: 'signal/unknown', action: 'approve.refused', object: '', detail } };
  }
  const { by, comment, checkpoint: object } = approval;
  const actor = `signal/${by}`;
  const refusal = explainUnverified(state, approval);
  if (refusal !== null) return { refusal: { actor, action: 'approve.refused', object, detail: refusal } };
  const { approvals, revision, evidenceDigest } = current(state);
  const at = new Date(nowMs).toISOString();
  const principal = unverified(state, by);
  return {
    checkpoint: {
      approvals: [...approvals, { principal, decision: 'approve', comment, at, revision, evidenceDigest, verified: false }],
    },
    audit: [{ actor, action: 'approve.accepted', object, detail: comment }],
  };
}

function explainUnverified(state: CountdownState, { checkpoint: name, by }: { checkpoint: string; by: string }): string | null {
  const checkpoint = current(state);
  if (!state.input.release.spec.allowUnverified)
    return 'an approval by Signal is unverified, and the release does not set allowUnverified: true';
  if (name !== checkpoint.name) return explainWrongCheckpoint(state, name);
  const given = checkpoint.approvals.some((each) => samePerson(each.principal, unverified(state, by)) && standsOn(checkpoint, each));
  return explainTooLate(checkpoint) ?? explainNow(state, 'approve') ?? (given ? `${by} has already approved` : null);
}

const unverified = (state: CountdownState, by: string): Principal => ({
  issuer: 'signal',
  subject: by,
  displayName: by,
  groups: specOf(state.input, current(state).name).approval?.groups ?? [],
  verified: false,
});
