// Recomputes the findings of each kind of step from its stored bytes alone, with the same pure functions in the same order.
import { buffer } from 'node:stream/consumers';
import { findingsOf } from '../../analysis/guard/judge.ts';
import { judgeDrill } from '../../analysis/drill/judge.ts';
import { readDrillRecord } from '../../analysis/drill/record.ts';
import { diagnose } from '../../analysis/diagnosis/diagnose.ts';
import { readDiagnosisRecord } from '../../analysis/diagnosis/record.ts';
import type { GuardLimits, GuardSample } from '../../analysis/guard/sample.ts';
import { EMPTY_TALLY } from '../../analysis/guard/guard-tally.ts';
import { addSample } from '../../analysis/guard/tally.ts';
import { readJsonLines } from '../../analysis/json-lines.ts';
import { judgeLoad } from '../../analysis/load-test/judge.ts';
import { readLoadPlan, summarizeLoad } from '../../analysis/load-test/summary.ts';
import type { PreflightAnswer } from '../../analysis/preflight/answers.ts';
import { judgePreflight } from '../../analysis/preflight/judge.ts';
import { judgeRuntime } from '../../analysis/runtime/judge.ts';
import { readRuntimeSamples } from '../../analysis/runtime/read-samples.ts';
import { UnreadableEvidence } from '../../analysis/analysis.ts';
import type { Finding } from '../../verdict/finding.ts';
import { judgeRollback } from '../../verdict/rollback.ts';
import { judgeLaunch } from '../../verdict/rollout.ts';
import { readRollouts } from './rollouts.ts';
import { checkWatches } from './triggers.ts';
import { empty, missing, one, type StoredEvidence } from './stored-evidence.ts';

type Recompute = (evidence: StoredEvidence) => Promise<Finding[]>;

/** By step type. Other types cannot be verified and are reported as such. */
export const recomputes: Readonly<Record<string, Recompute>> = {
  preflight: recomputePreflight,

  async loadTest(evidence) {
    const points = one(evidence, 'k6-points').digest;
    const samples = one(evidence, 'runtime-samples').digest;
    const plan = await readLoadPlan(evidence.read(points));
    if (plan === null) throw new UnreadableEvidence('the run has no limits', 'line 1', 'it was recorded by an older version; run it again');
    return [
      ...judgeLoad(await summarizeLoad(evidence.read(points), plan.limits), plan.limits, plan.stages, [points]),
      ...judgeRuntime(await readRuntimeSamples(evidence.read(samples)), { p99LimitMs: plan.limits.p99Ms, evidence: [samples] }),
    ];
  },

  async diagnosis(evidence) {
    const { digest } = one(evidence, 'diagnosis');
    const text = new TextDecoder().decode(await wholeOf(evidence.read(digest)));
    // The last good release is evidence of another countdown; no finding depends on it.
    const record = { ...readDiagnosisRecord(text), lastGood: null };
    return (await diagnose(record, evidence.read, digest)).findings;
  },

  async drill(evidence) {
    const { digest } = one(evidence, 'drill-record');
    const record = readDrillRecord(await wholeOf(evidence.read(digest)));
    await checkWatches(record, evidence);
    return judgeDrill(record, [digest]).findings;
  },

  async launch(evidence) {
    // A launch runs the quick part of preflight first; if that fails, there is nothing else.
    const preflight = evidence.refs.some(({ kind }) => kind === 'preflight-answers') ? await recomputePreflight(evidence) : [];
    if (preflight.some(({ outcome }) => outcome !== 'pass')) return preflight;
    return [...preflight, ...(await recomputeRollout(evidence))];
  },

  async rollback(evidence) {
    const { target, image, rollout, proof } = await readRollouts(evidence);
    return judgeRollback(`${target.namespace}/${target.deployment} back to ${image}`, rollout?.saw ?? null, proof?.saw ?? null, {
      rollbackMs: rollout?.asked.timeoutMs ?? 0,
      healthMs: proof?.asked.timeoutMs ?? 0,
      startedAfterMs: rollout?.asked.startedAfterMs ?? null,
    });
  },

  async guard(evidence) {
    const parts = evidence.refs.filter(({ kind }) => kind === 'prometheus-samples');
    const [first] = parts;
    if (!first) throw missing('prometheus-samples');
    let tally = EMPTY_TALLY;
    let limits: GuardLimits | null = null;
    // Part by part, so that the samples of a day are never in memory at once.
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

/** Records of one step: a few MiB at most. */
const wholeOf = async (bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> => new Uint8Array(await buffer(bytes));

async function recomputePreflight(evidence: StoredEvidence): Promise<Finding[]> {
  const { digest } = one(evidence, 'preflight-answers');
  const [record] = (await readJsonLines(evidence.read(digest))) as { answers: PreflightAnswer[] }[];
  if (!record) throw empty(digest);
  return judgePreflight(record.answers, [digest]);
}

async function recomputeRollout(evidence: StoredEvidence): Promise<Finding[]> {
  const { target, rollout, proof } = await readRollouts(evidence);
  return judgeLaunch(target, {
    rollout: rollout?.saw ?? null,
    proof: proof?.saw ?? null,
    healthMs: proof?.asked.timeoutMs ?? 0,
    tested: proof?.asked.testedImageIds ?? null,
  });
}
