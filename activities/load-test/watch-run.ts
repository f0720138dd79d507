// The watch over a running load test: heartbeats, profiles at the first breach, an end to a hopeless run and to a k6 that hangs.
import { breaches, requestsStillToCome } from '../../analysis/load-test/hopeless.ts';
import { offeredIterations, plannedSeconds } from '../../analysis/load-test/plan.ts';
import { GRACEFUL_STOP_SECONDS, type LoadPlan } from '../../analysis/load-test/run-record.ts';
import type { LoadAccumulator } from '../../analysis/load-test/summary.ts';
import type { RuntimeSample } from '../../analysis/runtime/sample.ts';
import type { EvidenceRef, Fact } from '../../verdict/finding.ts';
import { failpoint } from '../failpoint.ts';
import { GOROUTINE_GAP_MS } from '../profiles/capture.ts';
import type { LoadTestInput } from '../steps-contract.ts';
import { deliveryMeter } from './delivery-meter.ts';
import type { K6Process } from './k6-run.ts';
import type { LoadTestWorld, RunControl } from './world.ts';
import { profilePods } from './profile-pods.ts';

/** Often enough for a heartbeat timeout of 15 s, and for people who watch. */
export const HEARTBEAT_EVERY_MS = 2_000;
/** A breach is seen within this; looking takes about 0.1 ms per endpoint. */
const LOOK_EVERY_MS = 500;
/** After the load has ended a profile shows an idle service; this much is left for one that is nearly done, within the 5 s to the verdict. */
const PROFILES_GRACE_MS = 3_000;
/**
 * The load goes on for the profiles of a hopeless run, which show nothing without it: for the CPU profile, or the two goroutine profiles if
 * these are further apart, and this much for the rest: on a node without a free processor profiles of 10 s took 13.5. A service that is
 * too busy to give them does not keep the run going.
 */
const PROFILES_REST_MS = 5_000;
/** k6 may need this to load its script and make its virtual users. A k6 that runs longer than plan, grace and this hangs and is ended. */
const START_UP_MS = 60_000;
/** Late enough for a warm service, early enough for profiles of 20 s to end before a load of 30 s does. */
const PROFILES_AT_SHARE = 1 / 3;

export interface RunWatch {
  stopped(): 'hopeless' | null;
  /** Profiles taken, once all is settled. */
  finish(): Promise<{ evidence: EvidenceRef[]; facts: Fact[] }>;
  abandon(): void;
}

/** Heartbeats, profiles at the first breach, stop when hopeless, end on cancellation or when k6 hangs. */
export function watchRun(
  k6: K6Process,
  live: LoadAccumulator,
  plan: LoadPlan,
  samples: readonly RuntimeSample[],
  input: LoadTestInput,
  world: LoadTestWorld,
  control: RunControl,
): RunWatch {
  const meter = deliveryMeter(plan.stages, live);
  const profilesEnd = new AbortController();
  let profiles: Promise<{ evidence: EvidenceRef[]; facts: Fact[] }> | null = null;
  let profilesDone = false;
  let profilesEnoughMs = Infinity;
  const profilesTakeMs = Math.max(input.step.cpuProfileMs, world.goroutineGapMs ?? GOROUTINE_GAP_MS) + PROFILES_REST_MS;
  const profilesDueMs = performance.now() + plannedSeconds(plan.stages) * 1_000 * PROFILES_AT_SHARE;
  let stopped: 'hopeless' | null = null;

  const look = (): void => {
    if (stopped) return;
    meter.tick();
    const found = breaches(live.live(), plan.limits, stillToCome(live, plan));
    const due = input.step.profiles === 'always' && performance.now() >= profilesDueMs;
    if (found.length === 0 && !due) return;
    const why = found.length > 0 ? 'while a limit was broken' : 'in the middle of the run';
    if (profiles === null) {
      const begins = (): void => void (profilesEnoughMs = performance.now() + profilesTakeMs);
      begins();
      // Anew once the pods are known, for listing them may take seconds on a node without a free processor.
      profiles = profilePods(samples, input, world, { why, begins, signal: profilesEnd.signal }).finally(() => (profilesDone = true));
      // Told to whoever awaits finish(); until then it must not count as unhandled.
      profiles.catch(() => undefined);
    }
    if ((profilesDone || performance.now() >= profilesEnoughMs) && found.some((breach) => breach.hopeless)) {
      stopped = 'hopeless';
      void k6.stop();
    }
  };
  const beats = setInterval(() => {
    void failpoint('load-test.running');
    control.heartbeat(meter.progress());
  }, HEARTBEAT_EVERY_MS);
  const looks = setInterval(look, LOOK_EVERY_MS);
  const hangsAfterMs = (plannedSeconds(plan.stages) + GRACEFUL_STOP_SECONDS) * 1_000 + START_UP_MS;
  const hangs = setTimeout(() => k6.kill(), hangsAfterMs);
  control.signal.addEventListener('abort', k6.kill);
  control.heartbeat(meter.progress());
  void k6.ended.then(() => {
    clearInterval(looks);
    clearTimeout(hangs);
  });

  return {
    stopped: () => stopped,
    async finish() {
      const grace = setTimeout(() => profilesEnd.abort(), PROFILES_GRACE_MS);
      const taken = await (profiles ?? { evidence: [], facts: [] });
      clearTimeout(grace);
      return taken;
    },
    abandon() {
      clearInterval(beats);
      clearInterval(looks);
      clearTimeout(hangs);
      control.signal.removeEventListener('abort', k6.kill);
      profilesEnd.abort();
    },
  };
}

/** The most requests the plan still holds: those of the iterations that neither ended nor were dropped. */
function stillToCome(live: LoadAccumulator, { stages }: LoadPlan): number {
  return requestsStillToCome(Math.ceil(offeredIterations(stages)) - live.iterations - live.dropped, live);
}
