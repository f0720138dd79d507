// Whether the Go runtime of the pods handled the load. Every signal is judged: within its limit, beyond it, or unknown, which is never a
// pass.
import { builders, fail, inconclusive, pass, type Finding } from '../../verdict/finding.ts';
import { count, duration, measured } from '../../verdict/wording/index.ts';
import { judgePool } from './judge-pool.ts';
import { samplesByPod } from './pods.ts';
import type { RuntimeSample } from './sample.ts';
import { notExported, SIGNALS, type PodSamples, type Reading, type Signal } from './signals.ts';

/** Uber's LeakProf reports 10,000 goroutines blocked at one place; 5,000 in a whole process is the stricter limit. */
const GOROUTINES_LIMIT = 5_000;
/** A burst is not a leak: the count must stay above the limit for this many samples in a row, and this long. */
const LASTING_SAMPLES = 3;
const LASTING_MS = 10_000;
/** Share of samples that must be readable: a pod too busy to answer may be the one with the problem. */
const READ_SHARE = 0.5;
/** Pods named in one message; the others are counted. */
const PODS_NAMED = 3;

export interface JudgeRuntimeOptions {
  /** General p99 limit of the load test; pool wait times are compared with it. */
  p99LimitMs: number;
  /** Digests of the samples. */
  evidence?: string[];
}

/**
 * Judges the samples of one load test: goroutines, GC CPU and pauses, scheduler latency, memory, pgx pools. Broken limits are reported per
 * pod; kept ones once, by the highest pod. A pod with too few readable samples is RuntimeUnknown: it may fail, and never passes.
 */
export function judgeRuntime(samples: readonly RuntimeSample[], { p99LimitMs, evidence = [] }: JudgeRuntimeOptions): Finding[] {
  const pods = [...samplesByPod(samples)].map(([name, own]): PodSamples => ({
    name,
    samples: own,
    read: own.filter(({ unread }) => unread === null),
  }));
  const read = pods.filter((pod) => pod.read.length > 0);
  if (read.length === 0) {
    const reason = samples.find(({ unread }) => unread !== null)?.unread ?? 'no pod was found';
    return [unknown('runtime', `no runtime sample of any pod could be read during the load test: ${reason}`, evidence)];
  }
  const missing = notExported(read.flatMap((pod) => pod.read));
  const signals = SIGNALS.filter((signal) => !missing.includes(signal));
  return [...judgeGoroutines(pods), ...signals.flatMap((signal) => judgeSignal(signal, read)), ...judgePools(read, p99LimitMs)].map(
    (finding) => ({ ...finding, evidence }),
  );
}

const isWatched = ({ samples, read }: PodSamples): boolean => read.length > 0 && read.length >= READ_SHARE * samples.length;

function judgeGoroutines(pods: readonly PodSamples[]): Finding[] {
  const beyond: Finding[] = [];
  const within: { name: string; max: number }[] = [];
  for (const pod of pods) {
    const { name, samples, read } = pod;
    const reported = read.filter(({ goroutines }) => goroutines !== null);
    const stays = lasting(reported);
    if (stays !== null) {
      const message = `pod ${name} kept at least ${count(stays)} goroutines for over ${duration(LASTING_MS)}, limit ${count(GOROUTINES_LIMIT)}`;
      beyond.push(fail('GoroutinesHigh', `pod ${name}`, message, { measured: stays, limit: GOROUTINES_LIMIT, unit: 'goroutines' }));
    }
    const unread = samples.find((each) => each.unread !== null)?.unread;
    if (!isWatched(pod)) {
      const message = `${read.length} of ${samples.length} samples of pod ${name} could be read, too few to judge its Go runtime: ${unread}`;
      beyond.push(unknown(`pod ${name}`, message));
    } else if (stays === null && (reported.length === 0 || reported.length < READ_SHARE * samples.length)) {
      const reason = unread ?? '/metrics has no go_goroutines, or more than one';
      const message = `pod ${name} reported its goroutines in ${reported.length} of ${samples.length} samples: ${reason}`;
      beyond.push(unknown(`pod ${name}`, message));
    } else if (stays === null) within.push({ name, max: Math.max(...reported.map(({ goroutines }) => goroutines as number)) });
  }
  const [highest] = within.sort((a, b) => b.max - a.max);
  if (highest === undefined) return beyond;
  const message =
    `at most ${highest.max} goroutines in pod ${highest.name}${ofPods(within.length)}, ` +
    `never above ${count(GOROUTINES_LIMIT)} for ${duration(LASTING_MS)}`;
  return [
    ...beyond,
    pass('GoroutinesWithinLimit', 'goroutines', message, { measured: highest.max, limit: GOROUTINES_LIMIT, unit: 'goroutines' }),
  ];
}

/** Lowest count of the last period above the limit that lasted; null without one. An unread sample does not end a period. */
function lasting(reported: readonly RuntimeSample[]): number | null {
  let stretch: RuntimeSample[] = [];
  let found: number | null = null;
  for (const sample of reported) {
    stretch = (sample.goroutines as number) > GOROUTINES_LIMIT ? [...stretch, sample] : [];
    const spanMs = stretch.length === 0 ? 0 : Date.parse(sample.at) - Date.parse((stretch[0] as RuntimeSample).at);
    if (stretch.length >= LASTING_SAMPLES && spanMs >= LASTING_MS) found = Math.min(...stretch.map((each) => each.goroutines as number));
  }
  return found;
}

function judgeSignal(signal: Signal, pods: readonly PodSamples[]): Finding[] {
  const { subject, codes, beyondIs, limit, unit } = signal;
  const known: { pod: string; reading: Reading }[] = [];
  const open: { pod: string; reason: string }[] = [];
  for (const pod of pods) {
    const reading = signal.read(pod);
    if (typeof reading === 'string') {
      if (isWatched(pod)) open.push({ pod: pod.name, reason: reading });
    } else if (reading.beyond || isWatched(pod)) known.push({ pod: pod.name, reading });
  }
  const beyond = known
    .filter(({ reading }) => reading.beyond)
    .map(({ pod, reading }) =>
      builders[beyondIs](codes.beyond, `${subject} of pod ${pod}`, `pod ${pod}: ${reading.message}`, {
        measured: measured(reading.measured),
        limit,
        unit,
      }),
    );
  const within = known.filter(({ reading }) => !reading.beyond).sort((a, b) => b.reading.measured - a.reading.measured);
  const [worst] = within;
  if (worst !== undefined) {
    const message = `pod ${worst.pod}${ofPods(within.length)}: ${worst.reading.message}`;
    // Memory below GROWTH_BYTES may double and pass: then the factor is not the limit that was applied.
    const held = worst.reading.measured <= limit ? limit : null;
    beyond.push(pass(codes.within, subject, message, { measured: measured(worst.reading.measured), limit: held, unit }));
  }
  const [first] = open;
  if (first !== undefined) {
    const message = `${subject} of ${named(open.map(({ pod }) => pod))} is unknown: ${first.reason}`;
    beyond.push(inconclusive(codes.unknown, subject, message, { limit, unit }));
  }
  return beyond;
}

/** A pool fails by the samples of any pod; it passes only by those of watched pods. */
function judgePools(pods: readonly PodSamples[], p99LimitMs: number): Finding[] {
  const judged = (some: readonly PodSamples[]): Finding[] =>
    judgePool(
      some.flatMap(({ read }) => read),
      p99LimitMs,
    );
  const beyond = judged(pods).filter(({ outcome }) => outcome === 'fail');
  const others = judged(pods.filter(isWatched)).filter(({ subject }) => !beyond.some((failed) => failed.subject === subject));
  return [...beyond, ...others].sort((a, b) => (a.subject < b.subject ? -1 : 1));
}

const ofPods = (pods: number): string => (pods > 1 ? ` (highest of ${pods} pods)` : '');

function named(pods: readonly string[]): string {
  const more = pods.length - PODS_NAMED;
  return `${pods.length === 1 ? 'pod' : 'pods'} ${pods.slice(0, PODS_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function unknown(subject: string, message: string, evidence: string[] = []): Finding {
  return { ...inconclusive('RuntimeUnknown', subject, message, { limit: GOROUTINES_LIMIT, unit: 'goroutines' }), evidence };
}
