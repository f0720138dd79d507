// Whether the Go runtime of the pods bore the load. Every signal is judged: within its limit, beyond it, or not known, which is never a pass.
import { builders, fail, inconclusive, pass, type Finding, type FindingCode } from '../../verdict/finding.ts';
import { relative } from '../statistics/rounding.ts';
import { judgePool } from './judge-pool.ts';
import { looksByPod } from './pods.ts';
import type { RuntimeSample } from './sample.ts';
import { SIGNALS, untold, type PodLooks, type Reading, type Signal } from './signals.ts';

/** Above this a service leaks or piles up work; Uber's LeakProf looks at 10,000 at one place, so 5,000 in one process is the stricter gate. */
const GOROUTINES_LIMIT = 5_000;
/** A burst is no leak: it lasts when this many samples in a row, and this long, are above. */
const LASTING_SAMPLES = 3;
const LASTING_MS = 10_000;
/** A pod that answered fewer of its looks than this share was not watched: one too busy to answer is the one in trouble. */
const READ_SHARE = 0.5;
/** Pods named in one sentence; the others are counted. */
const PODS_NAMED = 3;

export interface JudgeRuntimeOptions {
  /** What the pool's waits are held against: the general p99 limit of the load test. */
  p99LimitMs: number;
  /** Digests the samples were read from. */
  evidence?: string[];
}

/**
 * Judges the samples of one load test: goroutines, the collector's CPU and pauses, waits for a processor, memory, the pgx pool. What is beyond
 * its limit is told per pod, what is within it once, by the worst pod. A pod that was not watched is RuntimeUnknown as a whole: it may fail, and
 * is no part of what passes. Pools are judged where any pod tells of one, and so is a signal; those that none tells are facts of `summarizeRuntime`.
 */
export function judgeRuntime(samples: readonly RuntimeSample[], { p99LimitMs, evidence = [] }: JudgeRuntimeOptions): Finding[] {
  const pods = [...looksByPod(samples)].map(([name, looks]): PodLooks => ({
    name,
    looks,
    read: looks.filter(({ unread }) => unread === null),
  }));
  const read = pods.filter((pod) => pod.read.length > 0);
  if (read.length === 0) {
    const why = samples.find(({ unread }) => unread !== null)?.unread ?? 'no pod was found';
    return [unknown('runtime', `the Go runtime of no pod could be read while the load ran: ${why}`, evidence)];
  }
  const silent = untold(read.flatMap((pod) => pod.read));
  const signals = SIGNALS.filter((signal) => !silent.includes(signal));
  return [...judgeGoroutines(pods), ...signals.flatMap((signal) => judgeSignal(signal, read)), ...judgePools(read, p99LimitMs)].map(
    (finding) => ({ ...finding, evidence }),
  );
}

const isWatched = ({ looks, read }: PodLooks): boolean => read.length > 0 && read.length >= READ_SHARE * looks.length;

function judgeGoroutines(pods: readonly PodLooks[]): Finding[] {
  const beyond: Finding[] = [];
  const within: { name: string; most: number }[] = [];
  for (const pod of pods) {
    const { name, looks, read } = pod;
    const told = read.filter(({ goroutines }) => goroutines !== null);
    const stays = lasting(told);
    if (stays !== null) {
      const message = `pod ${name} kept at least ${stays} goroutines for over ${LASTING_MS / 1_000} s, limit ${GOROUTINES_LIMIT}`;
      beyond.push(fail('GoroutinesHigh', `pod ${name}`, message, { measured: stays, limit: GOROUTINES_LIMIT, unit: 'goroutines' }));
    }
    const unread = looks.find((each) => each.unread !== null)?.unread;
    if (!isWatched(pod)) {
      const message = `pod ${name} was read in ${read.length} of ${looks.length} looks, so how its Go runtime bore the load is not known: ${unread}`;
      beyond.push(unknown(`pod ${name}`, message));
    } else if (stays === null && (told.length === 0 || told.length < READ_SHARE * looks.length)) {
      const reason = unread ?? 'its /metrics has no go_goroutines, or more than one';
      const message = `the goroutines of pod ${name} were told in ${told.length} of ${looks.length} looks: ${reason}`;
      beyond.push(unknown(`pod ${name}`, message));
    } else if (stays === null) within.push({ name, most: Math.max(...told.map(({ goroutines }) => goroutines as number)) });
  }
  const [worst] = within.sort((a, b) => b.most - a.most);
  if (worst === undefined) return beyond;
  const message = `at most ${worst.most} goroutines in pod ${worst.name}${ofPods(within.length)}, and never over ${GOROUTINES_LIMIT} for long`;
  return [
    ...beyond,
    pass('GoroutinesWithinLimit', 'goroutines', message, { measured: worst.most, limit: GOROUTINES_LIMIT, unit: 'goroutines' }),
  ];
}

/** Least number over the longest stretch above the limit that lasted; null when none did. A look that was not read does not end a stretch. */
function lasting(told: readonly RuntimeSample[]): number | null {
  let stretch: RuntimeSample[] = [];
  let found: number | null = null;
  for (const sample of told) {
    stretch = (sample.goroutines as number) > GOROUTINES_LIMIT ? [...stretch, sample] : [];
    const spanMs = stretch.length === 0 ? 0 : Date.parse(sample.at) - Date.parse((stretch[0] as RuntimeSample).at);
    if (stretch.length >= LASTING_SAMPLES && spanMs >= LASTING_MS) found = Math.min(...stretch.map((each) => each.goroutines as number));
  }
  return found;
}

function judgeSignal(signal: Signal, pods: readonly PodLooks[]): Finding[] {
  const { subject, codes, beyondIs, limit, unit } = signal;
  const known: { pod: string; reading: Reading }[] = [];
  const open: { pod: string; why: string }[] = [];
  for (const pod of pods) {
    const reading = signal.read(pod);
    if (typeof reading === 'string') {
      if (isWatched(pod)) open.push({ pod: pod.name, why: reading });
    } else if (reading.beyond || isWatched(pod)) known.push({ pod: pod.name, reading });
  }
  const beyond = known
    .filter(({ reading }) => reading.beyond)
    .map(({ pod, reading }) =>
      builders[beyondIs](codes.beyond, `${subject} of pod ${pod}`, `pod ${pod}: ${reading.says}`, {
        measured: relative(reading.measured),
        limit,
        unit,
      }),
    );
  const within = known.filter(({ reading }) => !reading.beyond).sort((a, b) => b.reading.measured - a.reading.measured);
  const [worst] = within;
  if (worst !== undefined) {
    const message = `pod ${worst.pod}${ofPods(within.length)}: ${worst.reading.says}`;
    // What is small may double: then the factor alone is no limit.
    const held = worst.reading.measured <= limit ? limit : null;
    beyond.push(pass(codes.within, subject, message, { measured: relative(worst.reading.measured), limit: held, unit }));
  }
  const [first] = open;
  if (first !== undefined) {
    const message = `${subject} of ${named(open.map(({ pod }) => pod))} is not known: ${first.why}`;
    beyond.push(inconclusive(codes.unknown, subject, message, { limit, unit }));
  }
  return beyond;
}

/** A pool fails by whatever was told of it; that it is large enough the pods say that were watched. */
function judgePools(pods: readonly PodLooks[], p99LimitMs: number): Finding[] {
  const of = (some: readonly PodLooks[]): Finding[] =>
    judgePool(
      some.flatMap(({ read }) => read),
      p99LimitMs,
    );
  const beyond = of(pods).filter(({ outcome }) => outcome === 'fail');
  const others = of(pods.filter(isWatched)).filter(({ subject }) => !beyond.some((failed) => failed.subject === subject));
  return [...beyond, ...others].sort((a, b) => (a.subject < b.subject ? -1 : 1));
}

const ofPods = (pods: number): string => (pods > 1 ? `, the highest of ${pods} pods` : '');

function named(pods: readonly string[]): string {
  const more = pods.length - PODS_NAMED;
  return `${pods.length === 1 ? 'pod' : 'pods'} ${pods.slice(0, PODS_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function unknown(subject: string, message: string, evidence: string[] = []): Finding {
  return { ...inconclusive('RuntimeUnknown', subject, message, { limit: GOROUTINES_LIMIT, unit: 'goroutines' }), evidence };
}
