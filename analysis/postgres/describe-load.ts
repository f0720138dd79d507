// What a database did under load, as tables.
import type { Analysis } from '../analysis.ts';
import { count, rounded, share } from '../../verdict/wording/index.ts';
import { databaseWaits, idleClause } from './activity.ts';
import type { ActivityLook, StatementsRecord } from './records.ts';
import { slowStatements } from './slow.ts';
import { sourceSentence } from './source-sentence.ts';

const ROWS = 20;

/** Statements by the time they took. */
export function describeStatements(record: StatementsRecord): Analysis {
  const slow = slowStatements(record);
  const text =
    record.unread ??
    (slow.length === 0
      ? 'no statement is slow by itself'
      : `${slow.length === 1 ? '1 statement is slow and takes' : `${slow.length} statements are slow and take`} much of the time`);
  const told = sourceSentence(record);
  return {
    findings: [],
    facts: [{ subject: `database ${record.database}`, text, values: { statements: record.statements.length } }],
    tables: [
      {
        title: `Statements from ${record.from} to ${record.to}`,
        columns: ['statement', 'calls', 'mean', 'whole', 'rows', 'blocks hit', 'blocks read'].map((name) => ({
          name,
          unit: name === 'mean' || name === 'whole' ? 'ms' : '',
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
        notes: told === null ? [] : [told],
      },
    ],
  };
}

/** What sessions waited for. */
export function describeLooks(looks: readonly ActivityLook[]): Analysis {
  const waits = databaseWaits(looks);
  const counts = new Map<string, number>();
  for (const { waitEventType, waitEvent } of looks.flatMap(({ sessions }) => sessions)) {
    const key = waitEventType === null ? 'nothing: it runs' : `${waitEventType}: ${waitEvent ?? ''}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const unread = looks.flatMap((look) => look.unread ?? []);
  const text =
    waits === null
      ? (unread[0] ?? 'there was no look at the sessions')
      : `${count(waits.busy)} busy sessions in ${count(waits.looks)} looks, ` +
        `${share(waits.lockShare)} of them waiting for a lock${waits.blockedStatement === null ? '' : `, most in ${waits.blockedStatement}`}`;
  return {
    findings: [],
    facts: [text, ...(waits === null ? [] : idleClause(waits))].map((each) => ({ subject: 'sessions', text: each, values: {} })),
    tables: [
      {
        title: 'What sessions waited for',
        columns: [
          { name: 'seen', unit: '' },
          { name: 'waiting for', unit: '' },
        ],
        rows: [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([what, count]) => [count, what]),
        notes: unread[0] === undefined ? [] : [`${unread.length} of ${looks.length} looks could not be read: ${unread[0]}`],
      },
    ],
  };
}
