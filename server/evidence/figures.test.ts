import { setImmediate as turn } from 'node:timers/promises';
import { Profile, Sample, StringTable } from 'pprof-format';
import { profileBytes, request } from '../../analysis/testing/profile.ts';
import type { CountdownStatus } from '../../workflows/messages.ts';
import { exampleRefs } from '../testing/example-evidence.ts';
import { EXAMPLE_POINTS_DIGEST, stopped } from '../../workflows/testing/example-status.ts';
import { fakeCountdowns } from '../testing/fake-countdowns.ts';
import { memoryEvidence } from '../testing/memory-evidence.ts';
import { BASE, testApp } from '../testing/test-app.ts';
import { figuresApart } from './figures-apart.ts';
import { readFigures, type FiguresAsked } from './read-figures.ts';

const asking = (name: keyof typeof exampleRefs, more: Partial<FiguresAsked> = {}): FiguresAsked => ({
  kind: exampleRefs[name].kind,
  digest: exampleRefs[name].digest,
  before: null,
  sampleType: null,
  ...more,
});

/** The evidence of the examples, with every reading counted. */
function countedEvidence() {
  const { get } = memoryEvidence();
  const read: string[] = [];
  return {
    read,
    get(digest: string) {
      read.push(digest);
      return get(digest);
    },
  };
}

describe('figures', () => {
  it('are what the analysis says, read beside the server', async () => {
    const { figures } = figuresApart(memoryEvidence());
    for (const name of ['cpu', 'heap', 'plan', 'traces', 'goroutines'] as const) {
      const asked = asking(name);
      expect(await figures(asked)).toEqual({ read: await readFigures(asked, memoryEvidence().get) });
    }
  });

  it('are read once, however often they are looked at, and anew for another sample type or comparison', async () => {
    const evidence = countedEvidence();
    const { figures } = figuresApart(evidence);
    await Promise.all([figures(asking('heap')), figures(asking('heap'))]);
    await figures(asking('heap'));
    expect(evidence.read).toEqual([exampleRefs.heap.digest]);
    await figures(asking('heap', { sampleType: 'alloc_space' }));
    expect(evidence.read).toHaveLength(2);
    await figures(asking('cpu', { before: exampleRefs.otherCpu.digest }));
    expect(evidence.read.slice(2)).toEqual([exampleRefs.cpu.digest, exampleRefs.otherCpu.digest]);
  });

  it('are kept within a bound: the one looked at longest ago goes first', async () => {
    const evidence = countedEvidence();
    const { figures } = figuresApart(evidence);
    await figures(asking('plan'));
    // Each is another question, and all have the same answer.
    for (let i = 0; i < 31; i += 1) await figures(asking('heap', { sampleType: `no-such-type-${i}` }));
    await figures(asking('plan'));
    await figures(asking('heap', { sampleType: 'one-more' }));
    await figures(asking('plan'));
    expect(evidence.read.filter((digest) => digest === exampleRefs.plan.digest)).toHaveLength(1);
    await figures(asking('heap', { sampleType: 'no-such-type-0' }));
    expect(evidence.read).toHaveLength(1 + 31 + 1 + 1);
  });

  it('say why they cannot be read, and are asked for again at the next look', async () => {
    const evidence = memoryEvidence();
    let there = false;
    const { figures, endpoints } = figuresApart({
      get: (digest) => evidence.get(there ? digest : `sha256:${'0'.repeat(64)}`),
    });
    const missing = { unreadable: `There is no evidence sha256:${'0'.repeat(64)} in memory.` };
    expect(await figures(asking('cpu'))).toEqual(missing);
    expect(await endpoints(EXAMPLE_POINTS_DIGEST)).toEqual(missing);
    there = true;
    expect(await figures(asking('cpu'))).toHaveProperty('read.picture.kind', 'flame');
    expect(await endpoints(EXAMPLE_POINTS_DIGEST)).toHaveProperty('read.length', 2);
    expect(await figures(asking('damaged'))).toEqual({ unreadable: expect.stringMatching(/gzip/) });
  });

  it('do not hide a bug behind a sentence', async () => {
    const { figures } = figuresApart({
      get() {
        throw new TypeError('a bug');
      },
    });
    await expect(figures(asking('cpu'))).rejects.toThrow('a bug');
  });

  it('read no more of what they have given up', async () => {
    const closed: string[] = [];
    const { endpoints } = figuresApart({
      async *get(digest) {
        try {
          // Begins like gzip and is none: the reading ends at the first chunk, with more to come.
          for (;;) yield new Uint8Array([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 255, 255, 255, 255, 255]);
        } finally {
          closed.push(digest);
        }
      },
    });
    expect(await endpoints('sha256:endless')).toEqual({ read: [] });
    for (let patience = 0; closed.length === 0 && patience < 1_000; patience += 1) await turn();
    expect(closed).toEqual(['sha256:endless']);
  });
});

describe('figures of two profiles', () => {
  const compared = (kind: FiguresAsked['kind'], before: Uint8Array, now: Uint8Array, sampleType: string | null = null) =>
    readFigures({ kind, digest: 'now', before: 'before', sampleType }, (digest) => once(digest === 'now' ? now : before));

  it('are in a table what they are in the picture', async () => {
    const heap = (...values: [string, number][]) =>
      profileBytes(
        ['inuse_space/bytes', 'alloc_space/bytes'],
        values.map(([leaf, bytes]) => ({ stack: request(leaf), values: [1, bytes] })),
      );
    const { picture, analysis } = await compared('heap-profile', heap(['main.f', 5], ['main.g', 5]), heap(['main.f', 9], ['main.g', 1]));
    expect(picture).toMatchObject({ flame: { compared: true } });
    expect(analysis.tables.map(({ title }) => title)).toEqual(['What changed since the earlier profile', 'Top functions by alloc_space']);
    expect(analysis.tables[0]).toMatchObject({
      rows: [
        ['main.f', 50, 90, 40, 40],
        ['main.g', 50, 10, -40, -40],
      ],
      notes: expect.arrayContaining(["shares of each profile's own total of alloc_space"]),
    });
    const inUse = await compared('heap-profile', heap(['main.f', 5]), heap(['main.g', 5]), 'inuse_space');
    expect(inUse.analysis.tables[0]?.rows).toEqual([
      ['main.f', 100, 0, -100, -100],
      ['main.g', 0, 100, 100, 100],
    ]);
  });

  it('say why there is nothing to compare', async () => {
    const cpu = (...leaves: string[]) =>
      profileBytes(
        ['samples/count', 'cpu/nanoseconds'],
        leaves.map((leaf) => ({ stack: request(leaf), values: [1, 10_000_000] })),
      );
    const { picture, analysis } = await compared('cpu-profile', cpu(), cpu('main.f'));
    expect(picture).toMatchObject({ flame: { compared: false } });
    expect(analysis.tables[0]).toMatchObject({ rows: [], notes: ['the earlier profile has no sample'] });
  });

  it('tell what grew between two profiles of goroutines', async () => {
    const goroutines = (waiting: number) =>
      profileBytes(
        ['goroutine/count'],
        [
          {
            stack: ['runtime.gopark', 'runtime.chansend1', 'shop.example/api/internal/shop.notify /src/shop/notify.go:8'],
            values: [waiting],
          },
        ],
      );
    const { analysis } = await compared('goroutine-profile', goroutines(12), goroutines(80));
    expect(analysis.findings).toMatchObject([{ code: 'LeakSuspected', outcome: 'inconclusive', measured: 68 }]);
    expect(analysis.tables.map(({ title }) => title)).toEqual(['What changed since the earlier profile', 'Goroutines by state and place']);
    expect((await compared('goroutine-leak-profile', goroutines(12), goroutines(80))).analysis.tables).toHaveLength(2);
  });
});

describe('the server', () => {
  it('answers a health request while a large report is made', async () => {
    const bytes = largeProfile();
    const started = performance.now();
    await readFigures({ ...asking('cpu'), digest: 'large' }, () => once(bytes));
    const aloneMs = performance.now() - started;

    const { api, app, evidence, countdowns } = testApp({ countdowns: fakeCountdowns([]) });
    const ref = await evidence.put({ kind: 'cpu-profile', mediaType: 'application/octet-stream', source: 'pod shop/go-api-1' }, bytes);
    countdowns.statuses.set('go-api-1.4.0', analysed([ref]));
    countdowns.audits.set('go-api-1.4.0', []);
    const made = { yet: false };
    let longestMs = 0;
    const report = api('/r/go-api-1.4.0/report').finally(() => (made.yet = true));
    while (!made.yet) {
      const asked = performance.now();
      expect((await app.request(`${BASE}/healthz`)).status).toBe(200);
      await turn();
      longestMs = Math.max(longestMs, performance.now() - asked);
    }
    expect(await (await report).text()).toContain('<svg class="flame"');
    // Read on the server's own thread it would be all of it at once.
    expect(longestMs).toBeLessThan(aloneMs / 2);
  });
});

function analysed(evidence: CountdownStatus['checkpoints'][0]['steps'][0]['evidence']): CountdownStatus {
  const [first, ...later] = stopped.checkpoints;
  if (!first?.steps[0]) throw new Error('the example has no step');
  const step = { ...first.steps[0], name: 'diagnosis', type: 'diagnosis', findings: [], facts: [], evidence };
  return { ...stopped, checkpoints: [{ ...first, steps: [step] }, ...later] };
}

/** Seconds of work, made in no time: one message of samples, many times over; to a reader of protobuf that is one list. */
function largeProfile(): Uint8Array {
  const stack = request(...Array.from({ length: 60 }, (_, i) => `shop.example/api/internal/shop.call${i} /src/shop/call.go:${i}`));
  const named = profileBytes(['cpu/nanoseconds'], [{ stack, values: [1e6] }]);
  const ids = stack.map((_, i) => i + 1);
  const sample = Array.from({ length: 1_000 }, (_, i) => new Sample({ locationId: ids.slice(i % 40), value: [1e6] }));
  const more = new Profile({ sample, stringTable: new StringTable() }).encode();
  return Buffer.concat([named, ...Array.from({ length: 150 }, () => more)]);
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield await Promise.resolve(bytes);
}
