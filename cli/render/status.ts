// `tminus status`: verdict and clock first, then the plan as a tree, then what to do next.
import type { CheckpointStatus, CountdownStatus, StepStatus } from '../../workflows/messages.ts';
import { against } from './finding.ts';
import { clock, relative, span, utc } from './times.ts';
import { said, type Look } from './words.ts';

export interface StepProgressLine {
  checkpoint: string;
  step: string;
  progress: { text: string; done: number; total: number; unit: string } | null;
  attempt: number;
}

export interface StatusView {
  look: Look;
  /** Unfolds finished checkpoints. */
  all: boolean;
  progress: readonly StepProgressLine[];
  page?: string;
  checkpoint?: string;
}

export function renderStatus(status: CountdownStatus, view: StatusView): string {
  const { look } = view;
  const row = (name: string, value: string): string => `${name.padEnd(13)}${value}`;
  const checkpoints = status.checkpoints.filter(({ name }) => view.checkpoint === undefined || name === view.checkpoint);
  return [
    row('Release', `${status.release}${status.rehearsal ? '   REHEARSAL on virtual time' : ''}`),
    row('Service', `${status.service.namespace}/${status.service.name} on ${status.service.cluster}`),
    row('Verdict', `${said(status.verdict, look)}   ${status.sentence}`),
    row('Clock', `${clock(status.endedAt ?? status.now, status.launchAt)}   launch ${utc(status.launchAt)}${status.heldMs > 0 ? `, held ${span(status.heldMs)}` : ''}`),
    row('Requested', `${status.requestedBy.displayName}   image ${status.service.image}`),
    '',
    ...checkpoints.flatMap((checkpoint) => renderCheckpoint(status, checkpoint, view)),
    '',
    ...next(status, view.page),
  ].join('\n');
}

const NAME_WIDTH = 30;
const STATE_WIDTH = 15;
const TOOK_WIDTH = 9;

function renderCheckpoint(status: CountdownStatus, checkpoint: CheckpointStatus, view: StatusView): string[] {
  const { look } = view;
  const folded = !view.all && view.checkpoint === undefined && (checkpoint.state === 'go' || checkpoint.state === 'later');
  const passed = checkpoint.evaluation?.passed ?? 0;
  const all = checkpoint.evaluation?.findings.length ?? 0;
  const detail = checkpoint.state === 'later' ? `${utc(checkpoint.at)} (${relative(checkpoint.at, status.now)})` : all > 0 ? `${passed} of ${all} findings pass${checkpoint.waivers.length > 0 ? `, ${checkpoint.waivers.length} waived` : ''}` : '';
  const head = line(`${checkpoint.offset}  ${checkpoint.name}`, checkpoint.state, '', detail, look);
  if (folded) return [head];
  return [head, ...checkpoint.steps.flatMap((step) => renderStep(status, checkpoint, step, view)), ...renderApproval(status, checkpoint, look)];
}

function renderStep(status: CountdownStatus, checkpoint: CheckpointStatus, step: StepStatus, { look, progress }: StatusView): string[] {
  const took = step.startedAt ? span(Date.parse(step.finishedAt ?? status.now) - Date.parse(step.startedAt)) : '';
  const doing = progress.find((each) => each.checkpoint === checkpoint.name && each.step === step.name);
  const worst = step.findings.some(({ outcome }) => outcome === 'fail') ? 'fail' : step.findings.some(({ outcome }) => outcome === 'inconclusive') ? 'inconclusive' : step.state === 'done' ? 'pass' : step.state;
  const round = step.round > 1 ? ` (round ${step.round})` : '';
  const facts = step.facts.filter(({ text }) => text !== '').map(({ subject, text }) => `      ${subject}: ${text}`);
  const findings = step.findings.filter(({ outcome }) => outcome !== 'pass').map((finding) => `      ${said(finding.outcome, look)}  ${finding.message}${withNumbers(against(finding, look.ascii))}`);
  const bar = doing?.progress ? `${barOf(doing.progress.done, doing.progress.total, look.ascii)} ${doing.progress.text}${doing.attempt > 1 ? `, attempt ${doing.attempt}` : ''}` : '';
  return [line(` ${look.ascii ? '|-' : '├'} ${step.name}${round}`, worst, took, bar, look), ...findings, ...facts];
}

function renderApproval(status: CountdownStatus, { approval, approvals, state }: CheckpointStatus, look: Look): string[] {
  if (!approval) return [];
  const given = approvals.map(({ principal, decision, comment, revision, verified }) => `      ${said(decision === 'approve' ? 'go' : 'no-go', look)}  ${principal.displayName}${verified ? '' : ' (unverified)'}: "${comment}", revision ${revision}`);
  const until = approval.deadlineAt ? `, until ${utc(approval.deadlineAt)} (${relative(approval.deadlineAt, status.now)}), then ${approval.onDeadline}` : '';
  return [line(` ${look.ascii ? '`-' : '└'} approval: ${approval.groups.join(' or ')}`, state === 'waiting' ? 'waiting' : state, '', `${approvals.filter(({ decision }) => decision === 'approve').length} of ${approval.count}${until}`, look), ...given];
}

function line(name: string, state: string, took: string, detail: string, look: Look): string {
  const word = said(state, look);
  // Colour codes have no width on screen, so padding goes by the bare text.
  const bare = said(state, { ...look, stream: null });
  return `${name.padEnd(NAME_WIDTH)} ${word}${' '.repeat(Math.max(1, STATE_WIDTH - bare.length))}${took.padStart(TOOK_WIDTH)}  ${detail}`.trimEnd();
}

const withNumbers = (numbers: string): string => (numbers === '' ? '' : `   (${numbers})`);

/** Ten cells; empty for work without a known end. */
export function barOf(done: number, total: number, ascii: boolean): string {
  if (total <= 0) return '';
  const full = Math.min(10, Math.round((done / total) * 10));
  return (ascii ? '#' : '▮').repeat(full) + (ascii ? '-' : '▯').repeat(10 - full);
}

/** What a person would do next, as commands. */
export function next(status: CountdownStatus, page?: string): string[] {
  const { release: name, phase } = status;
  const commands: string[] = [];
  if (phase === 'waiting') commands.push(`tminus explain ${name}`, `tminus approve ${name} -m "…"${page ? `   or   ${page}` : ''}`);
  if (phase === 'holding') commands.push(`tminus explain ${name}`, `tminus resume ${name} -m "…"`);
  if (phase === 'stopped') commands.push(`tminus explain ${name}`, `fix, then tminus recycle ${name} --to ${status.checkpoints[0]?.offset ?? 'T-72h'} -m "…"`);
  if (phase === 'counting' || phase === 'running' || phase === 'undoing') commands.push(`tminus status ${name} --watch`);
  if (phase === 'ended') commands.push(`tminus report ${name} --html ${name}.html`, `tminus events ${name}`);
  return commands.map((command, index) => `${index === 0 ? 'Next:' : '     '}  ${command}`);
}
