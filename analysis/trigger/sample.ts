// One sample of a trigger, stored line by line as `trigger-samples` evidence: answers as they came. Of logs only counts, never lines:
// they may contain personal data.
import type { Trouble } from '../guard/read-requests.ts';
import type { RequestAnswers } from '../guard/sample.ts';
import type { LogCursor } from './log-text.ts';

export interface MetricsSample {
  type: 'metrics';
  /** Milliseconds since 1970, clock of the worker, when the sample began. */
  atMs: number;
  /** Pods of the Deployment, of every template; null when the API server did not answer. `serves`: Ready and not terminating. */
  pods: { name: string; serves: boolean }[] | null;
  /** null when something could not be read; then `trouble` has the reason. */
  answers: RequestAnswers | null;
  /** Evaluation time of the answers in seconds since 1970, clock of Prometheus. */
  evaluatedAtS: number | null;
  trouble: Trouble | null;
  /** The queries as they were sent. */
  queries: Record<keyof RequestAnswers, string>;
}

/** The log of one container since the sample before. */
export interface LogPod {
  name: string;
  /** New lines, and those that match by the second of their timestamp. */
  lines: number;
  matches: [second: number, lines: number][];
  /** End of what was read; null before the first line. */
  cursor: LogCursor | null;
  /** Restarts of the container when it was read. */
  restarts: number;
  /** False while the container has never logged a line. */
  logged: boolean;
  /** Why lines may be missing; null when all were read. */
  trouble: string | null;
}

export interface LogSample {
  type: 'log';
  atMs: number;
  pods: LogPod[];
  /** Why the pods are unknown, or some were not read; null otherwise. */
  trouble: string | null;
}

/** An alert as Alertmanager has it. */
export interface FoundAlert {
  labels: Record<string, string>;
  state: string;
  /** Silences, inhibiting alerts and mute time intervals. */
  silencedBy: string[];
  inhibitedBy: string[];
  mutedBy: string[];
}

/** An alerting rule as Prometheus has it. */
export interface FoundRule {
  labels: Record<string, string>;
  /** `ok`, `err` or `unknown`. */
  health: string;
  error: string;
  /** Time since its last evaluation, by the clock of Prometheus; null before the first. */
  ageMs: number | null;
  /** Its pending and firing alerts. */
  alerts: { labels: Record<string, string>; state: string }[];
  /** The metric of its expression if that has no series; null if it has, or the expression is not understood. */
  missingMetric: string | null;
}

export interface AlertSample {
  type: 'alert';
  atMs: number;
  /** null when Alertmanager gave no usable answer; then `trouble` has the reason. */
  alerts: FoundAlert[] | null;
  /** null when Prometheus gave no usable answer; then `trouble` has the reason. */
  rules: FoundRule[] | null;
  trouble: string | null;
}

export type TriggerSample = MetricsSample | LogSample | AlertSample;
