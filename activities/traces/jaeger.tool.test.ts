// Against the real Jaeger: what comes in as OTLP is asked for by namespace and read by the analysis.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { enteredAt } from '../../analysis/trace/entered.ts';
import { readSpans } from '../../analysis/trace/read.ts';
import { otlp, type FixtureTrace } from '../../analysis/testing/traces.ts';
import { freePort } from '../testing/free-port.ts';
import { askTraces } from './ask-traces.ts';

/** It is ready in a second on an idle machine. */
const READY_TIMEOUT_MS = 60_000;
const AT = Date.now() - 60_000;
const question = { service: 'api', namespace: 'shop-staging', from: new Date(AT - 1_000), to: new Date(AT + 60_000) };
const staging = { namespace: 'shop-staging', deployment: 'api' };

/** What else all-in-one listens on, nobody asks, and must not be in the way of another Jaeger. */
const LISTENERS = [
  'query.grpc-server.',
  'collector.otlp.grpc.',
  'collector.grpc-server.',
  'collector.http-server.',
  'admin.http.',
  'http-server.',
  'processor.zipkin-compact.server-',
  'processor.jaeger-compact.server-',
  'processor.jaeger-binary.server-',
];

let jaeger: ChildProcess;
let url: string;
let spans: string;
beforeAll(async () => {
  const program = process.env['TMINUS_TOOL_JAEGER'];
  if (!program) throw new Error('Jaeger is needed for these tests: set TMINUS_TOOL_JAEGER to what `scripts/lab tool jaeger` prints');
  const [query, collector, ...others] = await Promise.all(Array.from({ length: 2 + LISTENERS.length }, freePort));
  [url, spans] = [`http://127.0.0.1:${query}`, `http://127.0.0.1:${collector}`];
  const listen = (flag: string, port: number | undefined): string => `--${flag}host-port=127.0.0.1:${port}`;
  jaeger = spawn(
    program,
    [
      listen('query.http-server.', query),
      listen('collector.otlp.http.', collector),
      ...LISTENERS.map((flag, index) => listen(flag, others[index])),
    ],
    { stdio: 'ignore' },
  );
  await until(async () => (await fetch(`${url}/api/services`)).ok, 'Jaeger is not ready');
}, READY_TIMEOUT_MS);
afterAll(async () => {
  if (jaeger?.exitCode !== null) return;
  jaeger.kill('SIGKILL');
  await once(jaeger, 'exit');
});

/** So many traces of `service`, made where `place` says, with ids from `first`. */
const traces = (first: number, count: number, place: object, service = 'api'): FixtureTrace[] =>
  Array.from({ length: count }, (_, i) => {
    const root = { id: 1, name: 'GET /', fromMs: 0, toMs: 10, service, ...place };
    return { id: first + i, at: AT + i, spans: [root, { ...root, id: 2, parent: 1, name: 'Quote', service: 'pricing' }] };
  });

async function send(sent: readonly FixtureTrace[], service = 'api'): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  expect((await fetch(`${spans}/v1/traces`, { method: 'POST', headers, body: otlp(sent) })).status).toBe(200);
  const ask = { ...question, service, namespace: null };
  const known = async () => readSpans((await askTraces({ type: 'jaeger', url }, ask)).bytes ?? new Uint8Array()).length === 2 * sent.length;
  await until(known, `Jaeger does not show the ${sent.length} traces of ${service}`);
}

describe('the real Jaeger', () => {
  it('finds traces by the namespace in their resource attributes, and returns it for every span', async () => {
    await send([...traces(1, 30, staging), ...traces(1_000, 50, { ...staging, namespace: 'shop' })]);
    const { bytes, missing } = await askTraces({ type: 'jaeger', url }, question);
    expect(missing).toEqual([]);
    const found = readSpans(bytes as Uint8Array);
    expect(found).toHaveLength(60);
    expect(new Set(found.map(({ namespace, deployment }) => `${namespace}/${deployment}`))).toEqual(new Set(['shop-staging/api']));
    const all = await askTraces({ type: 'jaeger', url }, { ...question, namespace: null });
    const { spans: kept, ...told } = enteredAt(readSpans(all.bytes as Uint8Array), 'api', staging);
    expect([kept.length, told]).toEqual([60, { traces: 30, elsewhere: 50, unmarked: 0 }]);
  });

  it('gives all of a service whose spans name no namespace', async () => {
    await send(traces(2_000, 25, {}, 'unmarked'), 'unmarked');
    const { bytes } = await askTraces({ type: 'jaeger', url }, { ...question, service: 'unmarked' });
    const { spans: kept, ...told } = enteredAt(readSpans(bytes as Uint8Array), 'unmarked', staging);
    expect([kept.length, told]).toEqual([50, { traces: 25, elsewhere: 0, unmarked: 25 }]);
  });

  it('returns nothing for an unknown service', async () => {
    expect(await askTraces({ type: 'jaeger', url }, { ...question, service: 'nobody' })).toMatchObject({
      bytes: null,
      missing: [expect.stringMatching(/^no trace of nobody between/u)],
    });
  });
});

async function until(holds: () => Promise<boolean>, otherwise: string): Promise<void> {
  const endsAt = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    // Nothing listens yet, or there is nothing to read yet.
    if (await holds().catch(() => false)) return;
    if (performance.now() > endsAt) throw new Error(`${otherwise} within ${READY_TIMEOUT_MS / 1_000} s`);
    await new Promise((done) => setTimeout(done, 100));
  }
}
