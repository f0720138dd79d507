// A trace store on loopback that answers as Tempo's documentation of its HTTP API says, for tests: docs/explanation/limits.md says why there is no real one.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BASE_MS, tempoTrace, traceId, type FixtureTrace } from '../../analysis/testing/traces.ts';

export interface FakeTempo {
  url: string;
  /** Paths with their questions, in the order they came. */
  asked: URL[];
  /** The most questions that were open at the same time. */
  mostAtOnce: number;
  close(): Promise<void>;
}

/** Answers a question in its own way; false leaves it to the fake Tempo. */
export type Meddle = (url: URL, response: ServerResponse) => boolean;

export async function playTempo(traces: readonly FixtureTrace[], meddle: Meddle = () => false): Promise<FakeTempo> {
  let open = 0;
  const fake = { asked: [] as URL[], mostAtOnce: 0 };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://tempo');
    fake.asked.push(url);
    fake.mostAtOnce = Math.max(fake.mostAtOnce, (open += 1));
    response.on('close', () => (open -= 1));
    // A turn later, so that questions asked at once are open at once.
    setImmediate(() => {
      if (!meddle(url, response)) answer(traces, url, request, response);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(fake, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

function answer(traces: readonly FixtureTrace[], url: URL, request: IncomingMessage, response: ServerResponse): void {
  const id = /^\/api\/traces\/([0-9a-f]{1,32})$/u.exec(url.pathname)?.[1];
  if (url.pathname === '/api/search') response.end(JSON.stringify({ traces: search(traces, url.searchParams), metrics: {} }));
  else if (id === undefined) response.writeHead(404).end('404 page not found');
  else if (request.headers.accept !== 'application/json') response.end(Buffer.from([0x0a, 0x02, 0x08, 0x01]));
  else {
    const found = traces.find((trace) => traceId(trace.id) === id.padStart(32, '0'));
    if (found) response.end(tempoTrace(found));
    else response.writeHead(404).end('trace not found');
  }
}

/** The newest first, until there are enough; ids without their leading zeros, and no duration where it is 0. */
function search(traces: readonly FixtureTrace[], question: URLSearchParams): object[] {
  const asked = (name: string): number => Number(question.get(name));
  const conditions = /^\{(.+)\}$/u.exec(question.get('q') ?? '')?.[1]?.split(' && ') ?? [];
  const wanted = conditions.map((condition) => {
    const [, name, value = ''] = /^resource\.([\w.]+)=(".*")$/u.exec(condition) ?? [];
    return { name, value: JSON.parse(value) as string };
  });
  return traces
    .map((trace) => ({ trace, startMs: trace.at ?? BASE_MS, lastsMs: Math.max(...trace.spans.map(({ toMs }) => toMs)) }))
    .filter(({ startMs, lastsMs }) => startMs < asked('end') * 1_000 && startMs + lastsMs >= asked('start') * 1_000)
    .filter(({ trace }) =>
      trace.spans.some(({ service = 'api', namespace }) =>
        wanted.every(({ name, value }) => (name === 'service.name' ? service : name === 'k8s.namespace.name' ? namespace : null) === value),
      ),
    )
    .sort((a, b) => b.startMs - a.startMs)
    .slice(0, asked('limit'))
    .map(({ trace, startMs, lastsMs }) => ({
      traceID: trace.id.toString(16),
      rootServiceName: 'api',
      startTimeUnixNano: `${startMs}000000`,
      ...(lastsMs > 0 ? { durationMs: lastsMs } : {}),
    }));
}
