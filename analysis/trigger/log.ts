// Whether more lines match within 60 s than the limit, by the timestamps of the lines, all pods together.
import { count, duration } from '../../verdict/wording/index.ts';
import type { LogCondition } from './condition.ts';
import type { LogCursor } from './log-text.ts';
import { noData, type Reading } from './reading.ts';
import type { LogSample } from './sample.ts';

const WINDOW_S = 60;
/** Matching lines are kept longer than the window: the clock of a node may be minutes behind. 300 seconds have 4 kB. */
const KEPT_S = 300;

export interface LogTally {
  /** Where reading continues, by pod. */
  pods: Record<string, { cursor: LogCursor | null; restarts: number; logged: boolean }>;
  /** Matching lines by second, oldest first. */
  matches: [second: number, lines: number][];
}

export const NO_LOGS_YET: LogTally = { pods: {}, matches: [] };

/** Adds a sample, and reads the condition after it. @param startedMs time from which lines count */
export function addLog(
  before: LogTally,
  sample: LogSample,
  condition: LogCondition,
  startedMs: number,
): { tally: LogTally; reading: Reading } {
  const nowS = Math.floor(sample.atMs / 1_000);
  const matches = merged([...before.matches, ...sample.pods.flatMap((pod) => pod.matches)]).filter(([second]) => second > nowS - KEPT_S);
  const read = sample.pods.map(({ name, cursor, restarts, logged }) => [name, { cursor, restarts, logged }] as const);
  // Pods that were not listed are read on from where they were.
  const pods = sample.trouble === null ? Object.fromEntries(read) : { ...before.pods, ...Object.fromEntries(read) };
  const tally = { pods, matches };
  return { tally, reading: readingOf(tally, before, sample, { condition, nowS, observedS: (sample.atMs - startedMs) / 1_000 }) };
}

interface Question {
  condition: LogCondition;
  nowS: number;
  observedS: number;
}

function readingOf(tally: LogTally, before: LogTally, sample: LogSample, { condition, nowS, observedS }: Question): Reading {
  const { text, perMinute } = condition;
  const within = (endS: number) =>
    tally.matches.reduce((sum, [second, lines]) => sum + (second > endS - WINDOW_S && second <= endS ? lines : 0), 0);
  // Windows that end with a new line: the clock of the node decides, whatever that of the worker is.
  const ends = sample.pods.flatMap(({ matches }) => matches.map(([second]) => second));
  const lines = Math.max(within(nowS), ...ends.map(within));
  const seconds = Math.min(WINDOW_S, Math.max(1, Math.round(observedS)));
  const reading = (state: Reading['state'], message: string): Reading => ({ state, message, values: { lines, pods: sample.pods.length } });
  const message =
    `${count(lines)} log ${lines === 1 ? 'line' : 'lines'} of ${podsText(sample.pods.length)} matched "${text}" ` +
    `within ${duration(1_000 * seconds)}, limit ${count(perMinute)} a minute`;
  // Lines that could not be read would only add to these.
  if (lines > perMinute) return reading('holds', message);
  const trouble = troubleOf(before, sample);
  if (trouble !== null) return noData(trouble);
  // Before the first minute is over, fewer lines are already too many.
  return reading(lines <= (perMinute * seconds) / WINDOW_S ? 'false' : 'undecided', message);
}

const podsText = (pods: number): string => (pods === 1 ? '1 pod' : `${count(pods)} pods`);

/** Why lines may be missing; null when all were read. */
function troubleOf(before: LogTally, { pods, trouble }: LogSample): string | null {
  if (trouble !== null) return trouble;
  const first = pods.find((pod) => pod.trouble !== null);
  if (first !== undefined) return `pod ${first.name}: ${first.trouble}`;
  if (pods.length === 0) return 'the Deployment has no pod';
  const gone = Object.keys(before.pods).find((name) => !pods.some((pod) => pod.name === name));
  if (gone !== undefined) return `pod ${gone} was deleted, and its last lines were not read`;
  return pods.some(({ logged }) => logged) ? null : `${podsText(pods.length)} never logged a line`;
}

function merged(matches: readonly (readonly [number, number])[]): [number, number][] {
  const bySecond = new Map<number, number>();
  for (const [second, lines] of matches) bySecond.set(second, (bySecond.get(second) ?? 0) + lines);
  return [...bySecond].sort(([one], [other]) => one - other);
}
