import { describe, expect, it } from '@jest/globals';
import { flameDifference, flameTree, type FlameNode } from '../../analysis/profile/flame.ts';
import { profileBytes, type FixtureSample } from '../../analysis/testing/profile.ts';
import { readProfile } from '../../analysis/profile/read.ts';
import { flameGraph } from './flame-graph.ts';

const WIDTH = 1_200;
/** Places are drawn to a tenth. */
const ROUNDING = 0.11;

interface Frame {
  name: string;
  path: string;
  from: number;
  to: number;
}

function framesOf(tree: FlameNode, at = ''): Frame[] {
  const svg = String(flameGraph({ summary: 'a test', tree, unit: 's', divisor: 1e9, linkOf: (path) => `?at=${path}`, at }));
  return [...svg.matchAll(/href="\?at=([\d.]*)".*?<title>(.*?): .*?<rect [^>]*?x="([\d.-]+)" y="\d+" width="([\d.]+)"/gu)].map(
    ([, path = '', name = '', x, width]) => ({ name, path, from: Number(x), to: Number(x) + Number(width) }),
  );
}

/** Every frame is in the picture, within its caller, and right of the one before it. */
function expectWithinCallers(frames: readonly Frame[]): void {
  const byPath = new Map(frames.map((frame) => [frame.path, frame]));
  for (const { path, from, to } of frames) {
    expect(from).toBeGreaterThanOrEqual(0);
    expect(to).toBeLessThanOrEqual(WIDTH);
    const caller = byPath.get(path.split('.').slice(0, -1).join('.'));
    if (path === '' || caller === undefined) continue;
    expect(from).toBeGreaterThanOrEqual(caller.from - ROUNDING);
    expect(to).toBeLessThanOrEqual(caller.to + ROUNDING);
    const last = Number(path.split('.').at(-1));
    const before = byPath.get(path.replace(/\d+$/u, String(last - 1)));
    if (before !== undefined) expect(from).toBeGreaterThanOrEqual(before.to - ROUNDING);
  }
}

const cpu = (...samples: [ms: number, ...stack: string[]][]) =>
  readProfile(
    profileBytes(
      ['samples/count', 'cpu/nanoseconds'],
      samples.map(([ms, ...stack]): FixtureSample => ({ stack, values: [ms / 10, ms * 1e6] })),
    ),
  );
const difference = (before: ReturnType<typeof cpu>, now: ReturnType<typeof cpu>): FlameNode => flameDifference(before, now) as FlameNode;

describe('a flame graph', () => {
  it('draws each call as wide as its share of its caller', () => {
    const frames = framesOf(flameTree(cpu([750, 'main.f', 'main.main'], [250, 'main.main'])));
    expectWithinCallers(frames);
    expect(frames.map(({ name, from, to }) => [name, from, Math.round(to)])).toEqual([
      ['all', 0, 1_199],
      ['main.main', 0, 1_199],
      ['main.f', 0, 899],
    ]);
  });

  it('of two profiles stays in the picture where one call has shrunk and its neighbour has grown', () => {
    const before = cpu([100, 'main.f', 'main.main'], [100, 'main.g', 'main.main']);
    const now = cpu([900, 'main.f', 'main.main'], [100, 'main.g', 'main.main']);
    const frames = framesOf(difference(before, now));
    expectWithinCallers(frames);
    // 900 now beside 500 before: the larger of both is what is drawn.
    const widthOf = (name: string) => frames.filter((frame) => frame.name === name).map(({ from, to }) => to - from)[0] as number;
    expect(widthOf('main.f') / widthOf('main.g')).toBeCloseTo(9 / 5, 1);
  });

  const earlier = cpu(
    [400, 'main.a', 'main.x', 'main.main'],
    [100, 'main.b', 'main.x', 'main.main'],
    [300, 'main.c', 'main.y', 'main.main'],
    [200, 'main.gone', 'main.y', 'main.main'],
  );
  const later = cpu(
    [50, 'main.a', 'main.x', 'main.main'],
    [400, 'main.b', 'main.x', 'main.main'],
    [50, 'main.c', 'main.y', 'main.main'],
    [500, 'main.new', 'main.y', 'main.main'],
  );

  it('of two profiles covers no neighbour deeper down, and one amount is equally wide everywhere', () => {
    const frames = framesOf(difference(earlier, later));
    expectWithinCallers(frames);
    const widths = new Map(frames.map(({ name, from, to }) => [name, to - from]));
    // Each was or is 400.
    expect(Math.abs((widths.get('main.a') as number) - (widths.get('main.b') as number))).toBeLessThan(2 * ROUNDING);
    expect((widths.get('main.new') as number) / (widths.get('main.b') as number)).toBeCloseTo(5 / 4, 1);
  });

  it.each(['0', '0.0', '0.1', '0.1.0'])('of two profiles stays in the picture zoomed to %s', (at) => {
    const frames = framesOf(difference(earlier, later), at);
    expect(frames[0]).toMatchObject({ path: at, from: 0 });
    expectWithinCallers(frames);
  });

  it('with values below zero stays in the picture, and hides no call whose parts cancel out', () => {
    const frames = framesOf(
      flameTree(cpu([500, 'main.f', 'main.even', 'main.main'], [-500, 'main.g', 'main.even', 'main.main'], [300, 'main.h', 'main.main'])),
    );
    expectWithinCallers(frames);
    expect(frames.map(({ name }) => name)).toEqual(expect.arrayContaining(['main.even', 'main.f', 'main.g', 'main.h']));
  });
});
