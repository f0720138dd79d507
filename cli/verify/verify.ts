// Every finding of a countdown against the one that its evidence gives when it is judged again.
import { createHash } from 'node:crypto';
import { UnreadableEvidence } from '../../analysis/analysis.ts';
import { canonicalJson } from '../../verdict/canonical-json.ts';
import type { Finding } from '../../verdict/finding.ts';
import type { CountdownStatus, StepStatus } from '../../workflows/messages.ts';
import { recomputes } from './recompute.ts';

/** What came of one step. `same`: every finding byte for byte; `differs` and `unreadable` mean that its verdict cannot be trusted. */
export interface StepCheck {
  checkpoint: string;
  offset: string;
  step: string;
  result: 'same' | 'differs' | 'unreadable' | 'nothing-measured';
  findings: number;
  evidence: number;
  /** Empty when the same. One per finding that differs, or why the evidence cannot be read. */
  sentences: string[];
}

/** Checks the steps that have ended, one after the other. `read` answers stored bytes, unchecked. */
export async function verifyFindings(status: CountdownStatus, read: (digest: string) => AsyncIterable<Uint8Array>): Promise<StepCheck[]> {
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

async function checkStep(
  { type, state, findings, evidence }: StepStatus,
  read: (digest: string) => AsyncIterable<Uint8Array>,
): Promise<Pick<StepCheck, 'result' | 'sentences'>> {
  if (state === 'failed-to-run') return { result: 'nothing-measured', sentences: ['the step could not run, so nothing was measured'] };
  const recompute = Object.hasOwn(recomputes, type) ? recomputes[type] : undefined;
  if (!recompute) return { result: 'unreadable', sentences: [`this version cannot judge a step of type ${type} again`] };
  try {
    const again = await recompute({ refs: evidence, read });
    const sentences = differences(findings, again);
    return { result: sentences.length === 0 ? 'same' : 'differs', sentences };
  } catch (error) {
    if (error instanceof UnreadableEvidence) return { result: 'unreadable', sentences: [error.message] };
    throw error;
  }
}

/** One sentence per finding that is not the same, byte for byte in canonical JSON; empty also means the same order. */
function differences(told: readonly Finding[], again: readonly Finding[]): string[] {
  if (canonicalJson(told) === canonicalJson(again)) return [];
  const sentences: string[] = [];
  for (let index = 0; index < Math.max(told.length, again.length); index += 1) {
    const [was, is] = [told[index], again[index]];
    if (was && is && canonicalJson(was) === canonicalJson(is)) continue;
    sentences.push(
      !is
        ? `told but not in the evidence: ${named(was)}`
        : !was
          ? `in the evidence but not told: ${named(is)}`
          : `told: ${named(was)}; by the evidence: ${named(is)}`,
    );
  }
  return sentences;
}

const named = (finding: Finding | undefined): string => (finding ? `${finding.outcome}, ${finding.message}` : 'nothing');

/** Passes bytes on and throws at their end when they are not those of the digest. */
async function* checked(digest: string, bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
  const found = `sha256:${hash.digest('hex')}`;
  if (found !== digest)
    throw new UnreadableEvidence(`the bytes are those of ${found}`, digest, 'the store was changed after the verdict; do not trust it');
}
