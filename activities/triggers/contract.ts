// The activity that watches a trigger. Types only: workflows import this file, never the implementation.
import type { Trigger } from '../../release/contingency/triggers.ts';
import type { EvidenceRef, Fact } from '../../verdict/finding.ts';
import type { DeploymentTarget } from '../kubernetes/contract.ts';

export interface WatchTriggerInput {
  trigger: Trigger;
  /** Its pods are counted, or their logs read; of an alert, the Prometheus of its cluster has the rule. */
  target: DeploymentTarget;
  /** fires: ends when the condition holds. clears: ends when the condition has been false, with data, for `forMs`. */
  until: 'fires' | 'clears';
  /** RFC 3339: only data after it count; null: from now. */
  since: string | null;
  /** `clears` only. */
  forMs: number;
  timeoutMs: number;
}

export interface TriggerReport {
  /**
   * no-data: data were missing for longer than `noDataAfterMs`, or at the timeout; never a pass. timeout: the condition never held (fires) or did
   * not clear (clears).
   */
  outcome: 'fired' | 'cleared' | 'no-data' | 'timeout';
  /** RFC 3339, by the worker's clock: the first sample in which the condition held (fired) or was false (cleared); else the last sample. */
  at: string;
  /** One line, measured value and limit: `12.4 % of 1,240 requests/s failed, limit 1 %`. */
  message: string;
  facts: Fact[];
  /** Kind `trigger-samples`: the samples in parts; empty when they could not be stored. The report can be recomputed from them (analysis/trigger). */
  evidence: EvidenceRef[];
}

export interface TriggerActivities {
  /** Samples until there is an outcome. Heartbeats progress and carry, continues after the death of a worker, ends at once on cancellation. */
  watchTrigger(input: WatchTriggerInput): Promise<TriggerReport>;
}
