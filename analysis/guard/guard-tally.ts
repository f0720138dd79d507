// The state of a watch, updated with each sample. Small JSON: it is part of heartbeats and passes from one activity to the next.
import type { Finding } from '../../verdict/finding.ts';
import type { PodCounts } from './pod-counts.ts';
import type { Trouble } from './read-requests.ts';
import { NO_RESTARTS, type Restarts } from './restarts.ts';
import { NOT_SERVING_YET, type Serving } from './serving.ts';
import { NO_TRAFFIC_YET, type Traffic } from './traffic.ts';
import { NO_WINDOWS_YET, type Windows } from './windows.ts';

/** Requests up to a time of the bake. */
interface Mark {
  watchedMs: number;
  requests: number;
}

export interface GuardTally {
  requests: number;
  errors: number;
  slow: number;
  /** Time between usable samples; a gap longer than `noDataAfter` does not count. */
  watchedMs: number;
  /** Time without a usable sample; 0 when the last one was usable. */
  blindMs: number;
  /** Why the last sample was not usable, or had no traffic; null when it was usable. */
  trouble: Trouble | null;
  /** The last sample read every Ready pod, and requests had stopped. */
  silent: boolean;
  p99S: number | null;
  /** Usable samples. */
  seenSamples: number;
  serving: Serving;
  restarts: Restarts;
  traffic: Traffic;
  /** Counts by window: requests fail in bursts, which totals do not show. */
  windows: Windows;
  /** Start of the bake: the start of the watch, or a restart. */
  bake: Mark;
  /** Marks of the last third of the bake, oldest first. */
  marks: Mark[];
  /** Certain breaches, which end the watch. */
  breach: Finding[];

  /** Last counters of each pod. */
  last: Record<string, PodCounts>;
  startedMs: number | null;
  /** Time of the last sample. */
  atMs: number | null;
  lastSeenMs: number | null;
  /** Start of the time without a usable sample, and the first unusable one. */
  blindFromMs: number | null;
  firstBlindMs: number | null;
}

export const EMPTY_TALLY: GuardTally = {
  requests: 0,
  errors: 0,
  slow: 0,
  watchedMs: 0,
  blindMs: 0,
  trouble: null,
  silent: false,
  p99S: null,
  seenSamples: 0,
  serving: NOT_SERVING_YET,
  restarts: NO_RESTARTS,
  traffic: NO_TRAFFIC_YET,
  windows: NO_WINDOWS_YET,
  bake: { watchedMs: 0, requests: 0 },
  marks: [],
  breach: [],
  last: {},
  startedMs: null,
  atMs: null,
  lastSeenMs: null,
  blindFromMs: null,
  firstBlindMs: null,
};
