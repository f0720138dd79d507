// Which pods under load are profiled, and what is told of it.
import { podsAtFault } from '../../analysis/runtime/at-fault.ts';
import type { RuntimeSample } from '../../analysis/runtime/sample.ts';
import type { EvidenceRef, Fact } from '../../verdict/finding.ts';
import { captureProfiles } from '../profiles/capture.ts';
import type { LoadTestInput } from '../steps-contract.ts';
import type { LoadTestWorld } from './world.ts';
import type { SampledPod } from './runtime-sampler.ts';

/** Profiles of three pods show what all do; more would only cost the service CPU. */
const PROFILED_PODS_LIMIT = 3;

export interface Profiling {
  /** When they are taken, as the fact about them says it. */
  why: string;
  /** Called when the pods are known and their profiles begin. */
  begins: () => void;
  signal: AbortSignal;
}

/** Profiles of the pods under load; of many, those whose own figures make them stand out. */
export async function profilePods(
  samples: readonly RuntimeSample[],
  input: LoadTestInput,
  world: LoadTestWorld,
  { why, begins, signal }: Profiling,
): Promise<{ evidence: EvidenceRef[]; facts: Fact[] }> {
  let pods: readonly SampledPod[];
  try {
    pods = await world.listPods(input.staging);
  } catch (cause) {
    return {
      evidence: [],
      facts: [{ subject: 'profiles', text: `no profiles: the pods cannot be listed: ${(cause as Error).message}`, values: {} }],
    };
  }
  const { namespace } = input.staging;
  const options = {
    store: world.store,
    pprofPort: world.pprofPort,
    cpuSeconds: Math.max(1, Math.round(input.step.cpuProfileMs / 1_000)),
    signal,
    ...(world.goroutineGapMs === undefined ? {} : { goroutineGapMs: world.goroutineGapMs }),
  };
  const atFault = podsAtFault(
    pods.map(({ name }) => name),
    samples,
    PROFILED_PODS_LIMIT,
  );
  begins();
  const chosen = pods.filter(({ name }) => atFault.pods.includes(name));
  const taken = await Promise.all(chosen.map((pod) => captureProfiles({ ...pod, namespace }, options)));
  const evidence = taken.flatMap((each) => each.evidence);
  const which =
    pods.length === 1
      ? 'the one pod'
      : chosen.length === pods.length
        ? `all ${pods.length} pods`
        : `${chosen.length} of ${pods.length} pods, ${atFault.reason}`;
  const text = pods.length === 0 ? 'no profiles: no pod was found' : `${evidence.length} profiles of ${which}, taken ${why}`;
  return {
    evidence,
    facts: [
      { subject: 'profiles', text, values: { profiles: evidence.length, pods: chosen.length } },
      ...taken.flatMap((each) => each.facts),
    ],
  };
}
