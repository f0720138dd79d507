// A watch of a trigger: its state after each sample, and when it has an outcome. Small JSON: the state is part of heartbeats.
import { duration } from '../../verdict/wording/index.ts';
import type { Fact } from '../../verdict/finding.ts';
import { readAlert } from './alert.ts';
import type { TriggerWatch } from './condition.ts';
import { addLog, NO_LOGS_YET, type LogTally } from './log.ts';
import { addMetrics, NO_METRICS_YET, type MetricsTally } from './metrics.ts';
import type { Reading } from './reading.ts';
import type { TriggerSample } from './sample.ts';

export interface TriggerTally {
  startedMs: number | null;
  /** Time of the last sample. */
  atMs: number | null;
  samples: number;
  /** Of the last sample; null before the first. */
  reading: Reading | null;
  /** First sample of the present stretch without data, or in which the condition is false; null outside of one. */
  noDataFromMs: number | null;
  falseFromMs: number | null;
  metrics: MetricsTally;
  logs: LogTally;
}

export const EMPTY_TALLY: TriggerTally = {
  startedMs: null,
  atMs: null,
  samples: 0,
  reading: null,
  noDataFromMs: null,
  falseFromMs: null,
  metrics: NO_METRICS_YET,
  logs: NO_LOGS_YET,
};

export interface TriggerOutcome {
  outcome: 'fired' | 'cleared' | 'no-data' | 'timeout';
  atMs: number;
  message: string;
}

/** Adds one sample. Throws TypeError on a sample of another type of trigger. */
export function addSample(before: TriggerTally, sample: TriggerSample, watch: TriggerWatch): TriggerTally {
  const { atMs } = sample;
  const read = readSample(before, sample, watch);
  const { state } = read.reading;
  // A condition is not known to have been false in a time without samples, as when the worker was away.
  const isGap = before.atMs !== null && atMs - before.atMs > watch.trigger.noDataAfterMs;
  return {
    ...before,
    ...read,
    startedMs: before.startedMs ?? atMs,
    atMs,
    samples: before.samples + 1,
    noDataFromMs: state === 'no-data' ? (before.noDataFromMs ?? atMs) : null,
    falseFromMs: state === 'false' ? ((isGap ? null : before.falseFromMs) ?? atMs) : null,
  };
}

function readSample(
  { metrics, logs, startedMs }: TriggerTally,
  sample: TriggerSample,
  watch: TriggerWatch,
): { reading: Reading } & Partial<Pick<TriggerTally, 'metrics' | 'logs'>> {
  const { trigger } = watch;
  if (trigger.type === 'metrics' && sample.type === 'metrics') {
    const { tally, reading } = addMetrics(metrics, sample, trigger, watch);
    return { metrics: tally, reading };
  }
  if (trigger.type === 'log' && sample.type === 'log') {
    const { tally, reading } = addLog(logs, sample, trigger, watch.sinceMs ?? startedMs ?? sample.atMs);
    return { logs: tally, reading };
  }
  if (trigger.type === 'alert' && sample.type === 'alert') return { reading: readAlert(sample, trigger, watch.namespace) };
  throw new TypeError(`a sample of type ${sample.type} in the watch of a trigger of type ${trigger.type}`);
}

/** The outcome after the last sample; null while the watch goes on. Missing data are never a pass, also at the timeout. */
export function outcomeOf(
  { startedMs, atMs, reading, noDataFromMs, falseFromMs }: TriggerTally,
  { trigger, until, forMs, timeoutMs }: TriggerWatch,
): TriggerOutcome | null {
  if (reading === null || startedMs === null || atMs === null) return null;
  const { message, state } = reading;
  if (until === 'fires' && state === 'holds') return { outcome: 'fired', atMs, message };
  if (until === 'clears' && falseFromMs !== null && atMs - falseFromMs >= forMs) return { outcome: 'cleared', atMs: falseFromMs, message };
  const isOver = atMs - startedMs >= timeoutMs;
  if (noDataFromMs !== null && (isOver || atMs - noDataFromMs >= trigger.noDataAfterMs)) {
    const since = duration(1_000 * Math.round((atMs - noDataFromMs) / 1_000));
    return { outcome: 'no-data', atMs, message: `trigger ${trigger.name} has had no data for ${since}: ${message}` };
  }
  if (!isOver) return null;
  const missed = until === 'fires' ? 'fire' : 'clear';
  return { outcome: 'timeout', atMs, message: `trigger ${trigger.name} did not ${missed} within ${duration(timeoutMs)}: ${message}` };
}

/** The last measurement, and how long it took. */
export function triggerFacts({ startedMs, atMs, samples, reading }: TriggerTally, { trigger }: TriggerWatch): Fact[] {
  if (reading === null || startedMs === null || atMs === null) return [];
  const values = { ...reading.values, samples, seconds: Math.round((atMs - startedMs) / 1_000) };
  return [{ subject: `trigger ${trigger.name}`, text: reading.message, values }];
}
