// A database under load, as tables.
import type { Analysis } from '../analysis.ts';
import { count, rounded, share } from '../../verdict/wording/index.ts';
import { databaseWaits, idleClause } from './activity.ts';
import { slowStatements, sourceText, type ActivitySample, type StatementsRecord } from './records.ts';

const ROWS = 20;

/** Statements by the time they took. */
export function describeStatements(record: StatementsRecord): Analysis {
  const slow = slowStatements(record);
  const text =
    record.unread ??
    (slow.length === 0
      ? 'no statement is slow'
      : `${slow.length === 1 ? '1 statement is slow and takes' : `${slow.length} statements are slow and take`} much of the time`);
  const note = sourceText(record);
  return {
    findings: [],
    facts: [{ subject: `database ${record.database}`, text, values: { statements: record.statements.length } }],
    tables: [
      {
        title: `Statements from ${record.from} to ${record.to}`,
        columns: ['statement', 'calls', 'mean', 'total', 'rows', 'blocks hit', 'blocks read'].map((name) => ({
          name,
          unit: name === 'mean' || name === 'total' ? 'ms' : '',
        })),
        rows: record.statements
          .slice(0, ROWS)
          .map(({ statement, calls, meanMs, totalMs, rows, blocksHit, blocksRead }) => [
            statement,
            calls,
            rounded(meanMs),
            rounded(totalMs),
            rows,
            blocksHit,
            blocksRead,
          ]),
        notes: note === null ? [] : [note],
      },
    ],
  };
}

/** What sessions waited for. */
export function describeActivity(samples: readonly ActivitySample[]): Analysis {
  const waits = databaseWaits(samples);
  const counts = new Map<string, number>();
  for (const { waitEventType, waitEvent } of samples.flatMap(({ sessions }) => sessions)) {
    const key = waitEventType === null ? 'nothing (running)' : `${waitEventType}: ${waitEvent ?? ''}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const unread = samples.flatMap((sample) => sample.unread ?? []);
  const text =
    waits === null
      ? (unread[0] ?? 'no sample of the sessions was taken')
      : `${count(waits.busy)} busy sessions in ${count(waits.samples)} samples, ` +
        `${share(waits.lockShare)} of them waiting for a lock${waits.blockedStatement === null ? '' : `, most in ${waits.blockedStatement}`}`;
  return {
    findings: [],
    facts: [text, ...(waits === null ? [] : idleClause(waits))].map((each) => ({ subject: 'sessions', text: each, values: {} })),
    tables: [
      {
        title: 'What sessions waited for',
        columns: [
          { name: 'sessions', unit: '' },
          { name: 'waiting for', unit: '' },
        ],
        rows: [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([what, count]) => [count, what]),
        notes: unread[0] === undefined ? [] : [`${unread.length} of ${samples.length} samples could not be read: ${unread[0]}`],
      },
    ],
  };
}
