import { gzipSync } from 'node:zlib';
import { bytesOf, droppedLine, endLine, header, inPieces, record, requestLines, startLine } from '../testing/points.ts';
import type { LoadLimits } from './plan.ts';
import { MAX_ENDPOINTS, OTHER_ENDPOINTS, createLoadAccumulator, summarizeLoad } from './summary.ts';

const limits: LoadLimits = { p99Ms: 300, errorPercent: 0.1, deliveredPercent: 95, endpoints: {} };
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
const summarize = (text: string, size?: number) => summarizeLoad(inPieces(bytesOf(text), size), limits);

test('reads percentiles by nearest rank and the bounds by their order statistics, each to 0.1 %', async () => {
  const summary = await summarize(record(upTo(1_000).map((ms) => ({ ms }))));
  const [endpoint] = summary.endpoints;
  expect(endpoint).toMatchObject({ endpoint: 'GET /a', requests: 1_000, failed: 0, unanswered: 0, overLimit: 700 });
  const near = (value: number | null | undefined, ms: number) => expect(Math.abs((value as number) / ms - 1)).toBeLessThan(0.001);
  near(endpoint?.p50Ms, 500);
  near(endpoint?.p95Ms, 950);
  near(endpoint?.p99Ms, 990);
  near(endpoint?.p99UpperMs, 996);
  near(endpoint?.p99LowerMs, 985);
  expect(summary).toMatchObject({ requests: 1_000, iterations: 1_000, dropped: 0, linesMalformed: 0, cutOff: false, runs: 1 });
});

test('never understates the upper bound nor overstates the lower one by its rounding', async () => {
  const [endpoint] = (await summarize(record(upTo(500).map(() => ({ ms: 300.1 }))))).endpoints;
  expect(endpoint?.p99UpperMs).toBeGreaterThanOrEqual(300.1);
  expect(endpoint?.p99LowerMs).toBeLessThanOrEqual(300.1);
});

test('has no upper bound below 299 requests', async () => {
  expect((await summarize(record(upTo(298).map((ms) => ({ ms }))))).endpoints[0]?.p99UpperMs).toBeNull();
  expect((await summarize(record(upTo(299).map((ms) => ({ ms }))))).endpoints[0]?.p99UpperMs).not.toBeNull();
});

test('reads points whose keys stand in the order of older k6, with the metric last', async () => {
  const text = record(upTo(400).map((ms) => ({ ms, status: ms > 390 ? 500 : 200 }))).replace(startLine, `${startLine}\n${droppedLine(3)}`);
  const older = text.replaceAll(/^\{"metric":"([^"]+)","type":"Point","data":(.*)\}$/gm, '{"type":"Point","data":$2,"metric":"$1"}');
  expect(older).toContain('"metric":"http_req_duration"}\n');
  const summary = await summarize(older, 500);
  expect(summary).toEqual(await summarize(text));
  expect(summary).toMatchObject({ requests: 400, iterations: 400, dropped: 3, linesMalformed: 0 });
  const cut = await summarize('{"type":"Point","data":{"time":"2026-11-23T12:00:00Z","value":1,"tags":{"name":"GET /a"}}\n');
  expect(cut).toMatchObject({ requests: 0, linesMalformed: 1 });
});

test('distinguishes unnamed requests by method, because k6 names them by URL alone', async () => {
  const url = 'http://shop/orders';
  const orders = upTo(2_000).map((n) => (n % 200 === 0 ? { name: url, method: 'POST', ms: 5_000 } : { name: url, ms: 10 }));
  const told = async (text: string) => (await summarize(text)).endpoints.map(({ endpoint, requests }) => [endpoint, requests]);
  const apart = [
    [`GET ${url}`, 1_990],
    [`POST ${url}`, 10],
  ];
  expect(await told(record(orders))).toEqual(apart);
  // Where systemTags leave out the URL, the name still is one; where they leave out the method, nothing tells them apart.
  expect(await told(record(orders).replaceAll(`,"url":"${url}"`, ''))).toEqual(apart);
  expect(await told(record(orders).replaceAll(/"method":"\w+",/gu, ''))).toEqual([[url, 2_000]]);
  // A name of the script's own is kept as it is.
  expect(await told(record(orders.map((each) => ({ ...each, name: 'orders' }))))).toEqual([['orders', 2_000]]);
});

test('says the same whatever the pieces the bytes come in, packed or plain', async () => {
  const text = record(upTo(50).map((ms) => ({ ms, name: `GET /é${ms % 3}`, second: ms / 5 })));
  const whole = await summarize(text);
  for (const size of [1, 7, 299, 4_096]) expect(await summarize(text, size)).toEqual(whole);
  expect(await summarizeLoad(inPieces(gzipSync(bytesOf(text)), 100), limits)).toEqual(whole);
  const members = Buffer.concat([gzipSync(bytesOf(text.slice(0, 999))), gzipSync(bytesOf(text.slice(999)))]);
  expect(await summarizeLoad(inPieces(members), limits)).toEqual(whole);
});

test('holds an unanswered request for one of any length, not for a fast one', async () => {
  const requests = [...upTo(990).map(() => ({ ms: 20 })), ...upTo(10).map(() => ({ ms: 0, status: 0 }))];
  const [endpoint] = (await summarize(record(requests))).endpoints;
  expect(endpoint).toMatchObject({ requests: 1_000, unanswered: 10, failed: 10, p99UpperMs: null });
});

test('counts a timed-out request with what it waited', async () => {
  const [endpoint] = (await summarize(record(upTo(400).map(() => ({ ms: 5_000, status: 0 }))))).endpoints;
  expect(endpoint?.p99LowerMs).toBeGreaterThan(4_990);
  expect(endpoint).toMatchObject({ overLimit: 400, p99UpperMs: null });
});

test('counts lines it cannot read instead of passing over them', async () => {
  const good = requestLines({ ms: 5 });
  const bad = [
    'nonsense',
    '{"metric":"http_req_duration","type":"Point","data":{"time":"x","value":1,"tags":{"name":"GET /a"}}}',
    '{"metric":"http_req_duration","type":"Point","data":{"time":"2026-11-23T12:00:00Z","value":null,"tags":{"name":"GET /a"}}}',
    '{"metric":"http_req_duration",}',
    '{"metric":"vus","type":"Po',
    '{"type":"End","data":{}}',
    `{"type":"${'x'.repeat(2_000_000)}"}`,
  ];
  const summary = await summarize([startLine, good, ...bad, good, endLine()].join('\n'), 10_000);
  expect(summary).toMatchObject({ requests: 2, linesMalformed: bad.length + 1, cutOff: true });
  const closed = await summarize(`${[startLine, good, ...bad, good, endLine()].join('\n')}\n`);
  expect(closed).toMatchObject({ requests: 2, linesMalformed: bad.length, cutOff: false });
});

test('sees that a record was cut off, in a line or in its compression', async () => {
  const text = record(upTo(400).map((ms) => ({ ms })));
  expect(await summarize(text.slice(0, -200))).toMatchObject({ cutOff: true, end: null });
  const packed = gzipSync(bytesOf(text));
  const cut = await summarizeLoad(inPieces(packed.subarray(0, packed.length - 500), 1_000), limits);
  expect(cut).toMatchObject({ cutOff: true, end: null });
  expect(cut.requests).toBeGreaterThan(0);
  expect(await summarizeLoad(inPieces(packed.subarray(0, 40)), limits)).toMatchObject({ cutOff: true, requests: 0 });
});

test('lets errors of the store pass: damaged evidence is not a short run', async () => {
  async function* damaged() {
    yield gzipSync(bytesOf(record([{ ms: 1 }])));
    throw Object.assign(new Error('another SHA-256'), { name: 'EvidenceDamaged' });
  }
  await expect(summarizeLoad(damaged(), limits)).rejects.toMatchObject({ name: 'EvidenceDamaged' });
});

test('says nothing of nothing', async () => {
  expect(await summarizeLoad(inPieces(new Uint8Array(), 1))).toMatchObject({
    endpoints: [],
    requests: 0,
    seconds: 0,
    end: null,
    cutOff: false,
  });
});

test('counts dropped iterations and several starts', async () => {
  const summary = await summarize(
    `${[startLine, header, droppedLine(3), droppedLine(4), startLine, endLine({ lastError: 'x' })].join('\n')}\n`,
  );
  expect(summary).toMatchObject({ dropped: 7, runs: 2, end: { lastError: 'x' } });
});

test('judges endpoints beyond the bound together instead of forgetting them', async () => {
  const summary = await summarize(record(upTo(MAX_ENDPOINTS + 50).map((id) => ({ ms: 1, name: `GET /order/${id}` }))));
  expect(summary.endpoints).toHaveLength(MAX_ENDPOINTS + 1);
  expect(summary.endpoints.find((each) => each.endpoint === OTHER_ENDPOINTS)?.requests).toBe(50);
});

test('gives one bucket per second, and wider ones when the run is long', async () => {
  const short = await summarize(
    record([
      { ms: 10, second: 0 },
      { ms: 30, second: 0.5, status: 500 },
      { ms: 7, second: 2 },
    ]),
  );
  expect(short.endpoints[0]?.series).toEqual({
    widthSeconds: 1,
    buckets: [
      { second: 0, requests: 2, failed: 1, slow: 0, meanMs: 20, p99Ms: 30, maxMs: 30 },
      { second: 2, requests: 1, failed: 0, slow: 0, meanMs: 7, p99Ms: 7, maxMs: 7 },
    ],
  });
  const long = await summarize(record(upTo(5_000).map((second) => ({ ms: second === 2_500 ? 900 : 1, second: second - 1 }))));
  const series = long.endpoints[0]?.series;
  expect(series?.widthSeconds).toBe(8);
  expect(series?.buckets.reduce((sum, bucket) => sum + bucket.requests, 0)).toBe(5_000);
  expect(series?.buckets.find((bucket) => bucket.maxMs === 900)?.p99Ms).toBe(900);
});

test('keeps memory constant and lets timers run while it reads', async () => {
  const piece = bytesOf(
    `${upTo(700)
      .map((ms) => requestLines({ ms, second: ms / 100 }))
      .join('\n')}\n`,
  );
  async function* many() {
    for (let i = 0; i < 60; i += 1) yield piece;
  }
  await summarizeLoad(inPieces(piece), limits);
  const before = process.memoryUsage().heapUsed;
  const started = performance.now();
  const summary = await summarizeLoad(many(), limits);
  const seconds = (performance.now() - started) / 1_000;
  expect(summary.requests).toBe(42_000);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(60_000_000);
  process.stdout.write(`NDJSON ${((60 * piece.length) / 1e6 / seconds).toFixed(0)} MB/s\n`);
});

test('has the same counts while the load runs as at its end', () => {
  const accumulator = createLoadAccumulator(limits);
  accumulator.push(
    bytesOf(
      `${upTo(400)
        .map((ms) => requestLines({ ms }))
        .join('\n')}\n`,
    ),
  );
  const [live] = [...accumulator.live()];
  const [final] = accumulator.finish().endpoints;
  expect(live?.overLimit).toBe(100);
  expect(live?.p99LowerMs()).toBe(final?.p99LowerMs);
});
