// A real PostgreSQL with pg_stat_statements, watched by roles that see all, only their own, and nothing of the service's.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import { databaseWaits } from '../../analysis/postgres/activity.ts';
import { readActivitySamples, readStatementsRecord } from '../../analysis/postgres/read-records.ts';
import { bytesOf } from '../evidence/bytes-of.ts';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import { startOwnPostgres, type OwnPostgres } from '../testing/own-postgres.ts';
import { watchDatabase } from './watch-database.ts';

jest.setTimeout(120_000);

let folder: string;
let server: OwnPostgres;
const clients: Client[] = [];

const urlOf = (role: string) => server.url.replace('postgres@', `${role}@`);
async function open(role: string): Promise<Client> {
  const client = new Client({ connectionString: urlOf(role), application_name: 'go-api' });
  await client.connect();
  clients.push(client);
  return client;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tminus-hidden-'));
  server = await startOwnPostgres({ shared_preload_libraries: 'pg_stat_statements' });
  const owner = await open('postgres');
  await owner.query('CREATE EXTENSION pg_stat_statements; CREATE ROLE shop LOGIN; CREATE ROLE guest LOGIN; CREATE ROLE reader LOGIN');
  await owner.query(
    'CREATE TABLE stock AS SELECT 1 AS id, 5 AS n; GRANT SELECT, UPDATE ON stock TO shop; GRANT pg_read_all_stats TO reader',
  );
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.end()));
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What a role sees of work that lasts for several samples. */
async function watched(role: string, work: () => Promise<unknown>) {
  const store = createFolderEvidenceStore(folder);
  const watch = watchDatabase({ store, name: 'shop', url: urlOf(role), serviceLog: async () => 'there is none', everyMs: 50 });
  try {
    await wait(300);
    await work();
    const { evidence, facts } = await watch.finish();
    const of = (kind: string) => bytesOf(store, evidence.find((ref) => ref.kind === kind)?.digest ?? '');
    return {
      record: readStatementsRecord(await of('slow-statements')),
      samples: readActivitySamples(await of('lock-waits')),
      said: facts.map(({ text }) => text).join('\n'),
    };
  } finally {
    watch.stop();
  }
}

/** The service's statements, two of them waiting for a row that a third session holds, all of the role shop. */
async function locked(): Promise<void> {
  const [holder, first, second] = [await open('shop'), await open('shop'), await open('shop')];
  await holder.query('BEGIN; UPDATE stock SET n = 4 WHERE id = 1');
  const waiting = [first, second].map((client) => client.query('UPDATE stock SET n = n - 1 WHERE id = 1'));
  await wait(600);
  await holder.query('COMMIT');
  await Promise.all(waiting);
}

const HIDDEN_STATEMENTS = 'pg_stat_statements: statements of other roles are hidden; grant pg_read_all_stats to this role';
const HIDDEN_SESSIONS = 'sessions of other roles are hidden; grant pg_read_all_stats to this role';

it('is reported for a role that cannot see the service, without invented numbers', async () => {
  const { record, samples, said } = await watched('guest', locked);
  expect(record).toMatchObject({
    statements: [],
    notThere: [HIDDEN_STATEMENTS, expect.stringMatching(/^the server's log: /), expect.anything()],
  });
  expect(record.unread).toContain(HIDDEN_STATEMENTS);
  expect(said).toContain(HIDDEN_STATEMENTS);
  const unread = samples.filter((sample) => sample.unread !== null);
  expect(unread.length).toBeGreaterThan(3);
  expect(new Set(unread.map((sample) => sample.unread))).toEqual(new Set([HIDDEN_SESSIONS]));
  expect(JSON.stringify([record, samples])).not.toContain('insufficient privilege');
});

it('is not reported for a role with pg_read_all_stats, which sees waits and slow statements', async () => {
  const { record, samples, said } = await watched('reader', locked);
  expect(record).toMatchObject({ unread: null, source: 'pg_stat_statements' });
  expect(record.statements[0]).toMatchObject({ statement: 'UPDATE stock SET n = n - $1 WHERE id = $2', calls: 2 });
  expect(databaseWaits(samples)).toMatchObject({ unread: 0, blockedStatement: 'UPDATE stock SET n = n - $1 WHERE id = $2' });
  expect(said).toBe('');
});

it("does not keep the service's own role from seeing all of it: others that do nothing meanwhile hide nothing", async () => {
  // The superuser's statements of before are hidden from it, and so is a session of the superuser that idles.
  const { record, samples, said } = await watched('shop', locked);
  expect(record).toMatchObject({ unread: null, source: 'pg_stat_statements' });
  expect(record.statements[0]).toMatchObject({ statement: 'UPDATE stock SET n = n - $1 WHERE id = $2' });
  expect(databaseWaits(samples)).toMatchObject({ unread: 0, blockedStatement: 'UPDATE stock SET n = n - $1 WHERE id = $2' });
  expect(said).toBe('');
});

it('counts the time of a session that idles in a transaction from the end of its statement', async () => {
  const { samples } = await watched('reader', async () => {
    const shop = await open('shop');
    await shop.query('BEGIN; SELECT pg_sleep(0.4)');
    await wait(300);
    await shop.query('COMMIT');
  });
  expect(databaseWaits(samples)?.idleAfter).toBe('BEGIN; SELECT pg_sleep($1)');
  const idle = samples.flatMap(({ sessions }) => sessions).filter(({ state }) => state === 'idle in transaction');
  expect(Math.max(...idle.map(({ runsMs }) => runsMs))).toBeLessThan(400);
});

it('records a sample of sessions without activity as unread', async () => {
  const owner = await open('postgres');
  await owner.query('ALTER ROLE shop SET track_activities = off');
  try {
    const { samples } = await watched('reader', locked);
    expect(samples.find(({ unread }) => unread !== null)?.unread).toBe('sessions report no activity (track_activities is off)');
  } finally {
    await owner.query('ALTER ROLE shop RESET track_activities');
  }
});
