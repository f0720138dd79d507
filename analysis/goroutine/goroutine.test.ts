import { describe, expect, test } from '@jest/globals';
import { profileBytes, request } from '../testing/profile.ts';
import { describeGoroutines } from './describe.ts';
import { growingSites, provenLeaks } from './leaks.ts';
import { readGoroutines } from './read.ts';
import { waitsOfRequests } from './requests.ts';

const read = (text: string) => readGoroutines(new TextEncoder().encode(text));
const dump = (state: string, frames: [string, string][], created?: [string, string], count = 1): string =>
  Array.from({ length: count }, (_, i) =>
    [
      `goroutine ${i + 7} [${state}]:`,
      ...frames.map(([name, place]) => `${name}(0xc000, 0x1)\n\t${place} +0x1d`),
      ...(created ? [`created by ${created[0]} in goroutine 1\n\t${created[1]} +0x1d`] : []),
      '',
    ].join('\n'),
  ).join('\n');
const notify: [string, string][] = [['shop.example/api/internal/shop.notify.func1', '/src/shop/notify.go:8']];

test('puts equal goroutines of a dump together, with who started them and how long they wait', () => {
  const { total, groups, problems } = read(
    `${dump('chan send, 4 minutes', notify, ['shop.example/api/internal/shop.notify', '/src/shop/notify.go:7'], 3)}\n${dump('running', [['main.main', '/src/main.go:3']])}`,
  );
  expect([total, problems]).toEqual([4, []]);
  expect(groups[0]).toMatchObject({
    state: 'chan send',
    count: 3,
    waitMinutes: 4,
    creator: { function: 'shop.example/api/internal/shop.notify', line: 7 },
  });
});

test('leaves out what it cannot read and says where', () => {
  const { total, problems } = read(
    `${dump('running', [['main.main', '/src/main.go:3']])}\ngoroutine 12 [select\nnonsense\ngoroutine pools are full\n`,
  );
  expect(total).toBe(1);
  expect(problems).toEqual([expect.stringMatching(/header on line \d+: "goroutine 12 \[select"$/)]);
});

test('reads lines that end in CRLF, and text behind a byte order mark, as those without', () => {
  const text = dump('chan send, 4 minutes', notify, ['shop.example/api/internal/shop.notify', '/src/shop/notify.go:7'], 3);
  expect(read(`\uFEFF${text.replaceAll('\n', '\r\n')}`)).toEqual(read(text));
});

test.each([
  ['a call of another line', 'main.a(0x1)\n\t/src/main.go:33 +0x1d\n', ''],
  ['a call of a longer name', 'main.ab(0x1)\n\t/src/main.go:3 +0x1d\n', ''],
  ['arguments that do not end', 'main.a(0x1\n\t/src/main.go:3 +0x1d\n', 'invalid function call on line 6: "main.a(0x1"'],
  ['arguments that begin twice', 'main.a(0x1)(0x1)\n\t/src/main.go:3 +0x1d\n', 'invalid function call on line 6: "main.a(0x1)(0x1)"'],
  ['a place that is cut off', 'main.a(0x1)\n\t/src/main.go', 'invalid file:line ref on line 7: "\\t/src/main.go"'],
])('takes %s for no repetition of the stack before', (_, stack, problem) => {
  const { groups, problems } = read(`goroutine 1 [running]:\nmain.a(0x1)\n\t/src/main.go:3 +0x1d\n\ngoroutine 2 [running]:\n${stack}`);
  expect(groups).toHaveLength(problem === '' ? 2 : 1);
  expect(problems).toEqual(problem === '' ? [] : [problem]);
});

test('keeps goroutines of one stack and different creators or states apart', () => {
  const by = (state: string, creator: string) => dump(state, notify, [creator, '/src/shop/notify.go:7']);
  const { groups } = read([by('select', 'main.a'), by('select', 'main.b'), by('runnable', 'main.a'), by('select', 'main.a')].join('\n'));
  expect(groups.map(({ state, creator, count }) => [state, creator?.function, count])).toEqual([
    ['select', 'main.a', 2],
    ['runnable', 'main.a', 1],
    ['select', 'main.b', 1],
  ]);
});

test('reads the counted form too', () => {
  const { total, groups } = read(
    'goroutine profile: total 5\n5 @ 0x1 0x2\n#\t0x1\tshop.example/api/internal/shop.notify.func1+0x1d\t/src/shop/notify.go:8\n\n',
  );
  expect([total, groups[0]?.count, groups[0]?.stack[0]?.line]).toEqual([5, 5, 8]);
});

test.each([
  ['chan send', 'channel', 'no longer read'],
  ['chan receive', 'channel', 'gets no value and is not closed'],
  ['chan receive (nil chan)', 'never', 'channel is nil'],
  ['select (no cases)', 'never', 'without cases'],
  ['select', 'context', 'a context or channels that never become ready: probably'],
  ['sync.WaitGroup.Wait', 'WaitGroup', 'probably a return path misses Done'],
  ['sync.Mutex.Lock', 'mutex', 'probably a return path misses Unlock'],
])('a goroutine leaked in %s is one of a %s, and the reason names it', (state, kind, reason) => {
  const [leak] = provenLeaks([read(dump(`${state} (leaked)`, notify, undefined, 2))]);
  expect(leak).toMatchObject({ class: kind, count: 2, proven: true, site: 'shop.notify.func1 notify.go:8' });
  expect(leak?.reason).toContain(reason);
});

test('attributes a WaitGroup that never reaches zero to blocked goroutines started beside it', () => {
  const waiter = dump('sync.WaitGroup.Wait (leaked)', [['main.fanOut', '/src/main.go:9']], ['main.main', '/src/main.go:2']);
  const worker = dump('chan send (leaked)', [['main.fanOut.func1', '/src/main.go:5']], ['main.fanOut', '/src/main.go:4'], 3);
  const [, wait] = provenLeaks([read(`${waiter}\n${worker}`)]);
  expect(wait?.reason).toContain('goroutines started beside it block at main.fanOut.func1 main.go:5 (chan send)');
  const nameless = readGoroutines(
    profileBytes(
      ['goroutineleak/count'],
      [
        { stack: ['sync.(*WaitGroup).Wait', 'main.fanOut', 'runtime.goexit'], values: [1] },
        { stack: ['runtime.chansend1', 'main.fanOut.func1', 'runtime.goexit'], values: [3] },
        { stack: ['runtime.chansend1', 'main.other.func1', 'runtime.goexit'], values: [9] },
      ],
    ),
  );
  expect(provenLeaks([nameless]).find(({ class: kind }) => kind === 'WaitGroup')?.reason).toContain('block at main.fanOut.func1');
});

test('fails what waits for nothing without any proof of the runtime, but not main that parks', () => {
  const { findings } = describeGoroutines(read(dump('chan receive (nil chan)', notify, undefined, 2)));
  expect(findings).toMatchObject([{ code: 'CauseLeakNeverReady', outcome: 'fail', measured: 2, subject: 'shop.notify.func1 notify.go:8' }]);
  for (const state of ['select (no cases)', 'select (no cases) (leaked)'])
    expect(describeGoroutines(read(dump(state, [['main.main', '/src/main.go:3']]))).findings).toEqual([]);
});

describe('growth between two profiles', () => {
  const of = (count: number, ...more: string[]) => read([dump('select', notify, undefined, count), ...more].join('\n'));

  test('is suspected from fifty more at one place', () => {
    expect(growingSites([of(10)], [of(60)])).toMatchObject([{ count: 50, proven: false, site: 'shop.notify.func1 notify.go:8' }]);
    expect(growingSites([of(10)], [of(59)])).toEqual([]);
    expect(describeGoroutines(of(60), of(10)).findings).toMatchObject([{ outcome: 'inconclusive' }]);
  });

  test('is none where they serve requests or wait by design', () => {
    const idle = dump(
      'IO wait',
      [
        ['internal/poll.runtime_pollWait', 'runtime/netpoll.go:1'],
        ['net/http.(*conn).serve', 'net/http/server.go:1'],
      ],
      undefined,
      90,
    );
    expect(growingSites([of(10)], [of(10, idle)])).toEqual([]);
  });
});

test('counts what requests wait for, and no other goroutine', () => {
  const redis = request(
    'runtime.gopark',
    'internal/poll.runtime_pollWait',
    'github.com/redis/go-redis/v9.(*Client).Process github.com/redis/go-redis/v9@v9.1.0/redis.go:1',
    'shop.example/api/internal/shop.(*Redis).Record /src/shop/redis.go:72',
  );
  const bytes = profileBytes(
    ['goroutine/count'],
    [
      { stack: redis, values: [9] },
      { stack: request(), values: [1] },
      { stack: ['runtime.gopark', 'main.background'], values: [100] },
    ],
  );
  expect(waitsOfRequests([readGoroutines(bytes)])).toMatchObject({
    inFlight: 10,
    waits: [{ on: 'redis', requests: 9, site: 'shop.(*Redis).Record redis.go:72' }, { requests: 1 }],
  });
});

test('fails more than 5,000 goroutines, and nothing below', () => {
  const many = (count: number) =>
    readGoroutines(profileBytes(['goroutine/count'], [{ stack: ['runtime.gopark', 'main.work'], values: [count] }]));
  expect(describeGoroutines(many(5_001)).findings).toMatchObject([{ outcome: 'fail', measured: 5_001, limit: 5_000 }]);
  expect(describeGoroutines(many(5_000)).findings).toEqual([]);
});
