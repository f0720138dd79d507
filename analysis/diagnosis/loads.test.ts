import { expect, test } from '@jest/globals';
import { bytesOf, endLine, header, requestLines } from '../load-test/points.fixture.ts';
import { runLine } from '../load-test/run-record.ts';
import { readLoadEvidence } from './load-evidence.ts';
import { readLoads } from './loads.ts';
import type { DiagnosisRecord } from './record.ts';

/** Twelve seconds at 100 requests/s, of which the slowest two each second take `slowest`. */
function points(
  slowest: number,
  stages = [
    { seconds: 0, ratePerSecond: 100 },
    { seconds: 12, ratePerSecond: 100 },
  ],
): Uint8Array {
  const start = new TextDecoder()
    .decode(
      runLine('Run', {
        runId: 'r',
        attempt: 1,
        target: 't',
        startedAt: '2026-11-23T12:00:00Z',
        plan: { stages, limits: { p99Ms: 300, errorPercent: 1, deliveredPercent: 95, endpoints: {} } },
      }),
    )
    .trim();
  const requests = Array.from({ length: 1_201 }, (_, i) => requestLines({ second: i / 100, ms: i % 100 < 2 ? slowest : 2 }));
  return bytesOf(`${[start, header, ...requests, endLine()].join('\n')}\n`);
}

const missing = Object.assign(new Error('no evidence is stored under sha256:gone'), { name: 'EvidenceMissing' });
const stored: Record<string, Uint8Array> = {
  now: points(50),
  before: points(20),
  other: points(20, [{ seconds: 12, ratePerSecond: 100 }]),
};
async function* read(digest: string): AsyncIterable<Uint8Array> {
  const bytes = stored[digest];
  if (!bytes) throw missing;
  yield bytes;
}
const recordOf = (before: string | null): DiagnosisRecord => ({
  service: 'api',
  loadTests: [{ name: 'load-test', findings: [], inputs: [{ digest: 'now', kind: 'k6-points', source: 'k6' }] }],
  inputs: [],
  missing: [],
  lastGood: before === null ? null : { release: 'api-1.3.0', loadTests: [{ name: 'load-test', points: before }] },
});
const ask = async (record: DiagnosisRecord) => readLoads(record, (await readLoadEvidence(record, read)).loads, read);
const said = async (before: string | null) => (await ask(recordOf(before))).facts.map(({ subject, text }) => `${subject}: ${text}`);

test('tells what got slower than in the last good release, and shows the runtime by stage', async () => {
  const { facts, tables } = await ask(recordOf('before'));
  expect(facts.map(({ text }) => text)).toEqual([expect.stringMatching(/^p99 30 ms slower than api-1\.3\.0/)]);
  expect(tables.map(({ title }) => title)).toEqual(['Runtime by stage of the load', 'Against the last good release, api-1.3.0']);
  expect(tables[0]?.rows[1]?.slice(1, 4)).toEqual([100, expect.any(Number), expect.any(Number)]);
});

test.each([
  ['the load was another', 'other', 'last good release: not compared with api-1.3.0: its load test had other stages'],
  ['its points are gone', 'gone', 'last good release: not compared with api-1.3.0: no evidence is stored under sha256:gone'],
  ['nothing changed', 'now', 'last good release: no endpoint is slower or faster than in api-1.3.0 to speak of'],
])('says so where %s', async (_, before, sentence) => expect(await said(before)).toEqual([sentence]));

test('compares nothing where nothing was launched before', async () => expect(await said(null)).toEqual([]));
