// Compares each finding of a countdown with the one recomputed from its evidence.
import { createHash } from 'node:crypto';
import { UnreadableEvidence } from '../../analysis/analysis.ts';
import { canonicalJson } from '../../verdict/digest.ts';
import type { EvidenceRef, Finding } from '../../verdict/finding.ts';
import type { StepStatus } from '../../verdict/countdown-status.ts';
import type { ShownStatus } from '../read-status.ts';
import { CliFailure } from '../failure.ts';
import { recomputes } from './recompute.ts';

/**
 * Result for one step. `same`: all findings are equal, byte for byte. `differs`, `unreadable`: evidence was changed, is missing, or gives
 * other findings. `nothing-to-verify`: the step could not run, or a part of its evidence could not be stored.
 */
export interface StepCheck {
  checkpoint: string;
  offset: string;
  step: string;
  result: 'same' | 'differs' | 'unreadable' | 'nothing-to-verify';
  findings: number;
  evidence: number;
  /** One per changed piece of evidence or finding that differs; empty for `same`. */
  sentences: string[];
}

type Read = (digest: string) => AsyncIterable<Uint8Array>;
type Outcome = Pick<StepCheck, 'result' | 'sentences'>;

/** `verified` only if every ended step is the same. */
export function outcomeOf(steps: readonly StepCheck[]): 'verified' | 'differs' | 'nothing-to-verify' {
  if (steps.some(({ result }) => result === 'differs' || result === 'unreadable')) return 'differs';
  return steps.length > 0 && steps.every(({ result }) => result === 'same') ? 'verified' : 'nothing-to-verify';
}

/** Checks the ended steps, one after the other. `read` returns stored bytes; their digest is checked here. */
export async function verifyFindings(status: ShownStatus, read: Read): Promise<StepCheck[]> {
  const checks: StepCheck[] = [];
  for (const checkpoint of status.checkpoints) {
    for (const step of checkpoint.steps) {
      if (step.state !== 'done' && step.state !== 'failed-to-run') continue;
      const { result, sentences } = await checkStep(step, (digest) => checked(digest, read(digest)));
      checks.push({
        checkpoint: checkpoint.name,
        offset: checkpoint.offset,
        step: step.name,
        result,
        findings: step.findings.length,
        evidence: step.evidence.length,
        sentences,
      });
    }
  }
  return checks;
}

/** Checks all pieces of evidence first, also those without findings; recomputes only if all are intact. */
async function checkStep({ type, state, findings, evidence }: StepStatus, read: Read): Promise<Outcome> {
  const damages: Outcome[] = [];
  for (const ref of evidence) damages.push(...(await damageOf(ref, read)));
  if (damages.length > 0)
    return {
      result: damages.some(({ result }) => result === 'differs') ? 'differs' : 'unreadable',
      sentences: damages.flatMap(({ sentences }) => sentences),
    };
  if (state === 'failed-to-run') return { result: 'nothing-to-verify', sentences: ['the step could not run, so nothing was measured'] };
  const recompute = Object.hasOwn(recomputes, type) ? recomputes[type] : undefined;
  if (!recompute) return { result: 'unreadable', sentences: [`this version cannot verify steps of type ${type}`] };
  const lost = lostFindings(findings);
  const unverifiable: Outcome = {
    result: 'nothing-to-verify',
    sentences: lost.map(({ message }) => `not verifiable, its evidence could not be stored: ${message}`),
  };
  if (lost.length > 0 && lost.length === findings.length) return unverifiable;
  try {
    const again = await recompute({ refs: evidence, read });
    const sentences = differences(
      findings.filter((finding) => !lost.includes(finding)),
      again,
    );
    if (sentences.length > 0) return { result: 'differs', sentences };
    return lost.length > 0 ? unverifiable : { result: 'same', sentences };
  } catch (error) {
    if (error instanceof UnreadableEvidence) return { result: 'unreadable', sentences: [error.message] };
    throw error;
  }
}

/** Findings without evidence, because the step could not store it. They cannot be recomputed. */
function lostFindings(findings: readonly Finding[]): Finding[] {
  return findings.some(({ code }) => code === 'EvidenceNotKept') ? findings.filter(({ evidence }) => evidence.length === 0) : [];
}

/** Failures of one piece; any other, such as an unreachable server, ends the whole check. */
const OF_ONE_PIECE = new Set(['NotFound', 'Damaged', 'BrokenOff', 'Internal']);

/** Damage of a stored piece, with its digest; empty if it is intact. */
async function damageOf({ digest, kind }: EvidenceRef, read: Read): Promise<Outcome[]> {
  try {
    for await (const _ of read(digest));
    return [];
  } catch (error) {
    if (error instanceof UnreadableEvidence) return [{ result: 'differs', sentences: [`${kind} ${error.message}`] }];
    if (!(error instanceof CliFailure) || !OF_ONE_PIECE.has(error.code)) throw error;
    const sentence = error.message.includes(digest) ? `${kind}: ${error.message}` : `${kind} ${digest}: ${error.message}`;
    return [{ result: error.code === 'Damaged' ? 'differs' : 'unreadable', sentences: [sentence] }];
  }
}

/** One sentence per difference in canonical JSON, order included. */
function differences(reported: readonly Finding[], again: readonly Finding[]): string[] {
  if (canonicalJson(reported) === canonicalJson(again)) return [];
  const sentences: string[] = [];
  for (let index = 0; index < Math.max(reported.length, again.length); index += 1) {
    const [was, is] = [reported[index], again[index]];
    if (was && is && canonicalJson(was) === canonicalJson(is)) continue;
    sentences.push(
      !is
        ? `reported but not in the evidence: ${named(was)}`
        : !was
          ? `in the evidence but not reported: ${named(is)}`
          : `reported: ${named(was)}; recomputed: ${named(is)}`,
    );
  }
  return sentences;
}

const named = (finding: Finding | undefined): string => (finding ? `${finding.outcome}, ${finding.message}` : 'nothing');

/** The same bytes; throws at the end if their digest is another one. */
async function* checked(digest: string, bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
  const found = `sha256:${hash.digest('hex')}`;
  if (found !== digest)
    throw new UnreadableEvidence(`the bytes have the digest ${found}`, digest, 'the store was changed after the verdict; do not trust it');
}
