import { cpSync, rmSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { Profile, Sample, StringTable } from 'pprof-format';
import { profileBytes, request } from '../../analysis/testing/profile.ts';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import { exampleRefs } from '../testing/example-evidence.ts';
import { EXAMPLE_POINTS_DIGEST, stopped } from '../../workflows/testing/example-status.ts';
import { fakeCountdowns } from '../testing/fake-countdowns.ts';
import { emptyEvidenceFolder, exampleEvidenceFolder } from '../testing/example-evidence-folder.ts';
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

describe('figures', () => {
  it('are what the analysis measured, read beside the server', async () => {
    const { folder, evidence } = exampleEvidenceFolder();
    const { figures } = figuresApart(folder);
    for (const name of ['cpu', 'heap', 'plan', 'traces', 'goroutines'] as const) {
      const asked = asking(name);
      expect(await figures(asked)).toEqual({ read: await readFigures(asked, evidence.get) });
    }
  });

  it('are read once, however often they are looked at, and anew for another sample type or comparison', async () => {
    const { folder } = exampleEvidenceFolder();
    const { figures } = figuresApart(folder);
    const [heap, again] = await Promise.all([figures(asking('heap')), figures(asking('heap'))]);
    expect(again).toBe(heap);
    rmSync(folder, { recursive: true });
    expect(await figures(asking('heap'))).toBe(heap);
    expect(await figures(asking('heap', { sampleType: 'alloc_space' }))).toHaveProperty('unreadable');
    expect(await figures(asking('heap', { before: exampleRefs.otherCpu.digest }))).toHaveProperty('unreadable');
  });

  it('are kept within a bound: the one looked at longest ago goes first', async () => {
    const { folder } = exampleEvidenceFolder();
    const { figures } = figuresApart(folder);
    const plan = await figures(asking('plan'));
    // Each is another question, and all have the same answer.
    for (let i = 0; i < 31; i += 1) await figures(asking('heap', { sampleType: `no-such-type-${i}` }));
    await figures(asking('plan'));
    await figures(asking('heap', { sampleType: 'one-more' }));
    rmSync(folder, { recursive: true });
    expect(await figures(asking('plan'))).toBe(plan);
    expect(await figures(asking('heap', { sampleType: 'no-such-type-1' }))).toHaveProperty('read');
    expect(await figures(asking('heap', { sampleType: 'no-such-type-0' }))).toHaveProperty('unreadable');
  });

  it('say why they cannot be read, and are asked for again at the next look', async () => {
    const folder = emptyEvidenceFolder();
    const { figures, endpoints } = figuresApart(folder);
    const missing = (digest: string) => ({ unreadable: `There is no evidence ${digest} in ${folder}.` });
    expect(await figures(asking('cpu'))).toEqual(missing(exampleRefs.cpu.digest));
    expect(await endpoints(EXAMPLE_POINTS_DIGEST)).toEqual(missing(EXAMPLE_POINTS_DIGEST));
    cpSync(exampleEvidenceFolder().folder, folder, { recursive: true });
    expect(await figures(asking('cpu'))).toHaveProperty('read.picture.kind', 'flame');
    expect(await endpoints(EXAMPLE_POINTS_DIGEST)).toHaveProperty('read.length', 2);
    expect(await figures(asking('damaged'))).toEqual({ unreadable: expect.stringMatching(/gzip/) });
  });

  it('do not hide a bug behind a sentence', async () => {
    const { figures } = figuresApart(undefined as unknown as string);
    await expect(figures(asking('cpu'))).rejects.toThrow(/"path" argument must be of type string/);
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
    expect(analysis.tables.map(({ title }) => title)).toEqual(['Changes since the earlier profile', 'Top functions by alloc_space']);
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
    expect(analysis.facts[1]?.text).toMatch(/^68 more goroutines at shop\.notify .* than in the earlier profile$/u);
    expect(analysis.tables.map(({ title }) => title)).toEqual(['Changes since the earlier profile', 'Goroutines by state and place']);
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
