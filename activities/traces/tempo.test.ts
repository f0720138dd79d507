import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { slowBand } from '../../analysis/trace/slow-band.ts';
import { readTraces } from '../../analysis/trace/read.ts';
import { BASE_MS, tempoTrace, traceId, type FixtureTrace } from '../../analysis/testing/traces.ts';
import { askTraces } from './ask-traces.ts';
import { evenlySpread } from './tempo.ts';
import { playTempo, type Meddle, type FakeTempo } from '../testing/fake-tempo.ts';

let tempo: FakeTempo | undefined;
afterEach(async () => {
  jest.restoreAllMocks();
  await tempo?.close();
  tempo = undefined;
});

const LOAD_MS = 100_000;
/** One request of the load each so many milliseconds, which takes as long as `ms` says. */
const load = (count: number, ms: (index: number) => number = () => 10, namespace = 'shop-staging'): FixtureTrace[] =>
  Array.from({ length: count }, (_, i) => ({
    id: i + 1,
    at: BASE_MS + Math.floor((i * LOAD_MS) / count),
    spans: [{ id: 1, name: 'GET /', fromMs: 0, toMs: ms(i), namespace }],
  }));

async function ask(traces: FixtureTrace[], meddle?: Meddle, question: { service?: string; namespace?: string | null } = {}) {
  tempo = await playTempo(traces, meddle);
  const { bytes, missing, mediaType } = await askTraces(
    { type: 'tempo', url: `${tempo.url}/` },
    { service: 'api', namespace: 'shop-staging', from: new Date(BASE_MS), to: new Date(BASE_MS + LOAD_MS), ...question },
  );
  return { missing, mediaType, lines: bytes === null ? [] : new TextDecoder().decode(bytes).trimEnd().split('\n'), bytes };
}
const pathsOf = (path: string): URL[] => (tempo as FakeTempo).asked.filter(({ pathname }) => pathname.startsWith(path));

describe('asking Tempo', () => {
  test('gives every trace of the load as it came, one a line', async () => {
    const traces = load(30);
    const { lines, missing, mediaType, bytes } = await ask(traces);
    expect(missing).toEqual([]);
    expect(mediaType).toBe('application/x-ndjson');
    expect([...lines].sort()).toEqual(traces.map(tempoTrace).sort());
    expect(readTraces(bytes as Uint8Array).traces).toBe(30);
  });

  test('takes a trace without a duration, which Tempo leaves out below 1 ms, for a quick one', async () => {
    const { lines, missing } = await ask(load(30, (i) => (i < 20 ? 0 : 10)));
    expect([lines.length, missing]).toEqual([30, []]);
  });

  test('leaves production out of the question, which would take the room of the load', async () => {
    const production = load(1_000, () => 10, 'shop').map((trace) => ({ ...trace, id: trace.id + 5_000 }));
    const { lines, missing } = await ask([...production, ...load(30)]);
    expect([lines.length, missing]).toEqual([30, []]);
    expect(pathsOf('/api/search')[0]?.searchParams.get('q')).toBe(
      '{resource.service.name="api" && resource.k8s.namespace.name="shop-staging"}',
    );
  });

  test('queries all of the service when no span has a namespace', async () => {
    const unmarked = load(30).map((trace) => ({ ...trace, spans: [{ id: 1, name: 'GET /', fromMs: 0, toMs: 10 }] }));
    expect((await ask(unmarked)).lines).toHaveLength(30);
    expect(pathsOf('/api/search').at(-1)?.searchParams.get('q')).toBe('{resource.service.name="api"}');
  });

  test('cannot be made to ask for something else by a name', async () => {
    const service = 'a" || resource.service.name="b\\';
    expect((await ask(load(30), undefined, { service, namespace: null })).lines).toEqual([]);
    expect(pathsOf('/api/search')[0]?.searchParams.get('q')).toBe(String.raw`{resource.service.name="a\" || resource.service.name=\"b\\"}`);
  });

  test('asks each tenth of the time apart, for Tempo alone would choose the last seconds', async () => {
    const { bytes, missing } = await ask(load(4_000));
    const { traceIds } = readTraces(bytes as Uint8Array);
    const perTenth = Array.from(
      { length: 10 },
      (_, tenth) => traceIds.filter((id) => Math.floor((Number(`0x${id}`) - 1) / 400) === tenth).length,
    );
    expect(Math.min(...perTenth)).toBeGreaterThan(20);
    expect(missing).toEqual([
      '10 of 10 searches returned their limit of 200 traces, selected by Tempo; there may be more',
      '400 of 2000 traces found were fetched, spread evenly over their durations',
    ]);
  });

  test('asks no more than eight questions at once', async () => {
    await ask(load(100));
    expect((tempo as FakeTempo).mostAtOnce).toBe(8);
  });

  test('finds the slow band of all though it fetches a part', async () => {
    // One in twenty is slow: 300 to 499 ms.
    const traces = load(1_800, (i) => (i % 20 === 7 ? 300 + Math.floor(i / 9) : 10 + (i % 50)));
    const { bytes } = await ask(traces);
    const all = slowBand(readTraces(new TextEncoder().encode(traces.map(tempoTrace).join('\n'))));
    const part = slowBand(readTraces(bytes as Uint8Array));
    expect([part?.traces, part?.slow]).toEqual([400, 16]);
    expect(Math.abs((part?.fromMs ?? 0) - (all?.fromMs ?? 0))).toBeLessThan(10);
    expect(Math.abs((part?.toMs ?? 0) - (all?.toMs ?? 0))).toBeLessThan(10);
  });
});

describe('what Tempo does not return is reported with its count', () => {
  const traceAsked = (url: URL): number => Number(`0x${/traces\/(\w+)/u.exec(url.pathname)?.[1] ?? 'NaN'}`);

  test('when there is no trace at all', async () => {
    expect(await ask(load(30), undefined, { service: 'other' })).toMatchObject({
      bytes: null,
      missing: ['no trace of other between 2026-11-23T12:00:00.000Z and 2026-11-23T12:01:40.000Z'],
    });
  });

  test('when nothing listens there', async () => {
    tempo = await playTempo([]);
    const { url } = tempo;
    await tempo.close();
    tempo = undefined;
    const { bytes, missing } = await askTraces(
      { type: 'tempo', url },
      { service: 'api', namespace: 'x', from: new Date(BASE_MS), to: new Date(BASE_MS + LOAD_MS) },
    );
    expect(bytes).toBeNull();
    expect(missing).toEqual([expect.stringMatching(/^10 of 10 searches failed: connect ECONNREFUSED/u)]);
  });

  test('when some traces are gone, are no traces, or are too large', async () => {
    const { lines, missing, bytes } = await ask(load(30), (url, response) => {
      const id = traceAsked(url);
      if (id <= 3) response.writeHead(404).end('trace not found');
      else if (id === 4) response.end('<html>sign in</html>');
      else if (id === 5) response.end(Buffer.alloc(8 * 1024 * 1024 + 1, ' '));
      else return false;
      return true;
    });
    expect(lines).toHaveLength(25);
    expect(missing).toEqual([
      '5 of 30 traces could not be fetched: HTTP 404: trace not found (3); the response exceeds 8388608 bytes (1); the response has no span (1)',
    ]);
    expect(readTraces(bytes as Uint8Array).traces).toBe(25);
  });

  test('when some searches fail', async () => {
    const { lines, missing } = await ask(load(30), (url, response) => {
      if (url.pathname !== '/api/search' || Number(url.searchParams.get('start')) % 20 !== 0) return false;
      if (Number(url.searchParams.get('start')) % 40 === 0) response.writeHead(500).end('context canceled');
      else response.end('{"traces":[{"traceID":"../../admin"}]}');
      return true;
    });
    expect(lines.length).toBeLessThan(30);
    expect(missing).toEqual([expect.stringMatching(/^5 of 10 searches failed: (HTTP 500: context canceled|it found a trace whose id)/u)]);
    expect(pathsOf('/api/traces').filter(({ pathname }) => !/^\/api\/traces\/[0-9a-f]{32}$/u.test(pathname))).toEqual([]);
  });

  test('when it takes too long in all', async () => {
    let lateMs = 0;
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + lateMs);
    const { lines, missing } = await ask(load(100), (url) => {
      if (traceAsked(url) > 0) lateMs += 10_000;
      return false;
    });
    expect(lines.length).toBeGreaterThan(0);
    expect(missing).toEqual([
      expect.stringMatching(/^\d+ of 100 traces could not be fetched: all requests together timed out after 90 s$/u),
    ]);
  });

  test('and an answer of many lines is one line of evidence', async () => {
    const [trace] = load(1);
    const pretty = JSON.stringify(JSON.parse(tempoTrace(trace as FixtureTrace)), null, 2);
    const { lines } = await ask([trace as FixtureTrace], (url, response) => {
      if (Number.isNaN(traceAsked(url))) return false;
      response.end(pretty);
      return true;
    });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toEqual(JSON.parse(pretty));
  });
});

test('chosen evenly by duration, few traces have the bounds of the slow band of many, and are the same each time', () => {
  const found = Array.from({ length: 2_000 }, (_, i) => ({ id: traceId(i), durationMs: (i * 7_919) % 2_000 }));
  const chosen = evenlySpread(found, 400).map(({ durationMs }) => durationMs);
  expect([chosen[380], chosen[395]]).toEqual([1_902, 1_977]);
  expect(evenlySpread([...found].reverse(), 400)).toEqual(evenlySpread(found, 400));
  expect(evenlySpread(found.slice(0, 3), 400)).toHaveLength(3);
});
