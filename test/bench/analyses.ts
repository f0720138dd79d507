// The analyses against Go's own tool and against limits, each in a process of its own so that its peak memory is its own. Part of `npm run
// bench`; `node test/bench/analyses.ts NAME` runs one row.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { readGoroutines } from '../../analysis/goroutine/read.ts';
import { requestLines } from '../../analysis/testing/points.ts';
import { createLoadAccumulator } from '../../analysis/load-test/summary.ts';
import { profileBytes } from '../../analysis/testing/profile.ts';
import { readProfile } from '../../analysis/profile/read.ts';
import { top } from '../../analysis/profile/top.ts';
import { exclusiveByOperation } from '../../analysis/testing/traces.ts';
import { criticalPaths } from '../../analysis/trace/critical-path.ts';
import type { Spans } from '../../analysis/trace/spans.ts';
import type { BenchRow } from './row.ts';

const MEGABYTE = 1e6;
const seconds = (work: () => void): number => {
  const began = performance.now();
  work();
  return (performance.now() - began) / 1_000;
};
const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
const measured = (name: string, value: number, unit: string, limit: number, direction: BenchRow['direction'], note: string): BenchRow => ({
  name,
  measured: value,
  unit,
  limit,
  direction,
  peakMemoryMb: process.resourceUsage().maxRSS / 1024,
  note,
});

/** A CPU profile of many functions and deep stacks, over 1 MB packed. */
function largeProfile(): Uint8Array {
  let state = 1;
  const random = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
  const frames = Array.from(
    { length: 12_000 },
    (_, i) => `example.com/service/internal/package${i % 400}.(*Type${i % 900}).Method${i} /src/package${i % 400}/file.go:${i % 900}`,
  );
  const samples = Array.from({ length: 30_000 }, () => ({
    stack: Array.from({ length: 12 + random(30) }, () => frames[random(frames.length)] as string),
    values: [1 + random(9), 10_000_000 * (1 + random(9))],
  }));
  return gzipSync(profileBytes(['samples/count', 'cpu/nanoseconds'], samples, { seconds: 30 }));
}

/** In a folder that is removed again. */
function withFile<T>(name: string, bytes: Uint8Array, use: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'tminus-bench-'));
  try {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return use(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const rows: Readonly<Record<string, () => BenchRow>> = {
  'pprof decode'() {
    const raw = gunzipSync(largeProfile());
    readProfile(raw);
    const took = median(Array.from({ length: 25 }, () => seconds(() => readProfile(raw))));
    return measured(
      'pprof decode',
      raw.length / MEGABYTE / took,
      'MB/s raw',
      150,
      'at-least',
      `${(raw.length / MEGABYTE).toFixed(1)} MB raw`,
    );
  },
  'pprof top'() {
    const packed = largeProfile();
    return withFile('cpu.pb.gz', packed, (path) => {
      // Cold: the first and only time in this process.
      const ours = seconds(() => top(readProfile(packed)));
      const theirs = median(
        Array.from({ length: 5 }, () =>
          seconds(() =>
            execFileSync('go', ['tool', 'pprof', '-symbolize=none', '-top', path], { stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1e9 }),
          ),
        ),
      );
      return measured(
        'pprof top',
        ours / theirs,
        'of go tool pprof',
        0.25,
        'at-most',
        `${(packed.length / MEGABYTE).toFixed(1)} MB packed; ${Math.round(ours * 1e3)} ms cold with unpacking, its whole process ${Math.round(theirs * 1e3)} ms`,
      );
    });
  },
  'goroutine dump'() {
    const one = (id: number): string =>
      `goroutine ${id} [chan send, ${id % 9} minutes]:\nexample.com/service.blockSend(0xc000${(id % 65_536).toString(16)}, {0x1, 0x2})\n\t/src/service/main.go:${15 + (id % 6)} +0x2d\ncreated by example.com/service.main in goroutine 1\n\t/src/service/main.go:31 +0x8f\n\n`;
    const dump = new TextEncoder().encode(Array.from({ length: 60_000 }, (_, i) => one(i + 1)).join(''));
    readGoroutines(dump);
    const took = median(Array.from({ length: 25 }, () => seconds(() => readGoroutines(dump))));
    return measured(
      'goroutine dump',
      dump.length / MEGABYTE / took,
      'MB/s',
      200,
      'at-least',
      `60,000 goroutines, ${(dump.length / MEGABYTE).toFixed(1)} MB`,
    );
  },
  'k6 points'() {
    const TOTAL_BYTES = 2e9;
    const block = Buffer.from(
      Array.from({ length: 5_000 }, (_, i) => requestLines({ name: `GET /api/${i % 5}`, ms: (i % 400) + 0.25, second: i % 60 })).join(
        '\n',
      ) + '\n',
    );
    const accumulator = createLoadAccumulator();
    let afterTenth = 0;
    let pushed = 0;
    const took = seconds(() => {
      while (pushed < TOTAL_BYTES) {
        for (let at = 0; at < block.length; at += 256 * 1024) accumulator.push(block.subarray(at, at + 256 * 1024));
        pushed += block.length;
        if (afterTenth === 0 && pushed > TOTAL_BYTES / 10) afterTenth = process.resourceUsage().maxRSS / 1024;
      }
    });
    const { requests } = accumulator.finish();
    const peak = process.resourceUsage().maxRSS / 1024;
    return measured(
      'k6 points',
      pushed / MEGABYTE / took,
      'MB/s',
      180,
      'at-least',
      `${(pushed / 1e9).toFixed(1)} GB, ${requests.toLocaleString('en-US')} requests; memory ${Math.round(afterTenth)} MB after a tenth, ${Math.round(peak)} MB at the end`,
    );
  },
  'critical path'() {
    const SPANS = 1_000_000;
    const PER_TRACE = 10;
    const column = <T>(make: (span: number) => T): T[] => Array.from({ length: SPANS }, (_, span) => make(span));
    const inTrace = (span: number): number => span % PER_TRACE;
    const spans: Spans = {
      count: SPANS,
      traces: SPANS / PER_TRACE,
      traceIds: Array.from({ length: SPANS / PER_TRACE }, (_, i) => String(i)),
      trace: Int32Array.from(column((span) => Math.floor(span / PER_TRACE))),
      parent: Int32Array.from(column((span) => (inTrace(span) === 0 ? -1 : span - inTrace(span) + Math.floor((inTrace(span) - 1) / 3)))),
      startUs: Float64Array.from(column((span) => inTrace(span) * 10)),
      endUs: Float64Array.from(
        column((span) => (inTrace(span) === 0 ? 1_000 : inTrace(span) * 10 + 300 / (1 + Math.floor(inTrace(span) / 4)))),
      ),
      operations: Array.from({ length: PER_TRACE }, (_, i) => `[service] operation ${i}`),
      operation: Int32Array.from(column(inTrace)),
      category: new Uint8Array(SPANS),
      kind: Uint8Array.from(column((span) => [0, 1, 2][inTrace(span) % 3] as number)),
      failed: new Uint8Array(SPANS),
      asynchronous: new Uint8Array(SPANS),
      status: [],
    };
    const took = seconds(() => exclusiveByOperation(spans, criticalPaths(spans)));
    return measured(
      'critical path',
      took,
      's',
      2,
      'at-most',
      `${SPANS.toLocaleString('en-US')} spans in ${spans.traces.toLocaleString('en-US')} traces`,
    );
  },
};

const asked = process.argv[2];
if (asked !== undefined) {
  const row = rows[asked];
  if (row === undefined) throw new Error(`there is no row ${asked}; there are ${Object.keys(rows).join(', ')}`);
  process.stdout.write(JSON.stringify(row()));
} else {
  let over = 0;
  for (const name of Object.keys(rows)) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [import.meta.filename, name], { encoding: 'utf8', maxBuffer: 1e8 });
    if (status !== 0) throw new Error(`${name}: ${stderr}`);
    const row = JSON.parse(stdout) as BenchRow;
    const ok = row.direction === 'at-least' ? row.measured >= row.limit : row.measured <= row.limit;
    if (!ok) over += 1;
    const sign = row.direction === 'at-least' ? '>=' : '<=';
    process.stdout.write(
      `${ok ? 'ok  ' : 'OVER'}  ${row.name.padEnd(16)} ${`${Number(row.measured.toPrecision(3))} ${row.unit}`.padEnd(24)} ${`${sign} ${row.limit}`.padEnd(8)} peak ${Math.round(row.peakMemoryMb ?? 0)} MB   ${row.note}\n`,
    );
  }
  process.exitCode = over === 0 ? 0 : 1;
}
