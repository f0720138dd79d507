// What each kind of step found, made again from the bytes it stored and from nothing else: the same pure judges, the same order.
import { findingsOf } from '../../analysis/guard/judge.ts';
import { diagnose } from '../../analysis/diagnosis/diagnose.ts';
import { readDiagnosisRecord } from '../../analysis/diagnosis/record.ts';
import type { GuardLimits, GuardSample } from '../../analysis/guard/sample.ts';
import { addSample, EMPTY_TALLY } from '../../analysis/guard/tally.ts';
import { readJsonLines } from '../../analysis/json-lines.ts';
import { judgeLoad } from '../../analysis/load-test/judge.ts';
import { readLoadPlan, summarizeLoad } from '../../analysis/load-test/summary.ts';
import type { PreflightAnswer } from '../../analysis/preflight/answers.ts';
import { judgePreflight } from '../../analysis/preflight/judge.ts';
import { judgeRuntime } from '../../analysis/runtime/judge.ts';
import { readRuntimeSamples } from '../../analysis/runtime/read-samples.ts';
import { UnreadableEvidence } from '../../analysis/analysis.ts';
import type { EvidenceRef, Finding } from '../../verdict/finding.ts';
import { judgeRollback } from '../../verdict/rollback.ts';
import { judgeRollout, judgeVersion, type RolloutFacts, type VersionFacts } from '../../verdict/rollout.ts';

export interface StoredEvidence {
  refs: readonly EvidenceRef[];
  /** The bytes under a digest, checked against it. */
  read: (digest: string) => AsyncIterable<Uint8Array>;
}

type Recompute = (evidence: StoredEvidence) => Promise<Finding[]>;

/** By the type of the step. A step that is not here cannot be verified, and is told as such. */
export const recomputes: Readonly<Record<string, Recompute>> = {
  async preflight(evidence) {
    const { digest } = one(evidence, 'preflight-answers');
    const [record] = (await readJsonLines(evidence.read(digest))) as { answers: PreflightAnswer[] }[];
    if (!record) throw empty(digest);
    return judgePreflight(record.answers, [digest]);
  },

  async loadTest(evidence) {
    const points = one(evidence, 'k6-points').digest;
    const samples = one(evidence, 'runtime-samples').digest;
    const plan = await readLoadPlan(evidence.read(points));
    if (plan === null)
      throw new UnreadableEvidence(
        'the run does not say what it was judged by',
        'line 1',
        'it was recorded by an older version; run it again',
      );
    return [
      ...judgeLoad(await summarizeLoad(evidence.read(points), plan.limits), plan.limits, plan.stages, [points]),
      ...judgeRuntime(await readRuntimeSamples(evidence.read(samples)), { p99LimitMs: plan.limits.p99Ms, evidence: [samples] }),
    ];
  },

  async analysis(evidence) {
    const { digest } = one(evidence, 'diagnosis');
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of evidence.read(digest)) text += decoder.decode(chunk, { stream: true });
    // What it was compared with is another countdown's evidence, and no finding rests on it.
    const record = { ...readDiagnosisRecord(text), lastGood: null };
    return (await diagnose(record, evidence.read, digest)).findings;
  },

  async launch(evidence) {
    const { rollout, proof } = await readRollouts(evidence);
    const launched = judgeRollout(rollout.asked.target, rollout.saw);
    return proof === null ? [launched] : [launched, judgeVersion(proof.asked.target, proof.saw, proof.asked.timeoutMs)];
  },

  async rollback(evidence) {
    const { rollout, proof } = await readRollouts(evidence);
    if (proof === null) throw empty(rollout.digest);
    const { target, image } = rollout.asked;
    return judgeRollback(`${target.namespace}/${target.deployment} back to ${image}`, rollout.saw, proof.saw, {
      rollbackMs: rollout.asked.timeoutMs,
      healthMs: proof.asked.timeoutMs,
      startedAfterMs: rollout.asked.startedAfterMs ?? null,
    });
  },

  async guard(evidence) {
    const parts = evidence.refs.filter(({ kind }) => kind === 'prometheus-samples');
    const [first] = parts;
    if (!first) throw missing('prometheus-samples');
    let tally = EMPTY_TALLY;
    let limits: GuardLimits | null = null;
    // Part by part, so that a watch of a day is never held whole.
    for (const [index, { digest }] of parts.entries()) {
      const [head, ...samples] = (await readJsonLines(evidence.read(digest))) as [{ limits: GuardLimits; part: number }, ...GuardSample[]];
      if (!head?.limits) throw empty(digest);
      if (head.part !== index + 1)
        throw new UnreadableEvidence(`part ${index + 1} of the samples is missing`, digest, 'run the step again');
      limits = head.limits;
      for (const sample of samples) tally = addSample(tally, sample, head.limits);
    }
    if (limits === null) throw empty(first.digest);
    return findingsOf(
      tally,
      limits,
      parts.map(({ digest }) => digest),
    );
  },
};

interface Asked {
  target: { namespace: string; deployment: string };
  image: string;
  timeoutMs: number;
  startedAfterMs?: number | null;
}

interface Rollouts {
  rollout: { digest: string; asked: Asked; saw: RolloutFacts };
  proof: { asked: Asked; saw: VersionFacts } | null;
}

/** The watched rollout, and the proof that one version serves where it came to that: both say first what was asked and last what was seen. */
async function readRollouts({ refs, read }: StoredEvidence): Promise<Rollouts> {
  const [watched, proven] = refs.filter(({ kind }) => kind === 'rollout-events');
  if (!watched) throw missing('rollout-events');
  const rollout = await readAskedAndSeen(read(watched.digest), watched.digest);
  const proof = proven && (await readAskedAndSeen(read(proven.digest), proven.digest));
  return {
    rollout: {
      digest: watched.digest,
      asked: rollout.asked,
      saw: { ...(rollout.saw as Omit<RolloutFacts, 'evidence'>), evidence: [watched] },
    },
    proof: proof && proven ? { asked: proof.asked, saw: { ...(proof.saw as Omit<VersionFacts, 'evidence'>), evidence: [proven] } } : null,
  };
}

async function readAskedAndSeen(bytes: AsyncIterable<Uint8Array>, digest: string): Promise<{ asked: Asked; saw: object }> {
  const lines = (await readJsonLines(bytes)) as { asked?: Asked; saw?: object }[];
  const [asked, saw] = [lines[0]?.asked, lines.at(-1)?.saw];
  if (!asked || !saw) throw empty(digest);
  return { asked, saw };
}

function one({ refs }: StoredEvidence, kind: EvidenceRef['kind']): EvidenceRef {
  const found = refs.filter((ref) => ref.kind === kind);
  if (!found[0]) throw missing(kind);
  if (found.length > 1)
    throw new UnreadableEvidence(`${found.length} pieces of ${kind}, where one was expected`, 'the step', 'run it again');
  return found[0];
}

const missing = (kind: string): UnreadableEvidence =>
  new UnreadableEvidence(`the step left no ${kind}`, 'the step', 'its findings cannot be made again; run it again');
const empty = (digest: string): UnreadableEvidence =>
  new UnreadableEvidence('the record is not whole', digest, 'it was written by an older version, or cut off; run the step again');
