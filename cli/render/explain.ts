// `tminus explain`: why go, no-go or hold; for each reason its code, the sentence, the numbers, the evidence and what to do.
import { codeRow } from '../../verdict/codes.ts';
import type { Reason } from '../../verdict/verdict.ts';
import type { CheckpointStatus, CountdownStatus } from '../../workflows/messages.ts';
import { against, amount } from './finding.ts';
import { next } from './status.ts';
import { mark, said, type Look, type Tone } from './words.ts';

const toneOfEffect: Record<Reason['effect'], Tone> = { 'no-go': 'bad', hold: 'hold', waived: 'plain', note: 'plain' };

export function renderExplain(status: CountdownStatus, look: Look, checkpointName?: string): string {
  const checkpoint = status.checkpoints.find(({ name }) => name === (checkpointName ?? status.current));
  if (!checkpoint) return `there is no checkpoint ${checkpointName}; there are ${status.checkpoints.map(({ name }) => name).join(', ')}`;
  const reasons = checkpoint.evaluation?.reasons ?? [];
  const passes = checkpoint.evaluation?.findings.filter(({ outcome }) => outcome === 'pass') ?? [];
  return [
    `${status.release}   ${checkpoint.offset} ${checkpoint.name}   revision ${checkpoint.revision}   ${said(checkpoint.evaluation?.verdict ?? checkpoint.state, look)}`,
    ...(status.ending && status.ending !== 'launched' ? [`ended: ${status.ending}: ${status.sentence}`] : []),
    '',
    ...(reasons.length === 0 ? ['nothing speaks against it'] : reasons.flatMap((reason) => renderReason(reason, checkpoint, look))),
    ...(passes.length > 0 ? ['', `${passes.length} findings pass:`, ...passes.map((finding) => `  ${mark('good', look)} ${finding.message}${numbers(against(finding, look.ascii))}`)] : []),
    ...facts(checkpoint),
    ...evidence(checkpoint),
    '',
    ...next(status),
  ].join('\n');
}

function renderReason(reason: Reason, checkpoint: CheckpointStatus, look: Look): string[] {
  const row = codeRow(reason.code);
  const digests = reason.evidence.map((digest) => sourceOf(checkpoint, digest));
  return [
    `${mark(toneOfEffect[reason.effect], look)} ${reason.effect.toUpperCase()}  ${reason.message}`,
    `    code      ${reason.code}${row ? `: ${row.en}` : ''}`,
    ...(typeof reason.measured === 'number' && typeof reason.limit === 'number' ? [`    measured  ${amount(reason.measured, reason.unit)}, limit ${amount(reason.limit, reason.unit)}`] : []),
    ...(digests.length > 0 ? [`    evidence  ${digests.join('\n              ')}`] : []),
    ...(row ? [`    to do     ${row.whatToDo}`] : []),
  ];
}

function sourceOf({ steps }: CheckpointStatus, digest: string): string {
  const ref = steps.flatMap((step) => step.evidence).find((each) => each.digest === digest);
  return ref ? `${digest.slice(0, 19)}…  ${ref.kind} of ${ref.source}` : digest;
}

function facts({ steps }: CheckpointStatus): string[] {
  const lines = steps.flatMap((step) => step.facts.map(({ subject, text }) => `  ${step.name}  ${subject}: ${text}`));
  return lines.length > 0 ? ['', 'measured:', ...lines] : [];
}

function evidence({ steps }: CheckpointStatus): string[] {
  const refs = steps.flatMap((step) => step.evidence);
  return refs.length > 0 ? ['', `${refs.length} pieces of evidence:`, ...refs.map(({ digest, kind, source, sizeBytes }) => `  ${digest}  ${kind.padEnd(20)} ${String(sizeBytes).padStart(9)} B  ${source}`)] : [];
}

const numbers = (text: string): string => (text === '' ? '' : `   (${text})`);
