// The countdown as a story: one line per fact, as it happens. The demo and `rehearse` print it, `status --watch` where there is no terminal.
import { clock, duration, time } from '../../verdict/wording/index.ts';
import { guardUnderHold, isGoodEnding } from '../../verdict/words.ts';
import type { ApprovalStatus, CheckpointStatus, StepStatus } from '../../workflows/messages.ts';
import type { ShownStatus } from '../shown-status.ts';
import { sentenceOf } from './finding.ts';
import { nextCommands } from './next.ts';
import { inAscii, mark, PLAIN, textOf, type Look } from './words.ts';

const CLOCK_WIDTH = 9;
const INDENT = ' '.repeat(CLOCK_WIDTH);
const SUBJECT_WIDTH = 13;
const ENDPOINT_WIDTH = 25;

/** Lines for what is new in `next`. Empty when nothing a reader would want to know has happened. */
export function storyLines(previous: ShownStatus | null, next: ShownStatus, look: Look = PLAIN): string[] {
  const told = next.checkpoints.map((checkpoint) => checkpointLines(previous, next, checkpoint, look));
  return [
    ...(previous === null ? [planLine(next)] : []),
    ...clockLines(previous, next, look),
    ...told.flatMap(({ lines }) => lines),
    ...standstillLines(previous, next, look),
    // After the news of the rollback: these are its result.
    ...told.flatMap(({ undone }) => undone),
    ...endLines(previous, next, look),
  ].map((line) => inAscii(line, look));
}

function planLine({ checkpoints, launchAt }: ShownStatus): string {
  return `${'plan'.padEnd(CLOCK_WIDTH - 1)}${checkpoints.map(({ offset, name }) => `${offset} ${name}`).join(' · ')}   launch ${time(launchAt)}`;
}

/** The clock runs again, goes back, or has a new end. */
function clockLines(previous: ShownStatus | null, next: ShownStatus, look: Look): string[] {
  if (previous === null) return [];
  const place = ({ checkpoints, current }: ShownStatus): number => checkpoints.findIndex(({ name }) => name === current);
  const back = place(next) < place(previous) ? next.checkpoints[place(next)] : undefined;
  const resumed = previous.phase === 'holding' && (next.phase === 'counting' || next.phase === 'running' || next.phase === 'waiting');
  const heldMs = next.heldMs - previous.heldMs;
  return [
    ...(resumed && !back ? [`${INDENT}${mark('busy', look)} the clock runs again${heldMs > 0 ? `, held ${duration(heldMs)}` : ''}`] : []),
    ...(back ? [`${INDENT}${mark('hold', look)} goes back to ${back.offset} ${back.name}`] : []),
    ...(previous.launchAt === next.launchAt ? [] : [`${INDENT}the launch moves to ${time(next.launchAt)}`]),
  ];
}

function standstillLines(previous: ShownStatus | null, next: ShownStatus, look: Look): string[] {
  const watched = guardUnderHold(next);
  if (next.phase === previous?.phase) return newHolds(previous, next).map((hold) => `${INDENT}${mark('hold', look)} HOLD  ${hold}`);
  if (next.phase === 'holding')
    return [
      `${INDENT}${mark('hold', look)} HOLD  ${next.sentence}`,
      ...(watched === null ? [] : [`${INDENT}  ${watched}`]),
      `${INDENT}  Next: ${nextCommands(next).join(' · ')}`,
    ];
  if (next.phase === 'undoing') return [`${INDENT}${mark('bad', look)} ROLLING BACK  ${next.sentence.replace(/^rolling back: /, '')}`];
  return [];
}

/** A further hold beside one that stands: the sentence on top may not change with it. */
const newHolds = (previous: ShownStatus, next: ShownStatus): string[] =>
  next.holds
    .filter(({ since, by }) => !previous.holds.some((known) => known.since === since && known.by === by))
    .map(({ by, reason }) => `held by ${by}: ${reason}`);

function checkpointLines(
  previous: ShownStatus | null,
  next: ShownStatus,
  checkpoint: CheckpointStatus,
  look: Look,
): { lines: string[]; undone: string[] } {
  const before = previous?.checkpoints.find(({ name }) => name === checkpoint.name);
  const began = checkpoint.state !== 'later' && (before === undefined || before.state === 'later');
  const lines: string[] = began ? [`${planned(checkpoint, next)}${checkpoint.name}`] : [];
  const undone: string[] = [];
  for (const step of checkpoint.steps) {
    const known = before?.steps.find(({ name }) => name === step.name);
    const over = step.state === 'done' || step.state === 'failed-to-run';
    if (over && !(known && known.round === step.round && known.state === step.state))
      (step.type === 'rollback' ? undone : lines).push(...stepLines(step, look));
  }
  if (checkpoint.state === 'waiting' && before?.state !== 'waiting' && checkpoint.approval) {
    const { count, groups, deadlineAt, onDeadline } = checkpoint.approval;
    lines.push(
      `${INDENT}waits for ${count} of ${groups.join(' or ')} until ${deadlineAt ? shortClock(deadlineAt, next.launchAt) : 'they decide'}, else ${onDeadline}`,
    );
  }
  // By who and when: a recycled checkpoint starts its list again.
  const isNew = ({ principal, at }: ApprovalStatus): boolean =>
    !before?.approvals.some((known) => known.at === at && known.principal.subject === principal.subject);
  lines.push(...checkpoint.approvals.filter(isNew).map((approval) => approvalLine(approval, look)));
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
    lines.push(`${INDENT}${'verdict'.padEnd(SUBJECT_WIDTH)}${mark('good', look)} go${skipped(next, checkpoint)}`);
  return { lines, undone };
}

/** The first fact stands beside the step's name, the others and every objection below it. */
function stepLines(step: StepStatus, look: Look): string[] {
  const objections = step.findings.filter(({ outcome }) => outcome !== 'pass');
  const tone = objections.some(({ outcome }) => outcome === 'fail') ? 'bad' : objections.length > 0 ? 'hold' : 'good';
  const [first, ...rest] = step.facts;
  const took = step.startedAt && step.finishedAt ? duration(Date.parse(step.finishedAt) - Date.parse(step.startedAt)) : '';
  return [
    `${INDENT}${step.name.padEnd(SUBJECT_WIDTH - 1)} ${mark(tone, look)} ${first ? first.text : took}`.trimEnd(),
    ...rest.map(({ subject, text }) => `${INDENT}  ${subject.padEnd(ENDPOINT_WIDTH)} ${text}`),
    ...objections.map((finding) => `${INDENT}  ${mark(finding.outcome === 'fail' ? 'bad' : 'hold', look)} ${sentenceOf(finding)}`),
    ...(tone !== 'good' && step.evidence.length > 0 ? [`${INDENT}  ${evidenceKinds(step)}`] : []),
  ];
}

/** `1 k6 points, 2 goroutine profile`: what a reader can look into. */
function evidenceKinds({ evidence }: StepStatus): string {
  const counts = new Map<string, number>();
  for (const { kind } of evidence) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return `evidence: ${[...counts].map(([kind, count]) => (count > 1 ? `${count} × ${kind.replaceAll('-', ' ')}` : kind.replaceAll('-', ' '))).join(', ')}`;
}

const DIGEST_FROM = 'sha256:'.length;

function approvalLine({ principal, decision, comment, evidenceDigest, revision, verified }: ApprovalStatus, look: Look): string {
  const word =
    decision === 'approve'
      ? `${mark('good', look)} ${principal.displayName} approves`
      : `${mark('bad', look)} ${principal.displayName} rejects`;
  return `${INDENT}${word}${verified ? '' : ' (unverified)'} "${comment}"   evidence ${evidenceDigest.slice(DIGEST_FROM, DIGEST_FROM + 4)}…, revision ${revision}`;
}

function skipped(status: ShownStatus, checkpoint: CheckpointStatus): string {
  const after = status.checkpoints[status.checkpoints.indexOf(checkpoint) + 1];
  if (!status.rehearsal || !after) return '';
  const ms = Date.parse(after.at) - Date.parse(status.now);
  return ms > 0 ? `   skips ${duration(ms)}` : '';
}

/** `T-72:00` as the plan has it: the story's clock is the plan's. */
const planned = ({ at }: CheckpointStatus, { launchAt }: ShownStatus): string => shortClock(at, launchAt).padEnd(CLOCK_WIDTH);

const shortClock = (at: string, launchAt: string): string => clock(launchAt, Date.parse(at)).slice(0, -':00'.length);

function endLines(previous: ShownStatus | null, next: ShownStatus, look: Look): string[] {
  const nextLine = `  Next: ${nextCommands(next).join(' · ')}`;
  if (next.phase === 'stopped')
    return previous?.phase === 'stopped' ? [] : [`${mark('bad', look)} NO-GO    ${next.sentence}.${untouched(next)}`, nextLine];
  if (next.phase !== 'ended' || previous?.phase === 'ended') return [];
  const facts = `  ${duration(Date.parse(next.endedAt ?? next.now) - Date.parse(next.startedAt))} of countdown · ${next.historyEvents} events · ${next.auditHead.seq} audit records`;
  const word = textOf(next.ending ?? 'ended').toUpperCase();
  if (isGoodEnding(next.ending)) return [`${mark('good', look)} ${word} ${next.sentence}`, facts, nextLine];
  // Said already when it stopped; only its end is new.
  if (next.ending === 'no-go' && previous?.phase === 'stopped') return [facts];
  return [`${mark('bad', look)} ${word} ${next.sentence}`, facts, nextLine];
}

function untouched({ checkpoints, service }: ShownStatus): string {
  const launched = checkpoints.some(({ steps }) => steps.some(({ type, round }) => type === 'launch' && round > 0));
  return launched ? '' : ` Nothing was changed in ${service.namespace}/${service.name}.`;
}
