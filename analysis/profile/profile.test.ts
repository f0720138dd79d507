import { describe, expect, test } from '@jest/globals';
import { recognize } from '../evidence-kinds.ts';
import { contentions, hasHolders } from './contention.ts';
import { busiestLibrary, cpuUse } from './cpu.ts';
import { describeProfile } from './describe.ts';
import { differenceTable } from './difference.ts';
import { flameDifference, flameTree, isRest, type FlameNode } from './flame.ts';
import { topLabels } from './labels.ts';
import { byMechanism } from './mechanism.ts';
import { goName, isOwnCode } from './names.ts';
import { profileBytes, request, type FixtureSample } from '../testing/profile.ts';
import type { Profile } from './profile.ts';
import { readProfile, sampleTypesOf } from './read.ts';
import { byCum, top } from './top.ts';

const CPU = ['samples/count', 'cpu/nanoseconds'];
const cpu = (samples: FixtureSample[], seconds = 10): Profile => readProfile(profileBytes(CPU, samples, { seconds }));
const took = (ms: number, ...stack: string[]): FixtureSample => ({ stack, values: [ms / 10, ms * 1e6] });
const json = ['encoding/json.(*encodeState).reflectValue encoding/json/encode.go:1', ...request()];

test('counts a function flat where it is the leaf, and cum once per stack however often it calls itself', () => {
  const profile = cpu([took(100, 'main.f', 'main.f', 'main.main'), took(50, 'main.g', 'main.f', 'main.main')]);
  expect(top(profile).map(({ name, flat, cum }) => [name, flat / 1e6, cum / 1e6])).toEqual([
    ['main.f', 100, 150],
    ['main.g', 50, 50],
    ['main.main', 0, 150],
  ]);
  expect(byCum(top(profile)).map(({ name }) => name)).toEqual(['main.f', 'main.main', 'main.g']);
});

test.each([
  ['main.(*Cache[go.shape.string]).Get', 'main.(*Cache[...]).Get'],
  ['shop.example/api/internal/shop.(*API).createOrder', 'shop.example/api/internal/shop.(*API).createOrder'],
  ['slices.SortFunc[go.shape.[]int,go.shape.int]', 'slices.SortFunc[...]'],
  ['main.(*Tree[go.shape.map[string][][4]uint8,go.shape.[128]uint8]).Walk.func1', 'main.(*Tree[...]).Walk.func1'],
  ['main.Each[go.shape.struct { Name string "json:\\"a]b[\\"" }]', 'main.Each[...]'],
  ['main.(*Cache[go.shape.[]string]).Get-fm', 'main.(*Cache[...]).Get'],
  ['main.Each[go.shape.int].Sort[go.shape.string].func1', 'main.Each[...].Sort[...].func1'],
  ['main.cutOff[go.shape.[]in', 'main.cutOff[go.shape.[]in'],
])('writes %s as %s', (name, shown) => expect(goName(name)).toBe(shown));

test('distinguishes the service’s own code from libraries and from Go itself', () => {
  expect(isOwnCode('shop.example/api/internal/shop.charge', '/src/shop/charge.go')).toBe(true);
  expect(isOwnCode('encoding/json.Marshal', 'encoding/json/encode.go')).toBe(false);
  expect(isOwnCode('github.com/redis/go-redis/v9.(*Client).Do', 'github.com/redis/go-redis/v9@v9.1.0/redis.go')).toBe(false);
});

test('is known by what it measures, before its samples are decoded', () => {
  const whole = profileBytes(CPU, [took(10, 'main.f')]);
  // A sample (field 2) of one value where the profile names two types.
  const damaged = Uint8Array.from([...whole, 0x12, 0x03, 0x12, 0x01, 0x01]);
  expect(recognize(damaged)).toBe('cpu-profile');
  expect(() => readProfile(damaged)).toThrow(/sample 2 has 1 values/);
  expect(sampleTypesOf(whole)).toEqual(readProfile(whole).sampleTypes);
});

describe('what the CPU does', () => {
  const assist = ['runtime.gcDrainN', 'runtime.gcAssistAlloc1', 'runtime.gcAssistAlloc', 'runtime.mallocgc', ...json];

  test('is laid to the package that made the runtime do it: an assist inside an allocation is an assist', () => {
    expect(byMechanism(cpu([took(300, ...assist), took(200, 'runtime.memmove', ...json), took(500, ...json)]))).toEqual([
      { mechanism: 'own code', package: 'encoding/json', value: 500e6 },
      { mechanism: 'GC assist', package: 'encoding/json', value: 300e6 },
      { mechanism: 'copying', package: 'encoding/json', value: 200e6 },
    ]);
  });

  test('adds up to the whole, with the collector’s share and the busiest library', () => {
    const isOwn = (path: string) => path.startsWith('shop.example');
    const use = cpuUse([cpu([took(300, ...assist), took(700, ...json)]), cpu([took(1_000, ...json)])], isOwn);
    expect(use).toMatchObject({ cpuSeconds: 2, seconds: 10 });
    expect(use?.gcShare).toBeCloseTo(0.15, 6);
    expect(use && busiestLibrary(use, isOwn)).toEqual({ package: 'encoding/json', share: 1 });
    expect(cpuUse([], isOwn)).toBeNull();
  });

  test('has a fact without samples', () => {
    expect(describeProfile(cpu([])).facts[0]?.text).toMatch(/^no samples \(/);
  });
});

test('attributes a lock wait to the holder', () => {
  const mutex = readProfile(
    profileBytes(
      ['contentions/count', 'delay/nanoseconds'],
      [
        { stack: ['sync.(*Mutex).Unlock', 'shop.example/api/internal/shop.(*Stock).take /src/shop/stock.go:9'], values: [4, 3e9] },
        { stack: ['runtime.unlock', 'runtime.mallocgc'], values: [9, 9e9] },
      ],
    ),
  );
  expect(contentions([mutex])).toEqual([{ holder: 'shop.example/api/internal/shop.(*Stock).take', waitedSeconds: 3 }]);
  expect(contentions([cpu([took(1, 'main.f')])])).toEqual([]);
});

test('does not take a profile without a wait for one of who held locks', () => {
  const waits = (...leaves: string[]) =>
    readProfile(
      profileBytes(
        ['contentions/count', 'delay/nanoseconds'],
        leaves.map((leaf) => ({ stack: [leaf, 'main.f'], values: [1, 1e9] })),
      ),
    );
  expect(hasHolders(waits())).toBe(false);
  expect(describeProfile(waits()).tables.map(({ title }) => title)).not.toContain('Lock contention by holder');
  expect(hasHolders(waits('sync.(*Mutex).Unlock'))).toBe(true);
  expect(hasHolders(waits('runtime.chanrecv1'))).toBe(false);
});

test('shows labels where the code sets them', () => {
  const labels = (of: string): NonNullable<FixtureSample['labels']> => ({ route: of, bytes: { number: 48, unit: 'bytes' } });
  const profile = cpu([
    { ...took(300, 'main.f'), labels: labels('/order') },
    { ...took(500, 'main.g'), labels: labels('/order') },
    { ...took(100, 'main.g'), labels: { route: '/cart', id: { number: 2n ** 63n - 1n, unit: '' } } },
    took(100, 'main.h'),
  ]);
  expect(topLabels(profile, profile.defaultType).slice(0, 2)).toEqual([
    { key: 'bytes', value: '48 bytes', total: 800e6 },
    { key: 'route', value: '/order', total: 800e6 },
  ]);
  expect(describeProfile(profile).tables.at(-1)).toMatchObject({
    title: 'By label',
    rows: expect.arrayContaining([
      ['route', '/order', 0.8, 80],
      ['route', '/cart', 0.1, 10],
    ]),
  });
  expect(describeProfile(cpu([took(100, 'main.f')])).tables.map(({ title }) => title)).not.toContain('By label');
});

test('shows the hottest path, without the calls that only hand on', () => {
  const way = ['main.serve', 'net/http.serve', 'main.main'];
  const profile = cpu([took(600, 'main.hash', 'main.loop', 'main.order', ...way), took(300, 'main.cart', ...way), took(100, 'main.idle')]);
  const [, path] = describeProfile(profile).tables;
  expect(path).toMatchObject({
    rows: [
      [90, 0, 'main.main', 'main.idle (10 %)'],
      [90, 0, 'main.serve', null],
      [60, 0, 'main.order', 'main.cart (30 %)'],
      [60, 60, 'main.hash', null],
    ],
    notes: ['2 calls that pass over 95 % on to the next call are left out'],
  });
});

describe('two profiles', () => {
  test('of generics in other shapes are of one function, counted once per stack', () => {
    const shaped = (shape: string) => cpu([took(500, `main.Map[${shape}]`, 'main.Map[go.shape.string]', 'main.main'), took(500, 'main.g')]);
    const [earlier, later] = [shaped('go.shape.int_0'), shaped('go.shape.[]int64,go.shape.int64')];
    expect(differenceTable(earlier, later).rows).toEqual([]);
    expect(describeProfile(later).tables[0]?.rows.filter(([name]) => name === 'main.Map[...]')).toMatchObject([
      ['main.Map[...]', 0.5, 50, 0.5, 50, expect.anything()],
    ]);
  });

  const before = cpu([took(100, 'main.f', 'main.main'), took(100, 'main.g', 'main.main')]);
  const now = cpu([took(900, 'main.f', 'main.main'), took(100, 'main.g', 'main.main')], 50);

  test('are compared by their shares, for one lasted longer', () => {
    expect(differenceTable(before, now).rows).toEqual([
      ['main.f', 50, 90, 40, 40],
      ['main.g', 50, 10, -40, -40],
    ]);
    expect(differenceTable(now, now).rows).toEqual([]);
  });

  test('of which one is empty or of another kind are not compared, and say why', () => {
    expect(differenceTable(cpu([]), now)).toMatchObject({ rows: [], notes: ['the earlier profile has no sample'] });
    const heap = readProfile(profileBytes(['inuse_space/bytes'], [{ stack: ['main.f'], values: [5] }]));
    expect(differenceTable(heap, now)).toMatchObject({ rows: [], notes: ['the earlier profile has no cpu'] });
    expect(flameDifference(heap, now)).toBeNull();
  });

  test('are one flame, the earlier scaled to the later', () => {
    const [main] = flameDifference(before, now)?.children ?? [];
    expect([main?.name, main?.value, main?.before]).toEqual(['main.main', 1e9, 1e9]);
    expect(main?.children.map(({ name, value, before: was }) => [name, value / 1e6, (was ?? 0) / 1e6])).toEqual([
      ['main.f', 900, 500],
      ['main.g', 100, 500],
    ]);
  });
});

test('draws a flame whose parts add up, the small calls as one', () => {
  const many = Array.from({ length: 30 }, (_, i) => took(1, `main.small${i}`, 'main.main'));
  const [main] = flameTree(cpu([took(100_000, 'main.f', 'main.main'), ...many])).children;
  expect(main?.children.map(({ name }) => name)).toEqual(['main.f', '(small calls)']);
  expect(main?.children.reduce((sum, { value }) => sum + value, 0)).toBe(main?.value);
});

test('draws no more calls than a page can, however many are equally large, and callers before what they call', () => {
  // 20 paths of 250 calls each, which are 20 calls too many with the root, and all equal: each hands all on to the next.
  const paths = Array.from({ length: 20 }, (_, i) => took(10, ...Array.from({ length: 250 }, (__, depth) => `main.f${i}_${250 - depth}`)));
  const tree = flameTree(cpu([...paths, took(10, 'main.one'), took(10, 'main.two')]));
  const drawn = (at: FlameNode): number => at.children.filter((child) => !isRest(child)).reduce((sum, child) => sum + drawn(child), 1);
  expect(drawn(tree)).toBe(5_000);
  const sums = (at: FlameNode): void => {
    if (at.children.length > 0) expect(at.children.reduce((sum, child) => sum + child.value, at.self)).toBe(at.value);
    at.children.forEach(sums);
  };
  sums(tree);
});
