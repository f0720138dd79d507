// k6's NDJSON as k6 1.8 writes it, made to measure.
import { runLine, type RunEnd } from '../load-test/run-record.ts';

export interface FixtureRequest {
  /** As a script tags it; a URL is what k6 itself writes where the script does not. */
  name?: string;
  method?: string;
  ms: number;
  second?: number;
  status?: number;
}

const encoder = new TextEncoder();
export const bytesOf = (text: string): Uint8Array => encoder.encode(text);

const point = (metric: string, time: string, value: number, tags: Record<string, string>): string =>
  JSON.stringify({ metric, type: 'Point', data: { time, value, tags } });

/** The lines of one request: all nine request metrics, one iteration and its two data counters. */
export function requestLines({ name = 'GET /a', method = 'GET', ms, second = 0, status = 200 }: FixtureRequest): string {
  const time = new Date(Date.UTC(2026, 10, 23, 12) + second * 1_000).toISOString().replace('Z', '123456Z');
  const failed = status === 0 || status >= 400;
  const tags = {
    expected_response: String(!failed),
    group: '',
    method,
    name,
    proto: 'HTTP/1.1',
    scenario: 'load',
    status: String(status),
    url: name.includes('://') ? name : `http://shop/${name.replace(/^\w+ \//u, '')}`,
  };
  const request = [
    'http_reqs',
    'http_req_duration',
    'http_req_blocked',
    'http_req_connecting',
    'http_req_tls_handshaking',
    'http_req_sending',
    'http_req_waiting',
    'http_req_receiving',
    'http_req_failed',
  ];
  return [
    ...request.map((metric) => point(metric, time, metric === 'http_reqs' ? 1 : metric === 'http_req_failed' ? Number(failed) : ms, tags)),
    point('data_sent', time, 72, { group: '', scenario: 'load' }),
    point('data_received', time, 124, { group: '', scenario: 'load' }),
    point('iterations', time, 1, { group: '', scenario: 'load' }),
  ].join('\n');
}

export const droppedLine = (dropped: number): string => point('dropped_iterations', '2026-11-23T12:00:00Z', dropped, { scenario: 'load' });

export const header =
  '{"type":"Metric","data":{"name":"http_reqs","type":"counter","contains":"default","thresholds":[],"submetrics":null},"metric":"http_reqs"}';

const text = new TextDecoder();
export const startLine = text
  .decode(runLine('Run', { runId: 'run-1', attempt: 1, target: 'shop-staging', startedAt: '2026-11-23T12:00:00Z' }))
  .trim();
export const endLine = (end: Partial<RunEnd> = {}): string =>
  text.decode(runLine('End', { at: '2026-11-23T12:01:00Z', exitCode: 0, signal: null, stopped: null, lastError: '', ...end })).trim();

/** A whole record: start, requests, end. */
export function record(requests: FixtureRequest[], end: Partial<RunEnd> = {}): string {
  return `${[startLine, header, ...requests.map(requestLines), endLine(end)].join('\n')}\n`;
}

/** Gives bytes out in pieces of `size`. */
export async function* inPieces(bytes: Uint8Array, size = bytes.length): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
