// Reads what a look at a PostgreSQL server left.
import { UnreadableEvidence } from '../analysis.ts';
import type { ActiveSession, ActivityLook, StatementCost, StatementsRecord } from './records.ts';
import { gunzipBounded } from '../bytes/gunzip.ts';

const HINT = 'run the load test again';

/** Gzip or not. Throws UnreadableEvidence on bytes that are no record of statements. */
export function readStatementsRecord(bytes: Uint8Array): StatementsRecord {
  const record = parsed(new TextDecoder().decode(gunzipBounded(bytes)), 'line 1') as Partial<StatementsRecord> | null;
  const costs = record?.statements;
  if (typeof record?.database !== 'string' || !Array.isArray(costs))
    throw new UnreadableEvidence('this is no record of statements', 'line 1', HINT);
  costs.forEach((cost: Partial<StatementCost> | null, i) => {
    if (
      typeof cost?.statement !== 'string' ||
      !Number.isFinite(cost.meanMs) ||
      !Number.isFinite(cost.totalMs) ||
      !Number.isFinite(cost.calls)
    )
      throw new UnreadableEvidence('this is no cost of a statement', `statements[${i}]`, HINT);
  });
  return record as StatementsRecord;
}

/** Gzip or not. Throws UnreadableEvidence on a line that is no look at the sessions. */
export function readActivityLooks(bytes: Uint8Array): ActivityLook[] {
  return new TextDecoder()
    .decode(gunzipBounded(bytes))
    .split('\n')
    .flatMap((line, i) => {
      if (line === '') return [];
      const look = parsed(line, `line ${i + 1}`) as Partial<ActivityLook> | null;
      if (!Array.isArray(look?.sessions)) throw new UnreadableEvidence('this is no look at the sessions', `line ${i + 1}`, HINT);
      look.sessions.forEach((session: unknown, n) => {
        if (!isSession(session)) throw new UnreadableEvidence('this is no session', `line ${i + 1} sessions[${n}]`, HINT);
      });
      return [look as ActivityLook];
    });
}

/** What is read of a session: its state, its statement and what it waits for. */
function isSession(value: unknown): boolean {
  const session = value as Partial<ActiveSession> | null;
  return (
    typeof session?.state === 'string' &&
    typeof session.statement === 'string' &&
    (session.waitEventType === null || typeof session.waitEventType === 'string')
  );
}

function parsed(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableEvidence('not a JSON document', place, HINT);
  }
}
