// Wrong and malicious files: one message each, exit 2 or an inconclusive finding, and bounded memory.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { record } from '../../analysis/testing/points.ts';
import { profileBytes, request } from '../../analysis/testing/profile.ts';
import type { AnalysisDocument, AnalyzedFile } from './document.ts';

const bin = resolve(import.meta.dirname, '../bin.ts');
const folder = mkdtempSync(join(tmpdir(), 'tminus-damaged-'));
const MEGABYTE = 1024 * 1024;
/** Node itself takes 80 MB, the parser of PostgreSQL 40; one file is held whole up to 256 MB, packed and unpacked. */
const MEMORY_LIMIT_MB = 900;

const profile = profileBytes(
  ['samples/count', 'cpu/nanoseconds'],
  Array.from({ length: 50 }, (_, i) => ({ stack: request(`main.f${i}`), values: [1, 10_000_000] })),
);
/** A sample (field 2) whose location (field 1, packed) is -1: ten bytes of ones. */
const negativeId = Uint8Array.from([
  ...profile,
  0x12,
  0x10,
  0x0a,
  0x0a,
  ...Array.from({ length: 9 }, () => 0xff),
  0x01,
  0x12,
  0x02,
  0x01,
  0x01,
]);
/** 200,000 sample types (field 1) and as many samples (field 2), all of them empty. */
const manyTypes = Uint8Array.from({ length: 800_000 }, (_, i) => (i % 2 === 1 ? 0 : i < 400_000 ? 0x0a : 0x12));
const span = (id: string, parent: string, start: string, end: string) => ({
  traceId: 'a1',
  spanId: id,
  parentSpanId: parent,
  name: id,
  startTimeUnixNano: start,
  endTimeUnixNano: end,
});
const traces = (...spans: object[]) => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
const plan = (node: object) => JSON.stringify([{ Plan: { 'Node Type': 'Seq Scan', 'Total Cost': 1, ...node } }]);
const deepPlan = `[{"Plan":${'{"Node Type":"Sort","Plans":['.repeat(2_000)}{"Node Type":"Result"}${']}'.repeat(2_000)}}]`;
const planText = 'Seq Scan on orders  (cost=0.00..1.00 rows=1 width=4) (actual time=0.1..0.2 rows=1 loops=1)\n';
const points = record([{ ms: 5 }, { ms: 6 }]);

/** Name, content, and expected message. */
const unreadable: [name: string, content: string | Uint8Array, says: RegExp][] = [
  ['cut-off.pb.gz', gzipSync(profile).subarray(0, 200), /the gzip stream is truncated; capture it again, to its end$/],
  [
    'damaged.pb.gz',
    Uint8Array.from(gzipSync(profile).map((byte, i) => (i === 40 ? byte ^ 0xff : byte))),
    /^gzip: the gzip stream is damaged; capture it again$/,
  ],
  ['bomb.gz', gzipSync(new Uint8Array(600 * MEGABYTE)), /the gzip stream is larger than 256 MiB decompressed; capture a shorter period$/],
  [
    'many-traces.json.gz',
    gzipSync(`{"resourceSpans":[${' '.repeat(100 * MEGABYTE)}]}`),
    /the gzip stream is larger than 96 MiB decompressed; capture a shorter period$/,
  ],
  ['large.pb', profile, /the file is larger than 256 MiB; capture a shorter period$/],
  ['negative-id.pb', negativeId, /location .*(capture|damaged)/],
  ['cut-off.pb', profile.subarray(0, profile.length - 30), /byte \d+: .*(capture|damaged)/],
  [
    'mixed.pb',
    profileBytes(['samples/count', 'cpu/nanoseconds'], [{ stack: ['main.f'], values: [1, 2, 3] }]),
    /has 3 values for 2 sample types/,
  ],
  ['many-types.pb', manyTypes, /^samples: 200000 samples of 200000 values do not fit into 800000 bytes; capture/],
  ['circle.json', traces(span('b', 'c', '1000', '2000'), span('c', 'b', '1000', '2000')), /is its own ancestor/],
  ['backwards.json', traces(span('b', '', '2000', '1000')), /ends before it starts/],
  ['no-time.json', traces(span('b', '', 'NaN', '1000')), /startTimeUnixNano: /],
  ['nan-cost.json', plan({ 'Total Cost': 'NaN' }), /Plan\.Total Cost: "NaN" is not a number of at least 0/],
  ['negative-rows.json', plan({ 'Actual Rows': -1 }), /Plan\.Actual Rows: -1 is not a number of at least 0/],
  ['deep-plan.json', deepPlan, /nodes are nested more than 400 deep/],
  ['two-plans.txt', planText + planText, /line 2: a second plan starts here; use one plan per file/],
  ['no-node.txt', 'QUERY PLAN\n----------\n(0 rows)\n', /no plan node found/],
  ['empty', '', /the file is empty/],
  ['picture.png', Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, ...Array.from({ length: 64 }, (_, i) => i)]), /./],
  ['other.json', '{"hello": "world"}', /not a known profile, dump, plan, trace or load report/],
  ['cut-off.json', '{"metrics": {"http_req', /^line 1: not JSON, or truncated; export the report again$/],
  ['cut-off-plan.json', '[{"Plan": {"Node Type": "Seq', /^line 1: not JSON, or truncated; capture the plan again$/],
  ['cut-off-traces.json', '{"resourceSpans": [{"sco', /^line 1: not JSON, or truncated; use OTLP JSON/],
  [
    'hey.csv',
    'response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n0.1,0,0\n',
    /line 2: not a row of hey/,
  ],
  ['vegeta.json', '{"latencies":{"99th":null,"max":-4},"requests":10,"success":1}', /-4 is not a number of at least 0/],
];

/** Can be read, and says that nothing can be known. */
const inconclusive: [name: string, content: string, says: RegExp][] = [
  ['empty-run.json', record([]), /k6 sent no request/],
  ['two-runs.json', points + points, /its record contains 2 runs/],
  ['cut-off-points.json', points.slice(0, -40), /its record is truncated/],
  ['cut-off-dump.txt', 'goroutine 12 [select', /^goroutines: the profile may be incomplete: invalid goroutine header on line 1/],
  [
    'cut-off-goroutines.txt',
    'goroutine profile: total 400\n300 @ 0x1\n#\t0x1\tmain.f+0x1d\t/src/f.go:8\n\n',
    /the title counts 400 goroutines, but the text lists 300/,
  ],
  ['empty-report.json', '{"latencies":{},"requests":0,"success":0}', /the report contains no request/],
  [
    'no-pods.ndjson',
    '{"at":"2026-11-24T00:00:00Z","pod":"","unread":"the pods cannot be listed"}\n',
    /no runtime sample of any pod could be read/,
  ],
];

let items: AnalyzedFile[] = [];
let status: number | null = null;
let peakMegabytes = 0;

beforeAll(() => {
  for (const [name, content] of [...unreadable, ...inconclusive]) writeFileSync(join(folder, name), content);
  truncateSync(join(folder, 'large.pb'), 300 * MEGABYTE);
  const names = [...unreadable, ...inconclusive].map(([name]) => join(folder, name));
  const script = join(folder, 'with-peak.mjs');
  writeFileSync(
    script,
    `process.on('exit', () => process.stderr.write('peak ' + process.resourceUsage().maxRSS));\nawait import(${JSON.stringify(bin)});\n`,
  );
  const ran = spawnSync(process.execPath, [script, 'analyze', '-o', 'json', ...names], { encoding: 'utf8', maxBuffer: 64 * MEGABYTE });
  status = ran.status;
  peakMegabytes = Number(/peak (\d+)/u.exec(ran.stderr)?.[1] ?? Infinity) / 1024;
  items = (JSON.parse(ran.stdout) as AnalysisDocument).items;
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const itemOf = (name: string) => items.find(({ file }) => file === join(folder, name));

describe('a damaged file', () => {
  it.each(unreadable)('%s is refused with one sentence', (name, _, says) => {
    const problem = itemOf(name)?.problem ?? '';
    expect(problem).toMatch(says);
    expect(problem.split('\n')).toHaveLength(1);
    expect(problem.length).toBeLessThan(400);
    expect(itemOf(name)?.findings).toEqual([]);
  });

  it.each(inconclusive)('%s passes nothing', (name, _, says) => {
    const item = itemOf(name);
    expect(item?.problem).toBeNull();
    expect(item?.findings.map(({ message }) => message).join('\n')).toMatch(says);
    expect(item?.findings.some(({ outcome }) => outcome === 'inconclusive')).toBe(true);
  });

  it('exits with 2, and all of them need no more memory than one', () => {
    expect(status).toBe(2);
    expect(peakMegabytes).toBeLessThan(MEMORY_LIMIT_MB);
  });

  it('is distinguished from a missing file and a folder', () => {
    const ran = spawnSync(process.execPath, [bin, 'analyze', join(folder, 'nowhere'), folder], { encoding: 'utf8' });
    expect(ran.status).toBe(2);
    expect(ran.stdout).toContain(`${join(folder, 'nowhere')} not found\n`);
    expect(ran.stdout).toContain(`${folder} is a folder; give the files in it\n`);
    expect(ran.stdout).not.toMatch(/ENOENT|EISDIR/);
  });
});
