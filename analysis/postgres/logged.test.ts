import { beforeAll, describe, expect, it, test } from '@jest/globals';
import { describeStatements } from './describe-load.ts';
import { createLogReader, type LogEntry, type LogFormat } from './log-entries.ts';
import { createTally, type LoggedStatements } from './logged-statements.ts';
import type { StatementsRecord } from './records.ts';
import { readServiceLine } from './service-log.ts';
import { slowStatements } from './records.ts';
import { normalised, parserReady } from './statement.ts';

beforeAll(() => parserReady);

const SQL = "SELECT count(*) FROM orders\n\tWHERE customer = 'alice@example.com' AND paid > 7";
const SHAPE = 'SELECT count(*) FROM orders WHERE customer = $1 AND paid > $2';
const PLAN = JSON.stringify(
  {
    'Query Text': SQL,
    Plan: {
      'Node Type': 'Seq Scan',
      'Relation Name': 'orders',
      'Actual Total Time': 150,
      'Actual Rows': 1,
      'Actual Loops': 1,
      'Rows Removed by Filter': 99_999,
      Filter: "((customer = 'alice@example.com'::text) AND (paid > 7))",
    },
  },
  null,
  2,
);
const json = (message: string, more: object = {}) =>
  `${JSON.stringify({ timestamp: '2026-11-25 21:40:00.123 UTC', dbname: 'shop', pid: 7, error_severity: 'LOG', message, application_name: 'go-api', ...more })}\n`;
const csv = (message: string, database = 'shop', application = 'go-api') =>
  `2026-11-25 21:40:00.123 UTC,"postgres","${database}",7,"127.0.0.1:5",6a.7,3,"SELECT",2026-11-25 21:39:00 UTC,3/2,0,LOG,00000,"${message.replaceAll('"', '""')}",,,,,,,,,"${application}","client backend",,0\n`;
const tabbed = (text: string) => text.replaceAll('\n', '\n\t');
const PREFIX = '%m [%p] %q%u@%d/%a ';
const stderr = (message: string, database = 'shop', application = 'go-api') =>
  `2026-11-25 21:40:00.123 UTC [7] postgres@${database}/${application} LOG:  ${tabbed(message)}\n`;

function read(format: LogFormat, text: string, { prefix = PREFIX, piece = text.length } = {}): { entries: LogEntry[]; damaged: number } {
  const reader = createLogReader(format, prefix);
  const entries: LogEntry[] = [];
  for (let at = 0; at < text.length; at += piece) entries.push(...reader.push(text.slice(at, at + piece)));
  entries.push(...reader.end());
  return { entries, damaged: reader.damaged() };
}

function counted(format: LogFormat, text: string, options: Parameters<typeof read>[2] = {}): LoggedStatements & { damaged: number } {
  const tally = createTally({ database: 'shop', own: 'tminus_looks' });
  const { entries, damaged } = read(format, text, options);
  entries.forEach(tally.entry);
  return { ...tally.result(), damaged };
}

const executed = `duration: 152.300 ms  execute stmtcache_1: ${SQL}`;
const explained = `duration: 151.100 ms  plan:\n${PLAN}`;
const writers: [LogFormat, (message: string, database?: string, application?: string) => string][] = [
  ['jsonlog', (message, dbname = 'shop', application = 'go-api') => json(message, { dbname, application_name: application })],
  ['csvlog', csv],
  ['stderr', stderr],
];

describe.each(writers)("the server's log as %s", (format, write) => {
  it.each([1, 7, 100_000])('gives each statement with its calls and times, in pieces of %i characters', (piece) => {
    const log =
      write(executed) + write('connection received: host=10.0.0.1') + write(executed.replace('152.3', '47.7').replace('alice', 'bob'));
    expect(counted(format, log, { piece })).toMatchObject({
      statements: [{ statement: SHAPE, calls: 2, totalMs: 200, meanMs: 100, rows: null, blocksHit: null }],
      plans: [],
      damaged: 0,
    });
  });

  it('gives the slowest plan as it came', () => {
    const { statements, plans } = counted(
      format,
      write(explained) + write(explained.replace('151.1', '900.5').replace('"Actual Loops": 1', '"Actual Loops": 3')),
    );
    expect(statements).toMatchObject([{ statement: SHAPE, calls: 2, totalMs: 1051.6 }]);
    expect(plans).toEqual([PLAN.replace('"Actual Loops": 1', '"Actual Loops": 3')]);
  });

  it('counts an execution once that both the server and auto_explain wrote of', () => {
    expect(counted(format, (write(explained) + write(executed)).repeat(3)).statements).toMatchObject([{ calls: 3 }]);
  });

  it('leaves out other databases, ourselves, and what is no execution', () => {
    const log =
      write(executed, 'billing') +
      write(executed, 'shop', 'tminus') +
      write('duration: 3.000 ms  statement: WITH tminus_looks AS (SELECT 1) SELECT * FROM tminus_looks') +
      write(executed.replace('execute stmtcache_1', 'bind stmtcache_1')) +
      write(executed.replace('execute stmtcache_1', 'parse stmtcache_1'));
    expect(counted(format, log)).toMatchObject({ statements: [], elsewhere: 1, damaged: 0 });
  });

  it('reads on where its beginning or end was lost, or a part in the middle', () => {
    const log = write(explained) + write(executed) + write(explained);
    for (const damagedLog of [log.slice(150), log.slice(0, -100), `${log.slice(0, 200)}\n${log.slice(500)}`])
      expect(counted(format, damagedLog).statements[0]).toMatchObject({ statement: SHAPE });
  });

  it('does not count an invalid duration, and reports those without a statement', () => {
    const log = write(executed.replace('152.300', 'NaN')) + write(executed.replace('152.300', '-1')) + write('duration: 4.2 ms');
    expect(counted(format, log)).toMatchObject({ statements: [], unnamed: 1 });
  });

  it('reports plans in a format that is not read', () => {
    const xml = 'duration: 9.000 ms  plan:\n<explain>\n  <Query-Text>SELECT 1</Query-Text>\n</explain>';
    const yaml = 'duration: 9.000 ms  plan:\nQuery Text: "SELECT 1"\nPlan: \n  Node Type: "Result"';
    expect(counted(format, write(xml) + write(yaml) + write(explained.slice(0, 120)))).toMatchObject({ statements: [], unread: 3 });
  });

  it('takes the statement of a plan in text form, of one line or more', () => {
    const text = `duration: 33.000 ms  plan:\nQuery Text: ${SQL}\nSeq Scan on orders  (cost=0.00..1791.00 rows=1 width=8)\n  Filter: (customer = 'alice'::text)`;
    expect(counted(format, write(text))).toMatchObject({ statements: [{ statement: SHAPE, totalMs: 33 }], plans: [], unread: 0 });
  });
});

describe('the text form', () => {
  it('keeps DETAIL with its parameters out of the statement', () => {
    const log = `${stderr(executed)}2026-11-25 21:40:00.123 UTC [7] postgres@shop/go-api DETAIL:  parameters: $1 = 'alice'\n`;
    expect(read('stderr', log).entries.map(({ message }) => message)).toEqual([executed]);
  });

  it.each([
    ['%m [%p] %q%u@%d/%a ', '2026-11-25 21:40:00.123 UTC [7] postgres@shop/go-api ', 'shop'],
    ['%m [%p] %q%u@%d/%a ', '2026-11-25 21:40:00.123 UTC [7] ', null],
    ['%t [%p]: db=%d,app=%a,client=%h ', '2026-11-25 21:40:00 UTC [7]: db=shop,app=go-api,client=10.0.0.1 ', 'shop'],
    ['<%-10d> %% ', '<shop      > % ', 'shop'],
    ['%m [%p] ', '2026-11-25 21:40:00.123 UTC [7] ', null],
    ['', '', null],
  ])('reads the database behind the prefix %j', (prefix, written, database) => {
    expect(read('stderr', `${written}LOG:  ${executed.replaceAll('\n', '\n\t')}\n`, { prefix }).entries).toMatchObject([
      { database, message: executed.replace('\n\t', '\n\t') },
    ]);
  });

  it('reports how many may be of another database where the prefix has none', () => {
    const log = `[7] LOG:  ${tabbed(executed)}\n`;
    expect(counted('stderr', log, { prefix: '[%p] ' })).toMatchObject({ statements: [{ calls: 1 }], ofAnyDatabase: 1 });
  });
});

describe("the service's own log", () => {
  const line = (fields: object) => JSON.stringify({ level: 'info', msg: 'Query', sql: 'SELECT 1', ...fields });

  test.each<[object, number]>([
    [{ duration: 0.1523 }, 152.3],
    [{ time: 0.1523 }, 152.3],
    [{ time: '152.3ms' }, 152.3],
    [{ duration: '1.2s' }, 1_200],
    [{ duration: '1m2.5s' }, 62_500],
    [{ duration: '850µs' }, 0.85],
    [{ time: '2026-11-25T21:40:00Z', duration: '200ms' }, 200],
  ])('tells the time of %j', (fields, durationMs) => {
    const read = readServiceLine(line(fields), 100_000);
    expect(read).toMatchObject({ statement: 'SELECT 1' });
    expect((read as { durationMs: number }).durationMs).toBeCloseTo(durationMs, 6);
  });

  test.each([{ time: 'NaN' }, { time: '2026-11-25T21:40:00Z' }, { duration: -1 }, { duration: '12' }, { duration: 152_000_000 }, {}])(
    'counts no time that cannot be one: %j',
    (fields) => expect(readServiceLine(line(fields), 100_000)).toBe('unread'),
  );

  test('passes over what is no statement', () => {
    for (const other of ['panic: runtime error', '{"msg":"serving"}', line({ msg: 'Prepare', time: 0.2 }), line({ sql: 7, time: 0.2 }), ''])
      expect(readServiceLine(other, 100_000)).toBeNull();
    expect(readServiceLine(line({ time: 0.2 }).slice(0, -5), 100_000)).toBe('unread');
  });
});

describe('a logged statement', () => {
  const record = (totalMs: number): StatementsRecord => ({
    database: 'shop',
    from: '2026-11-25T21:40:00.000Z',
    to: '2026-11-25T21:40:10.000Z',
    unread: null,
    source: 'server-log',
    notThere: ['pg_stat_statements: relation "pg_stat_statements" does not exist'],
    bounds: [],
    statements: [
      { statement: SHAPE, calls: 4, totalMs, meanMs: totalMs / 4, rows: null, blocksHit: null, blocksRead: null, tempBlocksWritten: null },
    ],
  });

  test('is slow only where it kept a session busy: a log has no others to compare it with', () => {
    expect(slowStatements(record(1_200))).toMatchObject([{ statement: SHAPE, share: 1, logged: true }]);
    expect(slowStatements(record(400))).toEqual([]);
  });

  test('says where it was read, what is not there, and that its calls are a lower bound', () => {
    expect(describeStatements(record(1_200)).tables[0]?.notes).toEqual([
      `pg_stat_statements: relation "pg_stat_statements" does not exist; read from the server's log, which contains slow executions only, so calls are a lower bound`,
    ]);
    expect(describeStatements({ ...record(1_200), source: 'pg_stat_statements', notThere: [] }).tables[0]?.notes).toEqual([]);
  });

  test.each([
    ["EXECUTE find('alice', 7)", 'EXECUTE find(?, ?)'],
    ["PREPARE find AS SELECT 'alice'", 'PREPARE find AS SELECT ?'],
    ["SELECT 1 /* user=alice */ -- for bob\n, 'x'", 'SELECT $1 , $2'],
    ["SELECT E'it\\'s alice', 7 FROM (", 'SELECT ?, ? FROM ('],
    ['SELECT $tag$alice$tag$, $1 FROM (', 'SELECT ?, $1 FROM ('],
    ["INSERT INTO users VALUES ('alice", 'INSERT INTO users VALUES (?'],
  ])('tells no literal and no comment of %j', (sql, told) => expect(normalised(sql)).toBe(told));
});
