import { expect, test } from '@jest/globals';
import { UnreadableEvidence } from '../analysis.ts';
import { bytesOf, endLine, header, requestLines } from '../testing/points.ts';
import { runLine } from '../load-test/run-record.ts';
import { readLoadEvidence } from './load-evidence.ts';
import { readLoads } from './loads.ts';
import type { DiagnosisRecord } from './record.ts';

/** The points of stages that saw `perSecond` iterations each second, of two requests each. */
function pairs(stages: { seconds: number; ratePerSecond: number }[], perSecond: (rate: number) => number): Uint8Array {
  let from = 0;
  const lines = stages.flatMap(({ seconds, ratePerSecond }) => {
    const count = perSecond(ratePerSecond) * seconds;
    const began = from;
    from += seconds;
    return Array.from({ length: count }, (_, i) => {
      const request = requestLines({ second: began + (i / count) * seconds, ms: 2 });
      return `${request.replace(/\n[^\n]*"metric":"iterations"[^\n]*/u, '')}\n${request}`;
    });
  });
  return bytesOf(`${[startOf(stages), header, ...lines, endLine()].join('\n')}\n`);
}

/** Tends to 60 however much is offered. */
const achieved = (rate: number): number => Math.round(2 * (rate / (1 + rate / 60))) / 2;

/** Twelve seconds at 100 requests/s, of which the slowest two each second take `slowest`. */
function points(
  slowest: number,
  stages = [
    { seconds: 0, ratePerSecond: 100 },
    { seconds: 12, ratePerSecond: 100 },
  ],
): Uint8Array {
  const requests = Array.from({ length: 1_201 }, (_, i) => requestLines({ second: i / 100, ms: i % 100 < 2 ? slowest : 2 }));
  return bytesOf(`${[startOf(stages), header, ...requests, endLine()].join('\n')}\n`);
}

function startOf(stages: { seconds: number; ratePerSecond: number }[]): string {
  return new TextDecoder()
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
}

const missing = Object.assign(new Error('no evidence is stored under sha256:gone'), { name: 'EvidenceMissing' });
const stored: Record<string, Uint8Array> = {
  now: points(50),
  before: points(20),
  pairs: pairs(
    [20, 40, 60, 80, 100, 120, 140].flatMap((ratePerSecond) => [
      { seconds: 0, ratePerSecond },
      { seconds: 2, ratePerSecond },
    ]),
    achieved,
  ),
  other: points(20, [{ seconds: 12, ratePerSecond: 100 }]),
  planless: bytesOf(`${[header, requestLines({ ms: 1 })].join('\n')}\n`),
  empty: bytesOf(
    `${startOf([
      { seconds: 0, ratePerSecond: 100 },
      { seconds: 12, ratePerSecond: 100 },
    ])}\n${endLine()}\n`,
  ),
  packed: new Uint8Array([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7]),
};
/** What the store and the readers say of bytes that are not as they were. */
const damaged = (name: string) =>
  Object.assign(name === 'UnreadableEvidence' ? new UnreadableEvidence('', '', '') : new Error(), {
    name,
    message: `the ${name} was told`,
  });
async function* read(digest: string): AsyncIterable<Uint8Array> {
  const bytes = stored[digest];
  if (digest.startsWith('throws ')) throw damaged(digest.slice('throws '.length));
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

test('reports what got slower than in the last good release, and shows the runtime by stage', async () => {
  const { facts, tables } = await ask(recordOf('before'));
  expect(facts.map(({ text }) => text)).toEqual([expect.stringMatching(/^p99 30 ms slower than api-1\.3\.0/)]);
  expect(tables.map(({ title }) => title)).toEqual(['Runtime by load stage', 'Comparison with the last good release, api-1.3.0']);
  expect(tables[0]?.rows[1]?.slice(1, 4)).toEqual([100, expect.any(Number), expect.any(Number)]);
});

test.each([
  ['the load was another', 'other', 'last good release: not compared with api-1.3.0: its load test had other stages'],
  ['its points are gone', 'gone', 'last good release: not compared with api-1.3.0: no evidence is stored under sha256:gone'],
  ['its points are damaged', 'throws EvidenceDamaged', 'last good release: not compared with api-1.3.0: the EvidenceDamaged was told'],
  ['they are no points', 'throws UnreadableEvidence', 'last good release: not compared with api-1.3.0: the UnreadableEvidence was told'],
  [
    'their compression is damaged',
    'packed',
    'last good release: not compared with api-1.3.0: its compression is damaged (invalid block type)',
  ],
  ['it said no plan', 'planless', 'last good release: not compared with api-1.3.0: its points contain no plan'],
  ['it sent nothing', 'empty', 'last good release: not compared with api-1.3.0: its points contain no request'],
  ['nothing changed', 'now', 'last good release: no endpoint is relevantly slower or faster than in api-1.3.0'],
])('says so where %s', async (_, before, sentence) => expect(await said(before)).toEqual([sentence]));

test('crashes on a bug in reading the last good release', async () => {
  await expect(ask(recordOf('throws TypeError'))).rejects.toThrow('the TypeError was told');
});

test('counts as achieved the iterations that ended, not their requests', async () => {
  const record = {
    ...recordOf(null),
    loadTests: [{ name: 'pairs', findings: [], inputs: [{ digest: 'pairs', kind: 'k6-points', source: 'k6' }] }],
  };
  const { facts, tables } = await ask(record as DiagnosisRecord);
  expect(tables[0]?.columns.slice(1, 3)).toEqual([
    { name: 'offered', unit: 'iterations/s' },
    { name: 'achieved', unit: 'iterations/s' },
  ]);
  expect(tables[0]?.rows.filter((_, i) => i % 2 === 1).map((row) => row.slice(1, 3))).toEqual(
    [20, 40, 60, 80, 100, 120, 140].map((rate) => [rate, achieved(rate)]),
  );
  expect(facts.map(({ text }) => text)).toEqual(['throughput approaches at most 61.16 iterations/s (Universal Scalability Law)']);
});

test('compares nothing where nothing was launched before', async () => expect(await said(null)).toEqual([]));
