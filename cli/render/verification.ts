// `tminus verify`: one line per step, and its mismatches below.
import { outcomeOf, type StepCheck } from '../verify/verify.ts';
import { mark, paint, type Style, type Tone } from './words.ts';

const toneOf: Record<StepCheck['result'], Tone> = { same: 'good', differs: 'bad', unreadable: 'bad', 'nothing-to-verify': 'hold' };

export function renderVerification(countdown: string, steps: readonly StepCheck[], style: Style): string {
  if (steps.length === 0) return `${countdown}   no step has ended yet, so there is nothing to verify`;
  const width = Math.max(...steps.map((step) => placeOf(step).length));
  const same = steps.filter(({ result }) => result === 'same').length;
  const wrong = steps.filter(({ result }) => toneOf[result] === 'bad').length;
  const findings = steps.reduce((sum, step) => sum + (step.result === 'same' ? step.findings : 0), 0);
  return [
    ...steps.flatMap((step) => [
      `${paint(mark(toneOf[step.result], style), toneOf[step.result], style)} ${placeOf(step).padEnd(width)}   ${resultText(step)}`,
      ...step.sentences.map((sentence) => `    ${sentence}`),
    ]),
    {
      verified: `verified: ${findings} findings of ${countdown} match the ones recomputed from the evidence, byte for byte`,
      differs: `NOT VERIFIED: ${wrong} of ${steps.length} steps of ${countdown} differ from their evidence`,
      'nothing-to-verify': `NOT VERIFIED: ${steps.length - same} of ${steps.length} steps of ${countdown} have nothing to verify; the others match`,
    }[outcomeOf(steps)],
  ].join('\n');
}

const placeOf = ({ offset, checkpoint, step }: StepCheck): string => `${offset} ${checkpoint}/${step}`;

function resultText({ result, findings, evidence, sentences }: StepCheck): string {
  if (result === 'same') return `${count(findings, 'finding')} from ${count(evidence, 'piece')} of evidence: match`;
  if (result === 'differs') return `mismatch: ${count(sentences.length, 'difference')} in ${count(findings, 'finding')} and their evidence`;
  return result === 'unreadable' ? 'its findings cannot be recomputed' : 'nothing to verify';
}

const count = (number: number, thing: string): string => `${number} ${thing}${number === 1 ? '' : 's'}`;
