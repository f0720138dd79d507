// Slow statements against a real PostgreSQL that has no pg_stat_statements: found in its log, in each form it has, over a rotation, and by a
// role that may just read it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import type { Client } from 'pg';
import { missingIndexes } from '../../analysis/postgres/missing-index.ts';
import { nodesOf } from '../../analysis/postgres/plan.ts';
import { readPlan } from '../../analysis/postgres/read-plan.ts';
import { readIndexProof } from '../../analysis/postgres/read-proof.ts';
import { readStatementsRecord } from '../../analysis/postgres/read-records.ts';
import type { StatementsRecord } from '../../analysis/postgres/records.ts';
import type { EvidenceRef, Fact } from '../../verdict/finding.ts';
import { gather } from '../diagnosis/gather.ts';
import { bytesOf } from '../evidence/bytes-of.ts';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import type { DiagnosisStepInput } from '../steps-contract.ts';
import { startRealPostgres, type RealPostgres } from '../testing/logging-postgres.ts';
import type { ServiceLog } from './slow-statements.ts';
import { watchDatabase } from './watch-database.ts';

jest.setTimeout(120_000);

const ROWS = 500_000;
const CUSTOMERS = 5_000;
const SLOW = "SELECT count(*), coalesce(sum(amount), 0) FROM order_archive WHERE customer = 'alice@example.com'";
const SHAPE = 'SELECT count(*), coalesce(sum(amount), $1) FROM order_archive WHERE customer = $2';
const MISSING = 'pg_stat_statements: relation "pg_stat_statements" does not exist';

let folder: string;
let server: RealPostgres;
let shop: Client;

beforeAll(async () => {
  server = await startRealPostgres();
  const owner = await server.shop();
  await owner.query(
    `CREATE TABLE order_archive AS SELECT 'customer-' || n % ${CUSTOMERS} AS customer, n AS amount FROM generate_series(1, ${ROWS}) AS n`,
  );
  await owner.query('ANALYZE order_archive');
  // What the documentation tells a team to grant, and no more.
  await owner.query('CREATE ROLE reader LOGIN; GRANT pg_monitor, pg_read_all_data TO reader');
  await owner.query('GRANT EXECUTE ON FUNCTION pg_current_logfile(text), pg_read_binary_file(text, bigint, bigint) TO reader');
  await owner.query('CREATE ROLE guest LOGIN');
  await owner.end();
});
afterAll(() => server?.close());

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tminus-server-log-'));
  shop = await server.shop();
});
afterEach(async () => {
  await shop.end();
  rmSync(folder, { recursive: true, force: true });
});

interface Watched {
  record: StatementsRecord;
  evidence: EvidenceRef[];
  facts: Fact[];
  plans: Uint8Array[];
}

const noServiceLog: ServiceLog = async () => 'there is none';

async function watched(work: () => Promise<unknown>, { role = 'reader', serviceLog = noServiceLog } = {}): Promise<Watched> {
  const store = createFolderEvidenceStore(folder);
  const watch = watchDatabase({ store, name: 'shop', url: server.url(role), serviceLog, everyMs: 50 });
  try {
    // The first look comes before the load.
    await wait(500);
    await work();
    const { evidence, facts } = await watch.finish();
    const all = (kind: string) => Promise.all(evidence.filter((ref) => ref.kind === kind).map(({ digest }) => bytesOf(store, digest)));
    const [statements = new Uint8Array()] = await all('slow-statements');
    return { record: readStatementsRecord(statements), evidence, facts, plans: await all('query-plan') };
  } finally {
    watch.stop();
  }
}

/** Changes where the server logs to, and waits until a file of that form is there. */
async function logTo(format: 'jsonlog' | 'csvlog' | 'stderr', more: Record<string, string> = {}): Promise<void> {
  await server.set({ log_destination: format, 'auto_explain.log_min_duration': '2ms', log_min_duration_statement: '-1', ...more });
  await until(async () => (await currentLog(format)) !== null);
  // Sessions read their settings between two statements.
  await until(async () => (await shop.query('SHOW log_destination')).rows[0].log_destination === format);
}

const currentLog = async (format: string): Promise<string | null> =>
  (await shop.query<{ path: string | null }>('SELECT pg_current_logfile($1) AS path', [format])).rows[0]?.path ?? null;

async function until(done: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await done()) return;
    await wait(100);
  }
  throw new Error('it did not come to that within 30 s');
}

/** Each scans the table for some ten ms, and no two have the same literal. */
const load = async (times: number) => {
  for (let i = 0; i < times; i += 1) await shop.query(SLOW.replace('alice', `alice-${i}`));
};

it.each([
  ['jsonlog', {}],
  ['csvlog', {}],
  ['stderr', { log_line_prefix: '%m [%p] %q%u@%d/%a ' }],
] as const)('finds slow statements in a %s, with their plans, and tells where it looked first', async (format, more) => {
  // The server also logs the same executions and our own queries.
  await logTo(format, { log_min_duration_statement: '0', ...more });
  const { record, facts, plans } = await watched(() => load(12));
  expect(record).toMatchObject({ unread: null, source: 'server-log', notThere: [MISSING], bounds: [] });
  // What was asked just before may be written to the log just after the first look: microseconds, and no matter.
  expect(record.statements.filter(({ totalMs }) => totalMs > 5)).toMatchObject([{ statement: SHAPE, calls: 12, rows: null }]);
  expect(record.statements[0]?.totalMs).toBeGreaterThan(12);
  expect(JSON.stringify(record)).not.toMatch(/alice|tminus_query/);
  expect(facts.map(({ text }) => text)).toEqual([
    `${MISSING}; read from the server's log, which contains slow executions only, so calls are a lower bound`,
  ]);
  expect(plans).toHaveLength(1);
  const plan = readPlan(plans[0] as Uint8Array);
  expect(missingIndexes(plan)).toMatchObject([{ relation: 'order_archive', columns: ['customer'] }]);
  // As it came: with the values it was run with.
  expect(plan.statement).toContain('alice');
});

it('continues in the file that replaced the first one', async () => {
  await logTo('jsonlog');
  const { record } = await watched(async () => {
    await load(3);
    const before = await currentLog('jsonlog');
    await until(async () => {
      await shop.query('SELECT pg_rotate_logfile()');
      return (await currentLog('jsonlog')) !== before;
    });
    await load(4);
  });
  expect(record.statements.find(({ statement }) => statement === SHAPE)).toMatchObject({ calls: 7 });
});

it('explains what it found without running EXPLAIN, and proves the index on a copy', async () => {
  await logTo('jsonlog');
  const { record, evidence } = await watched(() => load(30));
  const store = createFolderEvidenceStore(folder);
  const gathered = await gather({ step: { postgres: 'shop' }, loadTests: [{ evidence }] } as unknown as DiagnosisStepInput, {
    store,
    lastGood: async () => null,
    databaseUrl: async () => server.url('postgres'),
    traceStore: () => {
      throw new Error('no traces are asked for');
    },
  });
  expect(gathered.missing).toEqual([]);
  expect(gathered.evidence.map(({ kind }) => kind)).toEqual(['index-proof']);
  const bytes = await bytesOf(store, gathered.evidence[0]?.digest ?? '');
  const proof = readIndexProof(bytes);
  expect(proof).toMatchObject({ statement: record.statements[0]?.statement, sql: 'CREATE INDEX CONCURRENTLY ON order_archive (customer)' });
  expect(proof.beforeMs).toBeGreaterThan(5 * proof.afterMs);
  // The statement found the rows of a customer who is there: the logged plan named values, and the proof asks with parameters.
  const { before } = JSON.parse(new TextDecoder().decode(bytes)) as { before: unknown };
  const scan = nodesOf(readPlan(new TextEncoder().encode(JSON.stringify(before)))).find(({ type }) => type === 'Seq Scan');
  expect(scan?.actualRows).toBe(ROWS / CUSTOMERS);
});

it("reads the service's log when the role cannot read the server's, with the reason", async () => {
  await logTo('jsonlog');
  const statement = {
    statement: 'SELECT 1',
    calls: 1,
    totalMs: 152,
    meanMs: 152,
    rows: null,
    blocksHit: null,
    blocksRead: null,
    tempBlocksWritten: null,
  };
  const { record } = await watched(() => load(1), {
    role: 'guest',
    serviceLog: async () => ({ statements: [statement], plans: [], bounds: [] }),
  });
  expect(record).toMatchObject({
    source: 'service-log',
    notThere: [MISSING, "the server's log: permission denied for function pg_current_logfile"],
    statements: [statement],
  });
});

it('reports for each source why it has nothing', async () => {
  await logTo('jsonlog', { log_min_duration_statement: '-1', 'auto_explain.log_min_duration': '-1' });
  const { record, facts } = await watched(() => load(1));
  expect(record.unread).toBe(
    `${MISSING}; the server's log: neither auto_explain nor log_min_duration_statement is on; the service's own log: there is none`,
  );
  expect(facts.map(({ text }) => text)).toEqual([`incomplete: ${record.unread}`]);
});
