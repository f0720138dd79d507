// An approval by a plain Signal: for tools that can only signal. It proves nobody, and counts only where the release allows that.
import { samePerson } from '../verdict/can.ts';
import type { Principal } from '../verdict/verdict.ts';
import { current, record, recordRefusal, specOf, type CountdownState } from './countdown-state.ts';
import { explainNow, explainTooLate, explainWrongCheckpoint, standsOn } from './refusals.ts';
import { readApproval } from './signal-shape.ts';

export function approveUnverified(state: CountdownState, sent: unknown): void {
  const said = readApproval(sent);
  const refusal = said === null ? 'an approval by Signal needs a checkpoint and a name' : explainUnverified(state, said);
  if (refusal !== null)
    return recordRefusal(state, Date.now(), `signal/${said?.by ?? 'unknown'}`, 'approve.refused', said?.checkpoint ?? '', refusal);
  if (said === null) return;
  const checkpoint = current(state);
  record(state, Date.now(), `signal/${said.by}`, 'approve.accepted', said.checkpoint, said.comment);
  checkpoint.approvals.push({
    principal: unverified(state, said.by),
    decision: 'approve',
    comment: said.comment,
    at: new Date(Date.now()).toISOString(),
    revision: checkpoint.revision,
    evidenceDigest: checkpoint.evidenceDigest,
    verified: false,
  });
  state.version += 1;
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
