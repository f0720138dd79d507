// Progress of a countdown as lines of text, one per event; printed by the demo, `rehearse`, and `status --watch` without a terminal.
import { clock, duration, time } from '../../verdict/wording/index.ts';
import { guardUnderHold, isGoodEnding } from '../../verdict/words.ts';
import type { ApprovalStatus, CheckpointStatus, StepStatus } from '../../verdict/countdown-status.ts';
import type { ShownStatus } from '../read-status.ts';
import { findingText } from './finding.ts';
import { nextCommands } from './next.ts';
import { inAscii, mark, PLAIN, textOf, type Style } from './words.ts';

const CLOCK_WIDTH = 9;
const INDENT = ' '.repeat(CLOCK_WIDTH);
const SUBJECT_WIDTH = 13;
const ENDPOINT_WIDTH = 25;

/** Lines for the changes from `previous` to `next`; empty if none matters to a reader. */
export function storyLines(previous: ShownStatus | null, next: ShownStatus, style: Style = PLAIN): string[] {
  const blocks = next.checkpoints.map((checkpoint) => checkpointLines(previous, next, checkpoint, style));
  return [
    ...(previous === null ? [planLine(next)] : []),
    ...clockLines(previous, next, style),
    ...blocks.flatMap(({ lines }) => lines),
    ...holdLines(previous, next, style),
    // After the line that announces the rollback.
    ...blocks.flatMap(({ undone }) => undone),
    ...endLines(previous, next, style),
  ].map((line) => inAscii(line, style));
}

function planLine({ checkpoints, launchAt }: ShownStatus): string {
  return `${'plan'.padEnd(CLOCK_WIDTH - 1)}${checkpoints.map(({ offset, name }) => `${offset} ${name}`).join(' · ')}   launch ${time(launchAt)}`;
}

/** The clock resumes, goes back, or has a new launch time. */
function clockLines(previous: ShownStatus | null, next: ShownStatus, style: Style): string[] {
  if (previous === null) return [];
  const place = ({ checkpoints, current }: ShownStatus): number => checkpoints.findIndex(({ name }) => name === current);
  const back = place(next) < place(previous) ? next.checkpoints[place(next)] : undefined;
  const resumed = previous.phase === 'holding' && (next.phase === 'counting' || next.phase === 'running' || next.phase === 'waiting');
  const heldMs = next.heldMs - previous.heldMs;
  return [
    ...(resumed && !back ? [`${INDENT}${mark('busy', style)} the clock runs again${heldMs > 0 ? `, held ${duration(heldMs)}` : ''}`] : []),
    ...(back ? [`${INDENT}${mark('hold', style)} goes back to ${back.offset} ${back.name}`] : []),
    ...(previous.launchAt === next.launchAt ? [] : [`${INDENT}the launch moves to ${time(next.launchAt)}`]),
  ];
}

function holdLines(previous: ShownStatus | null, next: ShownStatus, style: Style): string[] {
  const watched = guardUnderHold(next);
  if (next.phase === previous?.phase) return newHolds(previous, next).map((hold) => `${INDENT}${mark('hold', style)} HOLD  ${hold}`);
  if (next.phase === 'holding')
    return [
      `${INDENT}${mark('hold', style)} HOLD  ${next.message}`,
      ...(watched === null ? [] : [`${INDENT}  ${watched}`]),
      `${INDENT}  Next: ${nextCommands(next).join(' · ')}`,
    ];
  if (next.phase === 'undoing') return [`${INDENT}${mark('bad', style)} ROLLING BACK  ${next.message.replace(/^rolling back: /, '')}`];
  return [];
}

/** Holds added to an existing one, which may not change the message of the status. */
const newHolds = (previous: ShownStatus, next: ShownStatus): string[] =>
  next.holds
    .filter(({ since, by }) => !previous.holds.some((known) => known.since === since && known.by === by))
    .map(({ by, reason }) => `held by ${by}: ${reason}`);

function checkpointLines(
  previous: ShownStatus | null,
  next: ShownStatus,
  checkpoint: CheckpointStatus,
  style: Style,
): { lines: string[]; undone: string[] } {
  const before = previous?.checkpoints.find(({ name }) => name === checkpoint.name);
  const began = checkpoint.state !== 'later' && (before === undefined || before.state === 'later');
  const lines: string[] = began ? [`${planned(checkpoint, next)}${checkpoint.name}`] : [];
  const undone: string[] = [];
  for (const step of checkpoint.steps) {
    const known = before?.steps.find(({ name }) => name === step.name);
    const over = step.state === 'done' || step.state === 'failed-to-run';
    if (over && !(known && known.round === step.round && known.state === step.state))
      (step.type === 'rollback' ? undone : lines).push(...stepLines(step, style));
  }
  if (checkpoint.state === 'waiting' && before?.state !== 'waiting' && checkpoint.approval) {
    const { count, groups, deadlineAt, onDeadline } = checkpoint.approval;
    lines.push(
      `${INDENT}waits for ${count} of ${groups.join(' or ')} until ${deadlineAt ? shortClock(deadlineAt, next.launchAt) : 'they decide'}, else ${onDeadline}`,
    );
  }
  // Compared by person and time: a recycled checkpoint has a new list.
  const isNew = ({ principal, at }: ApprovalStatus): boolean =>
    !before?.approvals.some((known) => known.at === at && known.principal.subject === principal.subject);
  lines.push(...checkpoint.approvals.filter(isNew).map((approval) => approvalLine(approval, style)));
  const waived = checkpoint.waivers.filter(
    ({ finding, expiresAt }) => !before?.waivers.some((known) => known.finding === finding && known.expiresAt === expiresAt),
  );
  lines.push(
    ...waived.map(
      ({ finding, by, reason, expiresAt }) =>
        `${INDENT}${'waived'.padEnd(SUBJECT_WIDTH)}${finding} by ${by.displayName} until ${time(expiresAt)}: "${reason}"`,
    ),
  );
  if (checkpoint.state === 'go' && before?.state !== 'go')
    lines.push(`${INDENT}${'verdict'.padEnd(SUBJECT_WIDTH)}${mark('good', style)} go${skipped(next, checkpoint)}`);
  return { lines, undone };
}

/** The first fact is beside the step's name; other facts and all objections are below it. */
function stepLines(step: StepStatus, style: Style): string[] {
  const objections = step.findings.filter(({ outcome }) => outcome !== 'pass');
  const tone = objections.some(({ outcome }) => outcome === 'fail') ? 'bad' : objections.length > 0 ? 'hold' : 'good';
  const [first, ...rest] = step.facts;
  const took = step.startedAt && step.finishedAt ? duration(Date.parse(step.finishedAt) - Date.parse(step.startedAt)) : '';
  return [
    `${INDENT}${step.name.padEnd(SUBJECT_WIDTH - 1)} ${mark(tone, style)} ${first ? first.text : took}`.trimEnd(),
    ...rest.map(({ subject, text }) => `${INDENT}  ${subject.padEnd(ENDPOINT_WIDTH)} ${text}`),
    ...objections.map((finding) => `${INDENT}  ${mark(finding.outcome === 'fail' ? 'bad' : 'hold', style)} ${findingText(finding)}`),
    ...(tone !== 'good' && step.evidence.length > 0 ? [`${INDENT}  ${evidenceKinds(step)}`] : []),
  ];
}

/** `evidence: k6 points, 2 × goroutine profile`. */
function evidenceKinds({ evidence }: StepStatus): string {
  const counts = new Map<string, number>();
  for (const { kind } of evidence) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return `evidence: ${[...counts].map(([kind, count]) => (count > 1 ? `${count} × ${kind.replaceAll('-', ' ')}` : kind.replaceAll('-', ' '))).join(', ')}`;
}

const DIGEST_FROM = 'sha256:'.length;

function approvalLine({ principal, decision, comment, evidenceDigest, revision, verified }: ApprovalStatus, style: Style): string {
  const [tone, verb] = decision === 'approve' ? (['good', 'approves'] as const) : (['bad', 'rejects'] as const);
  const digest = evidenceDigest.slice(DIGEST_FROM, DIGEST_FROM + 4);
  const action = `${mark(tone, style)} ${principal.displayName} ${verb}${verified ? '' : ' (unverified)'}`;
  return `${INDENT}${action} "${comment}"   evidence ${digest}…, revision ${revision}`;
}

function skipped(status: ShownStatus, checkpoint: CheckpointStatus): string {
  const after = status.checkpoints[status.checkpoints.indexOf(checkpoint) + 1];
  if (!status.rehearsal || !after) return '';
  const ms = Date.parse(after.at) - Date.parse(status.now);
  return ms > 0 ? `   skips ${duration(ms)}` : '';
}

/** `T-72:00`: the planned time, not the actual one. */
const planned = ({ at }: CheckpointStatus, { launchAt }: ShownStatus): string => shortClock(at, launchAt).padEnd(CLOCK_WIDTH);

const shortClock = (at: string, launchAt: string): string => clock(launchAt, Date.parse(at)).slice(0, -':00'.length);

function endLines(previous: ShownStatus | null, next: ShownStatus, style: Style): string[] {
  const nextLine = `  Next: ${nextCommands(next).join(' · ')}`;
  if (next.phase === 'stopped')
    return previous?.phase === 'stopped' ? [] : [`${mark('bad', style)} NO-GO    ${next.message}.${untouched(next)}`, nextLine];
  if (next.phase !== 'ended' || previous?.phase === 'ended') return [];
  const took = duration(Date.parse(next.endedAt ?? next.now) - Date.parse(next.startedAt));
  const facts = `  ${took} of countdown · ${next.historyEvents} events · ${next.auditHead.seq} audit records`;
  const word = textOf(next.ending ?? 'ended').toUpperCase();
  if (isGoodEnding(next.ending)) return [`${mark('good', style)} ${word} ${next.message}`, facts, nextLine];
  // The no-go was printed when the countdown stopped.
  if (next.ending === 'no-go' && previous?.phase === 'stopped') return [facts];
  return [`${mark('bad', style)} ${word} ${next.message}`, facts, nextLine];
}

function untouched({ checkpoints, service }: ShownStatus): string {
  const launched = checkpoints.some(({ steps }) => steps.some(({ type, round }) => type === 'launch' && round > 0));
  return launched ? '' : ` Nothing was changed in ${service.namespace}/${service.name}.`;
}
