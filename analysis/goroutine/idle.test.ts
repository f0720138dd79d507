// Libraries' own goroutines at rest, and the service's own that hang inside the same libraries.
import { describe, expect, it } from '@jest/globals';
import { describeGoroutines } from './describe.ts';
import { counted, idle, own, profile, requests, type Stack } from '../testing/frames.ts';
import { growingSites } from './leaks.ts';
import { readGoroutines } from './read.ts';
import { idleByDesign } from './waiting.ts';

const grown = (stack: Stack, form = profile) =>
  growingSites([readGoroutines(form([[10, stack]]))], [readGoroutines(form([[4_010, stack]]))]);
const natureOf = (stack: Stack) => describeGoroutines(readGoroutines(profile([[1, stack]]))).tables[0]?.rows[0]?.at(-1);

describe('4,000 more goroutines', () => {
  it.each([
    ['of the service, in a reply of Redis', own.redis, 'main.watchRedis main.go:68'],
    ['of the service, in Recv of a gRPC stream', own.stream, 'main.watch main.go:76'],
    ['of a subscription that nobody closes', own.subscription, 'pool.(*Conn).WithReader conn.go:1188'],
    ['of answers whose body nobody closes', own.unclosedBody, 'http.(*persistConn).readLoop transport.go:2450'],
  ])('%s are suspected, at the innermost call that tells whose they are', (_, stack, site) => {
    for (const form of [profile, counted]) expect(grown(stack, form)).toMatchObject([{ count: 4_000, proven: false, site }]);
  });

  it.each(Object.entries(idle))('are none where they are %s', (_, stack) => {
    for (const form of [profile, counted]) expect(grown(stack, form)).toEqual([]);
    expect(readGoroutines(profile([[1, stack]])).groups.map(idleByDesign)).toEqual([expect.any(String)]);
  });

  it.each(Object.entries(requests))('are none where they are requests over %s', (_, stack) => expect(grown(stack)).toEqual([]));
});

describe('the table', () => {
  it.each(Object.entries(requests))('says of a request over %s whom it waits for, before anything else', (_, stack) =>
    expect(natureOf(stack)).toBe('request, waits for redis'),
  );

  it('says of the service’s own goroutine whom it waits for', () => {
    expect([natureOf(own.redis), natureOf(own.stream)]).toEqual(['waits for redis', 'waits for grpc']);
  });
});
