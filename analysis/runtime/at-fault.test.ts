import { expect, test } from '@jest/globals';
import { podsAtFault } from './at-fault.ts';
import { readRequestTotals } from './requests.ts';
import { readRuntimeMetrics, type RuntimeSample } from './sample.ts';

const sample = (pod: string, requests: number, seconds: number, goroutines = 40): RuntimeSample => ({
  at: '2026-11-23T12:00:00Z',
  pod,
  unread: null,
  ...readRuntimeMetrics(''),
  goroutines,
  requests: { requests, seconds },
  pauses: null,
});
const PODS = ['a', 'b', 'c', 'd'];
const each = (make: (pod: string) => RuntimeSample) => PODS.map(make);

test('chooses the pods with the slowest requests since the first sample, not the first of the list', () => {
  // `a` was slow before the load; only what it answered since counts.
  const before = each((pod) => sample(pod, 100, pod === 'a' ? 500 : 1));
  const now = each((pod) => sample(pod, 200, { a: 501, b: 2, c: 5, d: 42.2 }[pod] ?? 0));
  expect(podsAtFault(PODS, [...before, ...now], 2)).toEqual({
    pods: ['d', 'c'],
    reason: 'those with the slowest requests (d 412 ms, c 40 ms)',
  });
});

test('goes by goroutines when a pod answered no request at all, for one that is stuck answers none', () => {
  const before = each((pod) => sample(pod, 100, 1));
  const now = each((pod) => sample(pod, pod === 'd' ? 100 : 200, 2, pod === 'd' ? 900 : 50));
  expect(podsAtFault(PODS, [...before, ...now], 1)).toEqual({ pods: ['d'], reason: 'those with the most goroutines (d 900)' });
});

test('counts a process that began again from its beginning', () => {
  const samples = [...each((pod) => sample(pod, 1_000, 10)), ...each((pod) => sample(pod, pod === 'c' ? 10 : 2_000, 20))];
  expect(podsAtFault(PODS, samples, 1).pods).toEqual(['c']);
});

test('puts pods that could not be read last, and says when none could', () => {
  const unread = (pod: string): RuntimeSample => ({ ...sample(pod, 0, 0), unread: 'refused', goroutines: null, requests: null });
  const samples = [unread('a'), sample('b', 10, 1), sample('c', 10, 1, 50), sample('d', 10, 1)];
  expect(podsAtFault(PODS, samples, 4).pods).toEqual(['c', 'b', 'd', 'a']);
  expect(podsAtFault(PODS, each(unread), 2)).toEqual({ pods: ['a', 'b'], reason: 'the first ones, because no pod could be read' });
});

test('reads the requests a pod counted without probes, and null where the page has none', () => {
  const line = (part: string, route: string, value: string) =>
    `http_request_duration_seconds_${part}{code="200",method="GET",route="${route}"} ${value}`;
  const page = [
    '# TYPE http_request_duration_seconds histogram',
    'http_request_duration_seconds_bucket{code="200",route="/a",le="0.1"} 7',
    line('sum', '/a', '1.5e+01'),
    line('count', '/a', '30'),
    line('sum', '/b', '5'),
    line('count', '/b', '10'),
    line('sum', '/healthz', '100'),
    line('count', '/healthz', '1000'),
  ].join('\n');
  expect(readRequestTotals(page)).toEqual({ requests: 40, seconds: 20 });
  expect(readRequestTotals('http_request_duration_seconds_sum 2\nhttp_request_duration_seconds_count 4\n')).toEqual({
    requests: 4,
    seconds: 2,
  });
  expect(readRequestTotals(line('count', '/a', '3'))).toBeNull();
  expect(readRequestTotals(`${line('sum', '/a', 'NaN')}\n${line('count', '/a', '3')}`)).toBeNull();
  expect(readRequestTotals('go_goroutines 4')).toBeNull();
});
