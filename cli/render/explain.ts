// `tminus explain`: the measurements, then each reason for the verdict with its numbers, evidence and hint.
import { codeRow } from '../../verdict/codes.ts';
import type { EvidenceRef } from '../../verdict/finding.ts';
import { findingKey } from '../../verdict/judge.ts';
import type { Reason } from '../../verdict/verdict.ts';
import { explainUnwaivable } from '../../verdict/waivable.ts';
import { comparison, duration, eventTime, size, time } from '../../verdict/wording/index.ts';
import { isGoodEnding } from '../../verdict/words.ts';
import type { CheckpointStatus } from '../../verdict/countdown-status.ts';
import type { ShownStatus } from '../read-status.ts';
import { findingText } from './finding.ts';
import { nextLines } from './next.ts';

import { mark, paint, personName, statusLabel, textOf, type Style, type Tone } from './words.ts';

const toneOfEffect: Record<Reason['effect'], Tone> = { 'no-go': 'bad', hold: 'hold', waived: 'plain', note: 'plain' };

export interface ExplainView {
  style: Style;
  /** The checkpoint to explain. */
  checkpoint: CheckpointStatus;
  /** URL of a piece of evidence; without it only the digest is printed. */
  evidenceUrl?: (digest: string) => string;
  page?: string;
}

/** Text without a trailing newline. */
export function renderExplain(status: ShownStatus, view: ExplainView): string {
  const { style, checkpoint } = view;
  const reasons = checkpoint.evaluation?.reasons ?? [];
  const holds = checkpoint.name === status.current ? holdLines(status) : [];
  return [
    `${status.release}   ${checkpoint.offset} ${checkpoint.name}   revision ${checkpoint.revision}   ${statusLabel(wordOf(status, checkpoint), style)}`,
    ...section('before it:', earlierLines(status, checkpoint, style)),
    ...section('measured:', factLines(checkpoint)),
    ...section('passes:', passLines(checkpoint, style)),
    ...section('people:', peopleLines(checkpoint, style)),
    ...section('held:', holds),
    '',
    ...(reasons.length === 0
      ? [holds.length > 0 ? 'held by people only; no finding objects' : nothingAgainst(status, checkpoint)]
      : reasons.flatMap((reason, index) => [...(index > 0 ? [''] : []), ...reasonLines(status, reason, view)])),
    '',
    ...(status.ending && !isGoodEnding(status.ending)
      ? [paint(`${mark('bad', style)} ${textOf(status.ending).toUpperCase()}   ${status.message}`, 'bad', style), '']
      : []),
    ...nextLines(status, view.page)
      .filter((line) => !line.includes(`tminus explain ${status.release}`) || checkpoint.name !== status.current)
      .map(startNext),
  ].join('\n');
}

/** A refused countdown has no verdict: no step ran. */
const wordOf = ({ ending }: ShownStatus, { state, evaluation }: CheckpointStatus): string =>
  ending === 'refused'
    ? 'refused'
    : state === 'later' || state === 'running' || state === 'waiting'
      ? state
      : (evaluation?.verdict ?? state);

function nothingAgainst({ ending }: ShownStatus, { state, at }: CheckpointStatus): string {
  if (ending === 'refused') return 'no step ran: the countdown was refused before its first checkpoint';
  return state === 'later' ? `not reached yet; due at ${time(at)}` : 'no objection';
}

/** Holds, each with its author, time and reason. */
const holdLines = ({ holds }: ShownStatus): string[] => holds.map(({ since, by, reason }) => `${by} since ${eventTime(since)}: ${reason}`);

/** The first line starts with `Next:`, also after `tminus explain` was left out. */
const startNext = (line: string, index: number): string => (index === 0 ? line.replace(/^ {5}/, 'Next:') : line.replace(/^Next:/, '     '));

function reasonLines(status: ShownStatus, reason: Reason, { style, checkpoint, evidenceUrl }: ExplainView): string[] {
  const row = codeRow(reason.code);
  const step = checkpoint.steps.find(({ findings }) =>
    findings.some((finding) => finding.code === reason.code && finding.subject === reason.subject),
  );
  const tone = toneOfEffect[reason.effect];
  const evidence = reason.evidence.flatMap((digest) => evidenceLines(checkpoint, digest, evidenceUrl));
  const fields: [name: string, lines: string[]][] = [
    ['code', [`${reason.code}${row ? `: ${row.en}` : ''}`]],
    ['measured', measuredOf(reason, checkpoint)],
    ['since', step?.finishedAt ? [`${eventTime(step.finishedAt)}, ${step.name} round ${step.round}`] : []],
    ['evidence', evidence],
    ['hint', row ? [row.hint] : []],
    [
      'accept',
      canBeWaived(status, reason, checkpoint)
        ? [`tminus waive ${status.release} --finding "${findingKey(reason)}" --expires 24h -m "…"`]
        : [],
    ],
  ];
  return [
    paint(`${mark(tone, style)} ${reason.effect.toUpperCase()}   ${reason.message}`, tone, style),
    ...fields.flatMap(([name, lines]) => lines.map((line, index) => `    ${(index === 0 ? name : '').padEnd(10)}${line}`)),
  ];
}

/** `734 ms > 300 ms`; empty for missing approvals, which the message counts. */
function measuredOf({ code, subject, measured, limit, unit }: Reason, { evaluation }: CheckpointStatus): string[] {
  if (unit === 'approvals') return [];
  const finding = evaluation?.findings.find((each) => each.code === code && each.subject === subject);
  const text = comparison({ measured, limit, unit, outcome: finding?.outcome ?? 'inconclusive' });
  return text === '' ? [] : [text];
}

function evidenceLines({ steps }: CheckpointStatus, digest: string, urlOf?: (digest: string) => string): string[] {
  const ref = steps.flatMap((step) => step.evidence).find((each) => each.digest === digest);
  return [...(ref ? [describe(ref)] : []), `${ref ? '  ' : ''}${urlOf ? urlOf(digest) : digest}`];
}

const describe = ({ kind, source, sizeBytes, capturedAt }: EvidenceRef): string =>
  `${kind.replaceAll('-', ' ')} of ${source}, ${size(sizeBytes)}, ${eventTime(capturedAt)}`;

/** True for a waivable finding that blocks the current checkpoint. A live version without measurements cannot be waived. */
function canBeWaived({ phase, current }: ShownStatus, reason: Reason, { name, steps, evaluation }: CheckpointStatus): boolean {
  const open = phase === 'holding' || phase === 'stopped';
  const isFinding = evaluation?.findings.some(({ code, subject }) => code === reason.code && subject === reason.subject) ?? false;
  const inTheWay = reason.effect === 'no-go' || reason.effect === 'hold';
  return open && name === current && isFinding && inTheWay && explainUnwaivable(steps, findingKey(reason)) === null;
}

/** For a checkpoint without steps: the results of the checkpoints before it, which the decision is about. */
function earlierLines({ release, checkpoints }: ShownStatus, { name, steps }: CheckpointStatus, style: Style): string[] {
  if (steps.length > 0) return [];
  const earlier = checkpoints.slice(
    0,
    checkpoints.findIndex((each) => each.name === name),
  );
  return earlier.map(({ offset, name: before, state, evaluation }) =>
    [
      `${offset} ${before}`,
      statusLabel(state, style),
      `${evaluation?.passed ?? 0} of ${evaluation?.findings.length ?? 0} pass`,
      `tminus explain ${release} --checkpoint ${before}`,
    ].join('   '),
  );
}

const section = (title: string, lines: string[]): string[] => (lines.length > 0 ? ['', title, ...lines.map((line) => `  ${line}`)] : []);

function factLines({ steps }: CheckpointStatus): string[] {
  const lines = steps.flatMap((step) =>
    step.facts.map(({ subject, text }) => [subject === step.name ? step.name : `${step.name}: ${subject}`, text] as const),
  );
  const width = Math.max(0, ...lines.map(([name]) => name.length));
  return lines.map(([name, text]) => `${name.padEnd(width)}   ${text}`);
}

const passLines = ({ evaluation }: CheckpointStatus, style: Style): string[] =>
  (evaluation?.findings ?? [])
    .filter(({ outcome }) => outcome === 'pass')
    .map((finding) => `${paint(mark('good', style), 'good', style)} ${findingText(finding)}`);

function peopleLines({ approval, approvals, waivers, at }: CheckpointStatus, style: Style): string[] {
  return [
    ...approvals.map(
      (given) =>
        `${statusLabel(given.decision === 'approve' ? 'go' : 'no-go', style)}   ${personName(given)} at ${eventTime(given.at)}: "${given.comment}"`,
    ),
    ...waivers.map(
      ({ finding, by, reason, expiresAt }) => `waived   ${finding} by ${by.displayName} until ${time(expiresAt)}: "${reason}"`,
    ),
    ...(approval?.deadlineAt ? [deadlineText(approval, approval.deadlineAt, at)] : []),
  ];
}

function deadlineText({ count, groups, onDeadline }: NonNullable<CheckpointStatus['approval']>, deadlineAt: string, at: string): string {
  const after = duration(Date.parse(deadlineAt) - Date.parse(at));
  return `${count} of ${groups.join(' or ')} decide until ${time(deadlineAt)} (${after} after it was reached), else ${onDeadline}`;
}
