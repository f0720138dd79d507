// Every kind of file through the verb: detected kind, findings, and output that matches its published schema.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { endLine, record, requestLines, type FixtureRequest } from '../../analysis/testing/points.ts';
import { runLine } from '../../analysis/load-test/run-record.ts';
import { profileBytes, request } from '../../analysis/testing/profile.ts';
import type { AnalysisDocument, AnalyzedFile } from './document.ts';

const bin = resolve(import.meta.dirname, '../bin.ts');
const folder = mkdtempSync(join(tmpdir(), 'tminus-kinds-'));
const valid = new Ajv({ strict: false }).compile(
  JSON.parse(readFileSync(join(import.meta.dirname, 'analysis.v1alpha1.json'), 'utf8')) as object,
);
const at = (name: string) => join(folder, name);
const analyze = (...argv: string[]) => spawnSync(process.execPath, [bin, 'analyze', ...argv], { encoding: 'utf8' });
const itemsOf = (...argv: string[]): AnalyzedFile[] => {
  const document = JSON.parse(analyze('-o', 'json', ...argv).stdout) as AnalysisDocument;
  expect([valid(document), valid.errors]).toEqual([true, null]);
  return document.items;
};

const stack = request('shop.example/api/internal/shop.hash /src/shop/hash.go:5');
const cpu = (...values: [string, number][]) =>
  gzipSync(
    profileBytes(
      ['samples/count', 'cpu/nanoseconds'],
      values.map(([name, count]) => ({ stack: [name, ...stack], values: [count, count * 10_000_000] })),
    ),
  );
const requests = (slowest: number, fromSecond = 0): FixtureRequest[] =>
  Array.from({ length: 12_001 }, (_, i) => ({ second: fromSecond + i / 100, ms: i % 100 < 2 ? slowest : 2 }));
const dump = (count: number) =>
  Array.from(
    { length: count },
    (_, i) => `goroutine ${i + 1} [chan send]:\nshop.example/api/internal/shop.notify(0x1)\n\t/src/shop/notify.go:8 +0x1d\n`,
  ).join('\n');
const span = { traceId: 'a1', spanId: 'b1', name: 'GET /', startTimeUnixNano: '1000000000', endTimeUnixNano: '2000000000' };

/** Name, content, detected kind, and a text that its findings, facts and tables must contain. */
const kinds: [name: string, content: string | Uint8Array, kind: string, says: RegExp][] = [
  ['points.json', record(requests(20)), 'k6-points', /p99 of GET \/a is 20 ms.*the points do not show whether the load model was open/],
  ['points.json.gz', gzipSync(record(requests(20))), 'k6-points', /p99 of GET \/a is 20/],
  [
    'vegeta.json',
    '{"latencies":{"99th":9900000,"max":10000000},"requests":10000,"success":1,"duration":10000000000}',
    'load-report',
    /p99/,
  ],
  ['cpu.pb.gz', cpu(['main.f', 9], ['main.g', 1]), 'cpu-profile', /main\.f/],
  [
    'heap.pb',
    profileBytes(['inuse_objects/count', 'inuse_space/bytes'], [{ stack, values: [1, 4_000_000] }]),
    'heap-profile',
    /4,?.* MB|hash/,
  ],
  [
    'mutex.pb',
    profileBytes(['contentions/count', 'delay/nanoseconds'], [{ stack: ['sync.(*Mutex).Unlock', ...stack], values: [2, 3e9] }]),
    'mutex-profile',
    /wait of others/,
  ],
  [
    'block.pb',
    profileBytes(['contentions/count', 'delay/nanoseconds'], [{ stack: ['runtime.selectgo', ...stack], values: [2, 3e9] }]),
    'block-profile',
    /runtime\.selectgo/,
  ],
  [
    'goroutine.pb',
    profileBytes(['goroutine/count'], [{ stack: ['runtime.gopark', ...stack], values: [7] }]),
    'goroutine-profile',
    /7 goroutines/,
  ],
  [
    'leaks.pb',
    profileBytes(['goroutineleak/count'], [{ stack: ['runtime.gopark', 'runtime.chansend1', ...stack], values: [3] }]),
    'goroutine-leak-profile',
    /no longer read/,
  ],
  ['goroutines.txt', dump(12), 'goroutine-profile', /12 goroutines/],
  ['counted.txt', 'goroutine profile: total 5\n5 @ 0x1\n#\t0x1\tmain.f+0x1d\t/src/f.go:8\n\n', 'goroutine-profile', /5 goroutines/],
  [
    'plan.txt',
    ' Seq Scan on orders  (cost=0.00..9.00 rows=1 width=4) (actual time=0.1..42.0 rows=1 loops=1)\n   Filter: (customer = 7)\n   Rows Removed by Filter: 99999\n Execution Time: 43.0 ms\n',
    'query-plan',
    /CREATE INDEX/,
  ],
  ['traces.json', JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }), 'traces', /GET \//],
  [
    'statements.json',
    '{"database":"shop","from":"","to":"","unread":null,"statements":[{"statement":"SELECT $1","calls":10,"totalMs":90,"meanMs":9,"rows":1,"blocksHit":0,"blocksRead":0,"tempBlocksWritten":0}]}',
    'slow-statements',
    /SELECT \$1/,
  ],
  [
    'pods.json',
    '{"podFailures":{"target":{"cluster":"lab","namespace":"shop","deployment":"go-api"},"readAt":"","replicaSets":[{"name":"go-api-1","conditions":[{"type":"ReplicaFailure","status":"True","message":"exceeded quota"}]}],"notReady":0,"pods":[]}}',
    'pod-failures',
    /exceeded quota/,
  ],
  [
    'trigger.ndjson',
    [
      '{"trigger":{"trigger":{"type":"alert","name":"high-errors","alert":"HighErrors","labels":{},"alertmanager":"lab","intervalMs":5000,"noDataAfterMs":60000},"subject":"deployment shop/go-api","until":"fires","sinceMs":null,"forMs":0,"timeoutMs":60000},"part":1}',
      '{"type":"alert","atMs":1764000000000,"alerts":[],"rules":[],"trouble":null}',
    ].join('\n'),
    'trigger-samples',
    /Prometheus has no alerting rule named HighErrors/,
  ],
  ['looks.ndjson', '{"at":"2026-11-24T00:00:00Z","unread":null,"sessions":[]}\n', 'lock-waits', /./],
  [
    'runtime.ndjson',
    '{"at":"2026-11-24T00:00:00Z","pod":"a","unread":null,"goroutines":50,"heapBytes":1,"gcCpuSeconds":1,"totalCpuSeconds":2,"pauses":null}\n',
    'runtime-samples',
    /./,
  ],
];
/** Whatever can be read can be read packed. */
kinds.push(
  ...kinds
    .filter(([name]) => !name.endsWith('.gz'))
    .map(([name, content, ...told]): (typeof kinds)[number] => [`${name}.gz`, gzipSync(content), ...told]),
);
let items: AnalyzedFile[] = [];

beforeAll(() => {
  for (const [name, content] of kinds) writeFileSync(at(name), content);
  items = itemsOf(...kinds.map(([name]) => at(name)));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a file', () => {
  it.each(kinds)('%s is detected by its content', (name, _, kind, says) => {
    const item = items.find(({ file }) => file === at(name));
    expect([item?.kind, item?.problem]).toEqual([kind, null]);
    expect(JSON.stringify([item?.findings.map(({ message }) => message), item?.facts, item?.tables])).toMatch(says);
  });
});

it('finds the saturation of a stepped load from points with their plan', () => {
  const offered = [20, 40, 80, 160, 320, 480, 640];
  const plan = {
    stages: offered.flatMap((ratePerSecond) => [
      { seconds: 1, ratePerSecond },
      { seconds: 10, ratePerSecond },
    ]),
    limits: { p99Ms: 300, errorPercent: 1, deliveredPercent: 95, endpoints: {} },
  };
  const run = { runId: 'r', attempt: 1, target: 't', startedAt: '2026-11-23T12:00:00Z', plan };
  // A second to rise, ten to hold: of N offered N / (1 + N / 100) end, each second.
  const achieved = offered.flatMap((load, stage) => {
    const count = Math.round((10 * load) / (1 + load / 100));
    return Array.from({ length: count }, (_, i): FixtureRequest => ({ second: 11 * stage + 1.01 + (10 * i) / count, ms: 2 }));
  });
  const lines = [
    new TextDecoder().decode(runLine('Run', run)).trim(),
    ...[{ second: 0, ms: 2 }, ...achieved].map(requestLines),
    endLine({ at: '2026-11-23T12:01:20Z' }),
  ];
  writeFileSync(at('stages.json'), `${lines.join('\n')}\n`);
  const [item] = itemsOf(at('stages.json'));
  const told = item?.facts.filter(({ subject }) => subject === 'saturation').map(({ text }) => text);
  expect(told).toContainEqual(
    expect.stringMatching(/^throughput approaches at most (9\d|10\d)(?:\.\d+)? iterations\/s \(Universal Scalability Law\)$/u),
  );
});

describe('an earlier file beside it', () => {
  it('reports slower endpoints between the points of two runs', () => {
    writeFileSync(at('slower.json'), record(requests(35, 3_600)));
    const [item] = itemsOf(at('slower.json'), '--before', at('points.json.gz'));
    expect(item?.facts.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^p99 15 ms slower than before \(95 %: 15 to 15 ms\)$/),
    );
    expect(item?.tables.at(-1)).toMatchObject({
      title: `Against ${at('points.json.gz')}`,
      rows: [expect.arrayContaining(['GET /a', 'slower'])],
      notes: [expect.stringContaining('medians over windows of 10 s')],
    });
  });

  it('compares overlapping runs window by window', () => {
    writeFileSync(at('beside.json'), record(requests(35, 5)));
    const [item] = itemsOf(at('beside.json'), '--before', at('points.json.gz'));
    expect(item?.tables.at(-1)).toMatchObject({
      rows: [expect.arrayContaining(['GET /a', 'slower'])],
      notes: [
        expect.stringContaining('medians over windows of 10 s'),
        expect.stringContaining('the runs overlap: windows of the same time'),
      ],
    });
  });

  it('reports changes between two profiles, and growth between two dumps', () => {
    writeFileSync(at('later.pb.gz'), cpu(['main.f', 1], ['main.g', 9]));
    const [profile] = itemsOf(at('later.pb.gz'), '--before', at('cpu.pb.gz'));
    expect(profile?.tables[0]?.rows.map((row) => row.slice(0, 4))).toEqual([
      ['main.f', 90, 10, -80],
      ['main.g', 10, 90, 80],
    ]);
    writeFileSync(at('more.txt'), dump(80));
    const [goroutines] = itemsOf(at('more.txt'), '--before', at('goroutines.txt'));
    expect(goroutines?.findings).toMatchObject([{ outcome: 'inconclusive', message: expect.stringContaining('68') }]);
  });

  it.each([
    [
      'of another kind',
      'cpu.pb.gz',
      'goroutines.txt',
      'the earlier file is of another kind: goroutines, not CPU profile; compare files of one kind',
    ],
    ['that nobody compares', 'plan.txt', 'plan.txt', 'files of this kind cannot be compared: PostgreSQL plan; leave out --before'],
    ['that is not there', 'cpu.pb.gz', 'nowhere', '/nowhere not found'],
  ])('%s is refused', (_, file, before, sentence) => {
    const { status, stdout } = analyze(at(file), '--before', at(before));
    expect(stdout).toContain(sentence);
    expect(status).toBe(2);
  });
});
