// The two lines that the load test adds to k6's: identity and plan of the run, and how it ended. A run without the second line was cut off.

import type { LoadLimits, LoadStage } from './plan.ts';

/**
 * Time for iterations in flight at the end of the last stage. Longer than k6's request timeout (60 s), so that a hanging request is
 * recorded as unanswered: the slowest requests must be counted.
 */
export const GRACEFUL_STOP_SECONDS = 65;

export interface LoadPlan {
  stages: LoadStage[];
  limits: LoadLimits;
}

export interface UnderLoad {
  namespace: string;
  deployment: string;
}

/** Images of the staging pods. */
export interface PodsSeen {
  /**
   * `image` of the pod spec, which a webhook may have changed; `templateImage` of its ReplicaSet, absent in records of older versions;
   * `imageId` as the node reports it, empty until the container runs.
   */
  pods: { name: string; image: string; templateImage?: string; imageId: string }[];
  /** Why they could not be listed; null when they could. */
  trouble: string | null;
}

/** First line of the evidence: `{"type":"Run","data":{...}}`. */
export interface RunStart {
  runId: string;
  /** From 1; a retry is a new run with its own evidence. */
  attempt: number;
  target: string;
  /** RFC 3339. */
  startedAt: string;
  /** Stages and limits, so that the record can be judged by itself. */
  plan?: LoadPlan;
  /** The Deployment under load, which separates its traces from others. Absent in records of older versions. */
  underLoad?: UnderLoad;
  /** The image under test, and the pods just before. Absent in records of older versions. */
  candidate?: PodsSeen & { image: string };
}

/** Last line of the evidence: `{"type":"End","data":{...}}`. */
export interface RunEnd {
  /** RFC 3339. */
  at: string;
  /** null when a signal ended k6. */
  exitCode: number | null;
  signal: string | null;
  /** `hopeless` when the load test ended k6 because the run could no longer pass. */
  stopped: 'hopeless' | null;
  /** k6's last line on stderr; empty without one. */
  lastError: string;
  /** All pods during the load and just after it; `trouble` is that of the last sample. */
  candidate?: PodsSeen;
}

export function runLine(type: 'Run', data: RunStart): Uint8Array;
export function runLine(type: 'End', data: RunEnd): Uint8Array;
export function runLine(type: string, data: RunStart | RunEnd): Uint8Array {
  // The newline in front ends a line that a killed k6 left open; the reader counts that one as malformed and skips empty ones.
  return new TextEncoder().encode(`\n${JSON.stringify({ type, data })}\n`);
}

export function isRunStart(value: unknown): value is RunStart {
  if (typeof value !== 'object' || value === null) return false;
  const start = value as Partial<Record<keyof RunStart, unknown>>;
  return (
    typeof start.startedAt === 'string' &&
    typeof start.runId === 'string' &&
    typeof start.attempt === 'number' &&
    typeof start.target === 'string' &&
    (start.candidate === undefined || isPodsSeen(start.candidate))
  );
}

export function isRunEnd(value: unknown): value is RunEnd {
  if (typeof value !== 'object' || value === null) return false;
  const end = value as Partial<Record<keyof RunEnd, unknown>>;
  return (
    typeof end.at === 'string' &&
    (end.exitCode === null || typeof end.exitCode === 'number') &&
    (end.signal === null || typeof end.signal === 'string') &&
    (end.stopped === null || end.stopped === 'hopeless') &&
    typeof end.lastError === 'string' &&
    (end.candidate === undefined || isPodsSeen(end.candidate))
  );
}

function isPodsSeen(value: unknown): value is PodsSeen {
  const { pods, trouble } = (value ?? {}) as Partial<Record<keyof PodsSeen, unknown>>;
  return Array.isArray(pods) && (trouble === null || typeof trouble === 'string');
}
