// Chooses the pods under load to profile, and reports the choice as a fact.
import { podsAtFault } from '../../analysis/runtime/at-fault.ts';
import type { RuntimeSample } from '../../analysis/runtime/sample.ts';
import type { EvidenceRef, Fact } from '../../verdict/finding.ts';
import { captureProfiles } from '../profiles/capture.ts';
import type { LoadTestInput } from '../steps-contract.ts';
import type { LoadTestDependencies } from './dependencies.ts';
import type { SampledPod } from './runtime-sampler.ts';

/** Three pods are representative; more profiles would only cost the service CPU. */
const MAX_PROFILED_PODS = 3;

export interface Profiling {
  /** `while a limit was broken`, for the fact. */
  reason: string;
  /** Called when the pods are listed and profiling starts. */
  begins: () => void;
  signal: AbortSignal;
}

/** Profiles the pods under load; of many, those whose runtime metrics stand out. */
export async function profilePods(
  samples: readonly RuntimeSample[],
  input: LoadTestInput,
  dependencies: LoadTestDependencies,
  { reason, begins, signal }: Profiling,
): Promise<{ evidence: EvidenceRef[]; facts: Fact[] }> {
  let pods: readonly SampledPod[];
  try {
    pods = await dependencies.listPods(input.staging);
  } catch (cause) {
    return {
      evidence: [],
      facts: [{ subject: 'profiles', text: `no profiles: the pods cannot be listed: ${(cause as Error).message}`, values: {} }],
    };
  }
  const { namespace } = input.staging;
  const options = {
    store: dependencies.store,
    pprofPort: dependencies.pprofPort,
    cpuSeconds: Math.max(1, Math.round(input.step.cpuProfileMs / 1_000)),
    signal,
    ...(dependencies.goroutineGapMs === undefined ? {} : { goroutineGapMs: dependencies.goroutineGapMs }),
  };
  const atFault = podsAtFault(
    pods.map(({ name }) => name),
    samples,
    MAX_PROFILED_PODS,
  );
  begins();
  const chosen = pods.filter(({ name }) => atFault.pods.includes(name));
  const taken = await Promise.all(chosen.map((pod) => captureProfiles({ ...pod, namespace }, options)));
  const evidence = taken.flatMap((each) => each.evidence);
  const which =
    pods.length === 1
      ? 'the only pod'
      : chosen.length === pods.length
        ? `all ${pods.length} pods`
        : `${chosen.length} of ${pods.length} pods, ${atFault.reason}`;
  const text = pods.length === 0 ? 'no profiles: no pod was found' : `${evidence.length} profiles of ${which}, captured ${reason}`;
  return {
    evidence,
    facts: [
      { subject: 'profiles', text, values: { profiles: evidence.length, pods: chosen.length } },
      ...taken.flatMap((each) => each.facts),
    ],
  };
}
