// Plans and index trials of slow statements of a load test, asked of a real PostgreSQL by roles that may do both, or only look.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import { diagnose } from '../../analysis/diagnosis/diagnose.ts';
import type { StatementsRecord } from '../../analysis/postgres/records.ts';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { startOwnPostgres, type OwnPostgres } from '../testing/own-postgres.ts';
import type { DiagnosisStepInput } from '../steps-contract.ts';
import { gather } from './gather.ts';
import { recordOf } from './record-of.ts';

jest.setTimeout(120_000);

const ROWS = 200_000;
let folder: string;
let store: EvidenceStore;
let server: OwnPostgres;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tminus-gather-plans-'));
  store = createFolderEvidenceStore(folder);
  server = await startOwnPostgres({ max_parallel_workers_per_gather: '0', jit: 'off' });
  const owner = new Client({ connectionString: server.url });
  await owner.connect();
  await owner.query(
    `CREATE TABLE orders AS SELECT n AS id, 'customer-' || n % 5000 AS customer, repeat('x', 60) AS note FROM generate_series(1, ${ROWS}) AS n`,
  );
  await owner.query(
    'ANALYZE orders; CREATE ROLE looker LOGIN; GRANT pg_read_all_data TO looker; REVOKE TEMP ON DATABASE postgres FROM PUBLIC',
  );
  await owner.end();
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const cost = (statement: string) => ({
  statement,
  calls: 100,
  totalMs: 2_000,
  meanMs: 20,
  rows: 100,
  blocksHit: 0,
  blocksRead: 0,
  tempBlocksWritten: 0,
});

const put = (kind: 'slow-statements' | 'query-plan', text: string) =>
  store.put({ kind, mediaType: 'application/json', source: 'database shop' }, new TextEncoder().encode(text));

/** Gathers for a load test in which these statements were slow, and explains it. */
async function gathered(role: string, record: string, { plans = [] as string[], database = 'shop' } = {}) {
  const evidence = [await put('slow-statements', record), ...(await Promise.all(plans.map((plan) => put('query-plan', plan))))];
  const input = {
    step: { type: 'diagnosis', name: 'diagnosis', postgres: database },
    service: 'api',
    loadTests: [{ step: { name: 'load' }, findings: [], evidence }],
  } as unknown as DiagnosisStepInput;
  const found = await gather(input, {
    store,
    lastGood: async () => null,
    databaseUrl: async (name) => {
      if (name !== 'shop') throw new Error(`the environment file has no database ${name}`);
      return server.url.replace('postgres@', `${role}@`);
    },
    traceStore: () => {
      throw new Error('no traces are asked for');
    },
  });
  const diagnosis = await diagnose(recordOf(input, found), (digest) => store.get(digest), 'sha256:record');
  return { found, diagnosis };
}

const recordOfSlow = (...statements: string[]): string => {
  const record: StatementsRecord = { database: 'shop', from: '', to: '', unread: null, statements: statements.map(cost) };
  return JSON.stringify(record);
};

/** Alike in more characters than a message shows. */
const LIST = 'SELECT id, note, customer, id + 1 AS next, id - 1 AS previous, upper(note) AS loud FROM orders WHERE';
const BY_CUSTOMER = `${LIST} customer = $1`;
const BY_NOTE = `${LIST} length(note) > $1`;

it('keeps every plan when the role cannot try an index, and reports that separately', async () => {
  const { found, diagnosis } = await gathered('looker', recordOfSlow(BY_CUSTOMER, BY_NOTE));
  expect(found.evidence.map(({ kind }) => kind)).toEqual(['query-plan', 'query-plan']);
  expect(found.missing).toEqual([
    `index trial of ${JSON.stringify(BY_CUSTOMER.slice(0, 80))}: permission denied to create temporary tables in database "postgres"`,
  ]);
  const removed = (statement: string) =>
    diagnosis.observation.plans.get(statement)?.find(({ subject }) => subject === 'rows removed')?.values['rows'];
  expect([removed(BY_CUSTOMER), removed(BY_NOTE)]).toEqual([ROWS - ROWS / 5_000, ROWS]);
});

it('keeps the plans it had where another statement has none', async () => {
  const { found, diagnosis } = await gathered('looker', recordOfSlow(`${LIST} nowhere = $1`, BY_NOTE));
  expect(found.missing).toEqual([expect.stringMatching(/^plan of "SELECT id.*": column "nowhere" does not exist$/u)]);
  expect([...diagnosis.observation.plans.keys()]).toEqual([BY_NOTE]);
});

it('proves the index for a role that may create temporary tables', async () => {
  const { found } = await gathered('postgres', recordOfSlow(BY_CUSTOMER));
  expect(found).toMatchObject({ missing: [], evidence: [{ kind: 'query-plan' }, { kind: 'index-proof' }] });
});

it('reports unreadable evidence of the load test, and continues', async () => {
  const { found, diagnosis } = await gathered('looker', '{"database":"shop"');
  expect(found.missing).toEqual([
    'plans of shop: its slow statements cannot be read (line 1: not a JSON document; run the load test again)',
  ]);
  expect(diagnosis.findings).toContainEqual(expect.objectContaining({ code: 'EvidenceUnreadable', outcome: 'inconclusive' }));
});

it('explains a statement whose logged plan cannot be read', async () => {
  const { found } = await gathered('looker', recordOfSlow(BY_NOTE), { plans: ['[{"Query Text": 1}]'] });
  expect(found).toMatchObject({ missing: [], evidence: [{ kind: 'query-plan' }] });
});

it('fails when the environment file has no such database: a retry would not help', async () => {
  await expect(gathered('looker', recordOfSlow(BY_NOTE), { database: 'store' })).rejects.toThrow(
    'the environment file has no database store',
  );
});
