import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { jaegerAnswer, type FixtureTrace } from '../../analysis/testing/traces.ts';
import { askTraces } from './ask-traces.ts';

const traces = (count: number): FixtureTrace[] =>
  Array.from({ length: count }, (_, i) => ({ id: i + 1, spans: [{ id: 1, name: 'a "processes":{ b', fromMs: 0, toMs: 10 }] }));

/** Asks a Jaeger that answers so many traces with a tag in the question, and so many without. */
async function ask(marked: number, all: number) {
  const tags: (string | null)[] = [];
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://jaeger');
    tags.push(searchParams.get('tags'));
    response.end(jaegerAnswer(traces(searchParams.has('tags') ? marked : all)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const question = { service: 'api', namespace: 'shop-staging', from: new Date(0), to: new Date(1_000) };
  const { bytes, missing } = await askTraces({ type: 'jaeger', url }, question).finally(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    tags,
    missing,
    traces: bytes === null ? null : (JSON.parse(new TextDecoder().decode(bytes)) as { data: unknown[] }).data.length,
  };
}

test('asks Jaeger for the traces of the namespace, and for all of the service only where there are none', async () => {
  expect(await ask(30, 500)).toEqual({ tags: ['{"k8s.namespace.name":"shop-staging"}'], missing: [], traces: 30 });
  expect(await ask(0, 500)).toEqual({ tags: ['{"k8s.namespace.name":"shop-staging"}', null], missing: [], traces: 500 });
});

test('reports when Jaeger has no trace, and when it returned its limit', async () => {
  expect(await ask(0, 0)).toMatchObject({
    traces: null,
    missing: ['no trace of api between 1970-01-01T00:00:00.000Z and 1970-01-01T00:00:01.000Z'],
  });
  expect(await ask(2_000, 0)).toMatchObject({
    traces: 2_000,
    missing: ['the query returned its limit of 2000 traces, selected by Jaeger; there may be more'],
  });
});
