// `tminus status`: verdict and clock first, then the plan as a tree, then objections and next commands.
import { clock, comparison, duration, eventTime, relativeTime, time } from '../../verdict/wording/index.ts';
import { clockMs, guardUnderHold, headWord, isGoodEnding } from '../../verdict/words.ts';
import type { Finding } from '../../verdict/finding.ts';
import type { CheckpointStatus, StepStatus } from '../../verdict/countdown-status.ts';
import type { ShownStatus } from '../read-status.ts';
import { findingText } from './finding.ts';
import { nextLines } from './next.ts';
import { mark, padded, paint, personName, statusLabel, textOf, type Style } from './words.ts';

export interface StepProgressLine {
  checkpoint: string;
  step: string;
  progress: { text: string; done: number; total: number; unit: string } | null;
  attempt: number;
  lastFailure: string | null;
}

export interface StatusView {
  style: Style;
  /** Local clock, milliseconds since 1970; a rehearsal has its own. */
  nowMs: number;
  /** Show finished checkpoints and passing findings too. */
  all: boolean;
  progress: readonly StepProgressLine[];
  page?: string;
  /** Show only this checkpoint. */
  checkpoint?: string;
}

const MIN_NAME_WIDTH = 28;
const STATE_WIDTH = 21;
const TOOK_WIDTH = 9;

interface Row {
  name: string;
  state: string;
  took: string;
  detail: string;
  /** Lines below it: facts, findings, comments of people. */
  below: string[];
}

/** Text without a trailing newline. */
export function renderStatus(status: ShownStatus, view: StatusView): string {
  const { style } = view;
  const now = clockMs(status, view.nowMs);
  const field = (name: string, value: string): string => `${name.padEnd(12)} ${value}`;
  const shown = status.checkpoints.filter(({ name }) => view.checkpoint === undefined || name === view.checkpoint);
  const offsetWidth = Math.max(...status.checkpoints.map(({ offset }) => offset.length));
  const rows = shown.flatMap((checkpoint) => checkpointRows(status, checkpoint, now, offsetWidth, view));
  const nameWidth = Math.max(MIN_NAME_WIDTH, ...rows.map(({ name }) => name.length)) + 2;
  const { service } = status;
  const revision = status.checkpoints.find(({ name }) => name === status.current)?.revision ?? 0;
  return [
    field(
      'Countdown',
      `${status.release}   ${service.namespace}/${service.name} on ${service.cluster}${status.rehearsal ? '   REHEARSAL on virtual time' : ''}`,
    ),
    field('Verdict', `${statusLabel(headWord(status), style)}   ${status.message}`),
    ...holdLines(status, now).map((line, index) => field(index === 0 ? 'Held' : '', line)),
    ...status.conditions
      .filter(({ type, status: holds }) => type === 'NotificationsDelivered' && holds === 'False')
      .map(({ message }) => field('Undelivered', message)),
    field('Clock', clockText(status, now)),
    field('Requested', `${status.requestedBy.displayName}   image ${service.image}   ${status.current} revision ${revision}`),
    '',
    `${'CHECKPOINT / STEP'.padEnd(nameWidth)}${'STATUS'.padEnd(STATE_WIDTH)}${'TOOK'.padStart(TOOK_WIDTH)}  DETAIL`,
    ...rows.flatMap((row) => rowLines(row, nameWidth, style)),
    '',
    ...objectionLines(status, style),
    ...rollbackLines(status, view),
    ...nextLines(status, view.page),
  ].join('\n');
}

function clockText({ launchAt, endedAt, heldMs }: ShownStatus, now: number): string {
  const remaining = endedAt ? '' : ` (${relativeTime(launchAt, now)})`;
  return `${clock(launchAt, now)}   launch ${time(launchAt)}${remaining}${heldMs > 0 ? `, held ${duration(heldMs)} in all` : ''}`;
}

function rowLines({ name, state, took, detail, below }: Row, nameWidth: number, style: Style): string[] {
  return [
    `${name.padEnd(nameWidth)}${padded(state, STATE_WIDTH, style)}${took.padStart(TOOK_WIDTH)}  ${detail}`.trimEnd(),
    ...below.map((line) => `${name.startsWith(' ├') ? ' │' : '  '}    ${line}`),
  ];
}

function checkpointRows(status: ShownStatus, checkpoint: CheckpointStatus, now: number, offsetWidth: number, view: StatusView): Row[] {
  const folded = !view.all && view.checkpoint === undefined && (checkpoint.state === 'go' || checkpoint.state === 'later');
  const over = status.phase === 'ended';
  const head: Row = {
    name: `${checkpoint.offset.padEnd(offsetWidth)}  ${checkpoint.name}`,
    state: over && checkpoint.state === 'later' ? 'not reached' : checkpoint.state,
    took: tookOf(checkpoint.steps, now),
    detail: over && checkpoint.state === 'later' ? '' : summaryOf(checkpoint, now),
    below: [],
  };
  if (folded) return [head];
  const below = [
    ...checkpoint.steps.map((step) => stepRow(checkpoint, step, now, over, view)),
    ...approvalRow(checkpoint, now, view.style),
  ];
  return [head, ...below.map((row, index) => ({ ...row, name: ` ${index === below.length - 1 ? '└' : '├'} ${row.name}` }))];
}

/** One line for a checkpoint: its time, or its result. */
function summaryOf({ state, at, evaluation, approval, approvals, waivers }: CheckpointStatus, now: number): string {
  if (state === 'later') return `${time(at)} (${relativeTime(at, now)})`;
  const all = evaluation?.findings.length ?? 0;
  const approvers = approvals.filter(({ decision }) => decision === 'approve').map(({ principal }) => principal.displayName);
  return [
    ...(all > 0 ? [`${evaluation?.passed ?? 0} of ${all} pass`] : []),
    ...(waivers.length > 0 ? [`${waivers.length} waived`] : []),
    ...(approval && state === 'go' ? [`approved by ${approvers.join(', ')}`] : []),
  ].join(', ');
}

function tookOf(steps: readonly StepStatus[], now: number): string {
  const began = steps.flatMap(({ startedAt }) => (startedAt ? [Date.parse(startedAt)] : []));
  if (began.length === 0) return '';
  const ended = steps.map(({ startedAt, finishedAt }) => (startedAt ? (finishedAt ? Date.parse(finishedAt) : now) : 0));
  return duration(Math.max(...ended) - Math.min(...began));
}

function stepRow(checkpoint: CheckpointStatus, step: StepStatus, now: number, over: boolean, { style, progress, all }: StatusView): Row {
  const current = progress.find((each) => each.checkpoint === checkpoint.name && each.step === step.name);
  const bar =
    step.state === 'running' && current?.progress
      ? `${barOf(current.progress.done, current.progress.total)} ${current.progress.text}`.trimStart()
      : '';
  const retried = current && current.attempt > 1 ? `attempt ${current.attempt}` : '';
  const [first, ...rest] = step.facts.filter(({ text }) => text !== '');
  return {
    name: `${step.name}${step.round > 1 ? ` (round ${step.round})` : ''}`,
    state: over && step.state === 'later' ? 'not run' : stateOf(step),
    took: tookOf([step], now),
    detail: [bar, retried, first ? first.text : ''].filter((part) => part !== '').join('   '),
    below: [
      ...rest.map(({ subject, text }) => `${subject}: ${text}`),
      ...(all
        ? step.findings.map((finding) => `${statusLabel(finding.outcome, style)}   ${findingText(finding)}`)
        : step.findings
            .filter(({ outcome }) => outcome !== 'pass')
            .map((finding) => `${statusLabel(finding.outcome, style)}   ${inShort(finding)}`)),
    ],
  };
}

/** Key of the finding (as for `waive`) and its numbers; its message is below the tree. */
function inShort(finding: Finding): string {
  const numbers = comparison(finding);
  return `${finding.code} ${finding.subject}${numbers === '' ? '' : `: ${numbers}`}`;
}

/** The state of a step is that of its worst finding. */
function stateOf({ state, findings }: StepStatus): string {
  if (findings.some(({ outcome }) => outcome === 'fail')) return 'fail';
  if (state !== 'failed-to-run' && findings.some(({ outcome }) => outcome === 'inconclusive')) return 'inconclusive';
  return state === 'done' ? 'pass' : state;
}

function approvalRow({ approval, approvals, state }: CheckpointStatus, now: number, style: Style): Row[] {
  if (!approval) return [];
  const given = approvals.filter(({ decision }) => decision === 'approve').length;
  const until =
    approval.deadlineAt && state === 'waiting'
      ? `, until ${time(approval.deadlineAt)} (${relativeTime(approval.deadlineAt, now)}), else ${approval.onDeadline}`
      : '';
  return [
    {
      name: `approval: ${approval.groups.join(' or ')}`,
      state,
      took: '',
      detail: `${given} of ${approval.count}${until}`,
      below: approvals.map(
        (each) =>
          `${statusLabel(each.decision === 'approve' ? 'go' : 'no-go', style)}   ${personName(each)}: "${each.comment}"   on revision ${each.revision}`,
      ),
    },
  ];
}

/** Holds, each with its author, time and reason; then what continues during the hold. */
function holdLines(status: ShownStatus, now: number): string[] {
  const watched = guardUnderHold(status);
  return [
    ...status.holds.map(({ since, by, reason }) => `${by} since ${eventTime(since)} (${relativeTime(since, now)}): ${reason}`),
    ...(watched === null ? [] : [watched]),
  ];
}

/** One line per reason, near the end of the output, where it is noticed first. */
function objectionLines({ reasons, phase, ending, message }: ShownStatus, style: Style): string[] {
  if (ending !== undefined && !isGoodEnding(ending))
    return [paint(`${mark('bad', style)} ${textOf(ending).toUpperCase()}   ${message}`, 'bad', style), ''];
  if (phase !== 'stopped' && phase !== 'holding' && phase !== 'undoing') return [];
  const lines = reasons
    .filter(({ effect }) => effect === 'no-go' || effect === 'hold')
    .map(({ effect, message }) =>
      paint(
        `${mark(effect === 'no-go' ? 'bad' : 'hold', style)} ${effect.toUpperCase()}   ${message}`,
        effect === 'no-go' ? 'bad' : 'hold',
        style,
      ),
    );
  return lines.length > 0 ? [...lines, ''] : [];
}

/** Last failure of a rollback that is being retried. */
function rollbackLines({ phase }: ShownStatus, { progress, style }: StatusView): string[] {
  if (phase !== 'undoing') return [];
  const lines = progress.flatMap(({ attempt, progress: current, lastFailure }) => {
    const parts = [current?.text ?? '', ...(attempt > 1 ? [`attempt ${attempt}, before it: ${lastFailure ?? 'no reason'}`] : [])].filter(
      Boolean,
    );
    return parts.length > 0 ? [paint(`${mark('hold', style)} the rollback is being retried   ${parts.join('; ')}`, 'hold', style)] : [];
  });
  return lines.length > 0 ? [...lines, ''] : [];
}

const BAR_CELLS = 10;

/** A progress bar; empty if the total is unknown. */
function barOf(done: number, total: number): string {
  if (total <= 0) return '';
  const full = Math.max(0, Math.min(BAR_CELLS, Math.round((done / total) * BAR_CELLS)));
  return '▮'.repeat(full) + '▯'.repeat(BAR_CELLS - full);
}
