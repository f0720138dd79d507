// Reads the records of a PostgreSQL server under load.
import { UnreadableEvidence } from '../analysis.ts';
import type { ActiveSession, ActivitySample, StatementCost, StatementsRecord } from './records.ts';
import { gunzipBounded } from '../bytes/gunzip.ts';

const HINT = 'run the load test again';

/** Gzip or not. Throws UnreadableEvidence on bytes of another kind. */
export function readStatementsRecord(bytes: Uint8Array): StatementsRecord {
  const record = parsed(new TextDecoder().decode(gunzipBounded(bytes)), 'line 1') as Partial<StatementsRecord> | null;
  const costs = record?.statements;
  if (typeof record?.database !== 'string' || !Array.isArray(costs))
    throw new UnreadableEvidence('not a record of statements', 'line 1', HINT);
  costs.forEach((cost: Partial<StatementCost> | null, i) => {
    if (
      typeof cost?.statement !== 'string' ||
      !Number.isFinite(cost.meanMs) ||
      !Number.isFinite(cost.totalMs) ||
      !Number.isFinite(cost.calls)
    )
      throw new UnreadableEvidence('not the cost of a statement', `statements[${i}]`, HINT);
  });
  return record as StatementsRecord;
}

/** Gzip or not. Throws UnreadableEvidence on a malformed line. */
export function readActivitySamples(bytes: Uint8Array): ActivitySample[] {
  return new TextDecoder()
    .decode(gunzipBounded(bytes))
    .split('\n')
    .flatMap((line, i) => {
      if (line === '') return [];
      const sample = parsed(line, `line ${i + 1}`) as Partial<ActivitySample> | null;
      if (!Array.isArray(sample?.sessions)) throw new UnreadableEvidence('not a sample of the sessions', `line ${i + 1}`, HINT);
      sample.sessions.forEach((session: unknown, n) => {
        if (!isSession(session)) throw new UnreadableEvidence('not a session', `line ${i + 1} sessions[${n}]`, HINT);
      });
      return [sample as ActivitySample];
    });
}

/** Checks the fields that are used: state, statement and what it waits for. */
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
