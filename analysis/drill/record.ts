// The record of one drill, as its evidence stores it: when each link began and ended, and what was measured.
import { UnreadableEvidence } from '../analysis.ts';

/** How a watch of the trigger ended. */
export interface RecordedWatch {
  outcome: 'fired' | 'cleared' | 'no-data' | 'timeout';
  /** RFC 3339: when the condition was first seen to hold, or to be false. */
  at: string;
  /** What was measured against what. */
  message: string;
}

export interface ActionRecord {
  name: string;
  /** RFC 3339: before the request. */
  startedAt: string;
  /** RFC 3339: when every pod was seen with the change; null where it was not. */
  effectiveAt: string | null;
  /** Why it is not effective; empty where it is. */
  reason: string;
}

export interface RestoreRecord {
  name: string;
  restored: boolean;
  /** Somebody else had changed it meanwhile, and their change stays. */
  leftAlone: boolean;
  reason: string;
}

export interface DrillRecord {
  /** The id in the marks, messages and operations of the drill. */
  drill: string;
  trigger: string;
  /** What was provoked: `pricing-errors 100`. */
  fault: string;
  limits: { detectMs: number; actMs: number; recoverMs: number; restoreMs: number; steadyMs: number };
  /** The trigger before the fault; null where the drill stopped earlier. The same holds for each link below. */
  before: RecordedWatch | null;
  /** RFC 3339: when the fault was on in every pod. */
  provokedAt: string | null;
  detected: RecordedWatch | null;
  actions: ActionRecord[];
  recovered: RecordedWatch | null;
  restoreStartedAt: string | null;
  restored: RestoreRecord[];
  restoredAt: string | null;
  /** The trigger after everything was restored. */
  after: RecordedWatch | null;
  /** Why the drill stopped before its end; null where it did not. */
  stopped: string | null;
}

/** Evidence of kind `drill-record`. Throws UnreadableEvidence on other bytes. */
export function readDrillRecord(bytes: Uint8Array): DrillRecord {
  let record: Partial<DrillRecord> | null;
  try {
    record = JSON.parse(new TextDecoder().decode(bytes)) as typeof record;
  } catch {
    record = null;
  }
  if (typeof record?.drill !== 'string' || !record.limits || !Array.isArray(record.actions) || !Array.isArray(record.restored))
    throw new UnreadableEvidence('not the record of a drill', 'line 1', 'run the drill again');
  return record as DrillRecord;
}
