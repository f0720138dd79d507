// `tminus explain`: why go, no-go or hold. What was measured first; then each reason with its numbers, evidence and what to do.
import { codeRow } from '../../verdict/codes.ts';
import type { EvidenceRef } from '../../verdict/finding.ts';
import { findingKey } from '../../verdict/judge.ts';
import type { Reason } from '../../verdict/verdict.ts';
import { explainUnwaivable } from '../../verdict/waivable.ts';
import { comparison, duration, eventTime, size, time } from '../../verdict/wording/index.ts';
import { isGoodEnding } from '../../verdict/words.ts';
import type { CheckpointStatus } from '../../workflows/messages.ts';
import type { ShownStatus } from '../shown-status.ts';
import { sentenceOf } from './finding.ts';
import { nextLines } from './next.ts';

import { mark, paint, said, textOf, type Look, type Tone } from './words.ts';

const toneOfEffect: Record<Reason['effect'], Tone> = { 'no-go': 'bad', hold: 'hold', waived: 'plain', note: 'plain' };

export interface ExplainView {
  look: Look;
  /** The checkpoint to explain. */
  checkpoint: CheckpointStatus;
  /** Where a piece of evidence can be read; a digest alone where there is no such place. */
  evidenceUrl?: (digest: string) => string;
  page?: string;
}

/** The whole answer as text, without a newline at its end. */
export function renderExplain(status: ShownStatus, view: ExplainView): string {
  const { look, checkpoint } = view;
  const reasons = checkpoint.evaluation?.reasons ?? [];
  const holds = checkpoint.name === status.current ? holdLines(status) : [];
  return [
    `${status.release}   ${checkpoint.offset} ${checkpoint.name}   revision ${checkpoint.revision}   ${said(wordOf(status, checkpoint), look)}`,
    ...section('before it:', earlierLines(status, checkpoint, look)),
    ...section('measured:', factLines(checkpoint)),
    ...section('passes:', passLines(checkpoint, look)),
    ...section('people:', peopleLines(checkpoint, look)),
    ...section('held:', holds),
    '',
    ...(reasons.length === 0
      ? [holds.length > 0 ? 'held by people only; no finding objects' : nothingAgainst(status, checkpoint)]
      : reasons.flatMap((reason, index) => [...(index > 0 ? [''] : []), ...reasonLines(status, reason, view)])),
    '',
    ...(status.ending && !isGoodEnding(status.ending)
      ? [paint(`${mark('bad', look)} ${textOf(status.ending).toUpperCase()}   ${status.sentence}`, 'bad', look), '']
      : []),
    ...nextLines(status, view.page)
      .filter((line) => !line.includes(`tminus explain ${status.release}`) || checkpoint.name !== status.current)
      .map(startNext),
  ].join('\n');
}

/** A countdown that was refused has no verdict on what did not run. */
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

/** Who holds the clock, since when and why. */
const holdLines = ({ holds }: ShownStatus): string[] => holds.map(({ since, by, reason }) => `${by} since ${eventTime(since)}: ${reason}`);

/** Leaving out the explaining itself may take the first line with its word away. */
const startNext = (line: string, index: number): string => (index === 0 ? line.replace(/^ {5}/, 'Next:') : line.replace(/^Next:/, '     '));

function reasonLines(status: ShownStatus, reason: Reason, { look, checkpoint, evidenceUrl }: ExplainView): string[] {
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
    paint(`${mark(tone, look)} ${reason.effect.toUpperCase()}   ${reason.message}`, tone, look),
    ...fields.flatMap(([name, lines]) => lines.map((line, index) => `    ${(index === 0 ? name : '').padEnd(10)}${line}`)),
  ];
}

/** `734 ms > 300 ms`; missing approvals are counted in the message itself. */
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

/** Only a finding of the checkpoint that stands in the way now can be accepted, and not that nothing was seen of what is live. */
function canBeWaived({ phase, current }: ShownStatus, reason: Reason, { name, steps, evaluation }: CheckpointStatus): boolean {
  const open = phase === 'holding' || phase === 'stopped';
  const isFinding = evaluation?.findings.some(({ code, subject }) => code === reason.code && subject === reason.subject) ?? false;
  const inTheWay = reason.effect === 'no-go' || reason.effect === 'hold';
  return open && name === current && isFinding && inTheWay && explainUnwaivable(steps, findingKey(reason)) === null;
}

/** Where a checkpoint measures nothing itself, what was found before is what people decide on. */
function earlierLines({ release, checkpoints }: ShownStatus, { name, steps }: CheckpointStatus, look: Look): string[] {
  if (steps.length > 0) return [];
  const earlier = checkpoints.slice(
    0,
    checkpoints.findIndex((each) => each.name === name),
  );
  return earlier.map(
    (each) =>
      `${each.offset} ${each.name}   ${said(each.state, look)}   ${each.evaluation?.passed ?? 0} of ${each.evaluation?.findings.length ?? 0} pass   tminus explain ${release} --checkpoint ${each.name}`,
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

const passLines = ({ evaluation }: CheckpointStatus, look: Look): string[] =>
  (evaluation?.findings ?? [])
    .filter(({ outcome }) => outcome === 'pass')
    .map((finding) => `${paint(mark('good', look), 'good', look)} ${sentenceOf(finding)}`);

function peopleLines({ approval, approvals, waivers, at }: CheckpointStatus, look: Look): string[] {
  return [
    ...approvals.map(
      ({ principal, decision, comment, at: when, verified }) =>
        `${said(decision === 'approve' ? 'go' : 'no-go', look)}   ${principal.displayName}${verified ? '' : ' (unverified)'} at ${eventTime(when)}: "${comment}"`,
    ),
    ...waivers.map(
      ({ finding, by, reason, expiresAt }) => `waived   ${finding} by ${by.displayName} until ${time(expiresAt)}: "${reason}"`,
    ),
    ...(approval?.deadlineAt
      ? [
          `${approval.count} of ${approval.groups.join(' or ')} decide until ${time(approval.deadlineAt)} (${duration(Date.parse(approval.deadlineAt) - Date.parse(at))} after it was reached), else ${approval.onDeadline}`,
        ]
      : []),
  ];
}
