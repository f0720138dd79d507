// The countdown as a story: one line per fact, as it happens. The demo and `rehearse` print it, `status --watch` where there is no terminal.
import type { ApprovalStatus, CheckpointStatus, CountdownStatus, StepStatus } from '../../workflows/messages.ts';
import { against } from './finding.ts';
import { clock, span, utc } from './times.ts';
import { mark, type Look } from './words.ts';

const PLAIN: Look = { ascii: false, stream: null };
const INDENT = ' '.repeat(11);

/** Lines for what is new in `next`. Empty when nothing a reader would want to know has happened. */
export function storyLines(previous: CountdownStatus | null, next: CountdownStatus, look: Look = PLAIN): string[] {
  const lines = next.checkpoints.flatMap((checkpoint) => checkpointLines(previous, next, checkpoint, look));
  const held = next.phase === 'holding' && previous?.phase !== 'holding' ? [`${INDENT}${mark('hold', look)} HOLD  ${next.sentence}`] : [];
  const undoing = next.phase === 'undoing' && previous?.phase !== 'undoing' ? [`${INDENT}${mark('bad', look)} ROLLING BACK  ${next.sentence}`] : [];
  const moved = previous && previous.launchAt !== next.launchAt ? [`${INDENT}the launch moves to ${utc(next.launchAt)}`] : [];
  return [...lines.filter(({ late }) => !late).flatMap((each) => each.lines), ...moved, ...held, ...undoing, ...lines.filter(({ late }) => late).flatMap((each) => each.lines), ...endLines(previous, next, look)];
}

/** `late` lines belong after the news of the rollback: they are its result. */
function checkpointLines(previous: CountdownStatus | null, next: CountdownStatus, checkpoint: CheckpointStatus, look: Look): { late: boolean; lines: string[] }[] {
  const before = previous?.checkpoints.find(({ name }) => name === checkpoint.name);
  const began = checkpoint.state !== 'later' && (before === undefined || before.state === 'later');
  const lines: string[] = began ? [`${shortClock(checkpoint, next).padEnd(INDENT.length)}${checkpoint.name}`] : [];
  const undone: string[] = [];
  for (const step of checkpoint.steps) {
    const known = before?.steps.find(({ name }) => name === step.name);
    const over = step.state === 'done' || step.state === 'failed-to-run';
    if (over && !(known && known.round === step.round && known.state === step.state)) (step.type === 'rollback' ? undone : lines).push(...stepLines(step, look));
  }
  if (checkpoint.state === 'waiting' && before?.state !== 'waiting' && checkpoint.approval) {
    const { count, groups, deadlineAt, onDeadline } = checkpoint.approval;
    lines.push(`${INDENT}waits for ${count} of ${groups.join(' or ')} until ${deadlineAt ? clock(deadlineAt, next.launchAt) : 'they decide'}, else ${onDeadline}`);
  }
  lines.push(...checkpoint.approvals.slice(before?.approvals.length ?? 0).map((approval) => approvalLine(approval, look)));
  lines.push(...checkpoint.waivers.slice(before?.waivers.length ?? 0).map(({ finding, by, reason, expiresAt }) => `${INDENT}waived  ${finding} by ${by.displayName}: ${reason}, until ${utc(expiresAt)}`));
  if (checkpoint.state === 'go' && before?.state !== 'go') lines.push(`${INDENT}${'verdict'.padEnd(13)}${mark('good', look)} go${skipped(next, checkpoint)}`);
  return [
    { late: false, lines },
    { late: true, lines: undone },
  ];
}

function stepLines(step: StepStatus, look: Look): string[] {
  const bad = step.findings.filter(({ outcome }) => outcome !== 'pass');
  const tone = bad.some(({ outcome }) => outcome === 'fail') ? 'bad' : bad.length > 0 ? 'hold' : 'good';
  const [first, ...rest] = step.facts;
  const took = step.startedAt && step.finishedAt ? span(Date.parse(step.finishedAt) - Date.parse(step.startedAt)) : '';
  const head = `${INDENT}${step.name.padEnd(13)}${mark(tone, look)} ${first ? factText(first) : took}`;
  return [
    head,
    ...rest.map((fact) => `${INDENT}  ${factText(fact)}`),
    ...bad.map((finding) => `${INDENT}  ${mark(finding.outcome === 'fail' ? 'bad' : 'hold', look)} ${finding.message}${against(finding, look.ascii) === '' ? '' : `   (${against(finding, look.ascii)})`}`),
  ];
}

const factText = ({ subject, text }: { subject: string; text: string }): string => (/^(GET|POST|PUT|PATCH|DELETE|runtime|profiles?) ?/.test(subject) ? `${subject.padEnd(25)} ${text}` : text);

function approvalLine({ principal, decision, comment, evidenceDigest, revision, verified }: ApprovalStatus, look: Look): string {
  const word = decision === 'approve' ? `${mark('good', look)} ${principal.displayName} approves` : `${mark('bad', look)} ${principal.displayName} rejects`;
  return `${INDENT}${word}${verified ? '' : ' (unverified)'} "${comment}"   evidence ${evidenceDigest.slice(7, 11)}…, revision ${revision}`;
}

function skipped(status: CountdownStatus, checkpoint: CheckpointStatus): string {
  const after = status.checkpoints[status.checkpoints.indexOf(checkpoint) + 1];
  if (!status.rehearsal || !after) return '';
  const ms = Date.parse(after.at) - Date.parse(status.now);
  return ms > 0 ? `   skips ${span(ms)}` : '';
}

/** `T-72:00` as the plan has it: the story's clock is the plan's. */
function shortClock({ at }: CheckpointStatus, { launchAt }: CountdownStatus): string {
  return clock(at, launchAt).slice(0, -3);
}

/** The worst reason; the others are counted, and `explain` tells them. */
function firstReason({ reasons, sentence }: CountdownStatus): string {
  const against = reasons.filter(({ effect }) => effect === 'no-go');
  const [first] = against;
  return first ? `${first.message}${against.length > 1 ? `; and ${against.length - 1} more` : ''}` : sentence;
}

function endLines(previous: CountdownStatus | null, next: CountdownStatus, look: Look): string[] {
  if (next.phase === 'stopped' && previous?.phase !== 'stopped') {
    const untouched = next.checkpoints.every(({ steps }) => steps.every(({ type, round }) => type !== 'launch' || round === 0));
    return [
      `${mark('bad', look)} NO-GO    ${firstReason(next)}.${untouched ? ` Nothing was changed in ${next.service.namespace}/${next.service.name}.` : ''}`,
      `  Next: tminus explain ${next.release} · fix, then tminus recycle ${next.release} --to ${next.checkpoints[0]?.offset ?? 'T-72h'}`,
    ];
  }
  if (next.phase !== 'ended' || previous?.phase === 'ended') return [];
  const counted = span(Date.parse(next.endedAt ?? next.now) - Date.parse(next.startedAt));
  const facts = `${counted} of countdown · ${next.historyEvents} events · ${next.auditHead.seq} audit records`;
  if (next.ending === 'launched') return [`${mark('good', look)} LAUNCHED ${next.sentence}`, `  ${facts}`];
  if (next.ending === 'no-go' && previous?.phase === 'stopped') return [`  ${facts}`];
  return [`${mark('bad', look)} ${(next.ending ?? 'ended').toUpperCase()} ${next.sentence}`, `  ${facts}`, `  Next: tminus explain ${next.release} · tminus events ${next.release}`];
}
