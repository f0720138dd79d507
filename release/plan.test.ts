import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { durationMs, readDuration } from './duration.ts';
import { readLaunchTime } from './launch-time.ts';
import { loadRelease } from './load.ts';
import { readOffset } from './offset.ts';
import { lateCheckpoints, planOf, replan } from './plan.ts';
import type { Release } from './release.ts';
import { readShare, sharePercent } from './share.ts';

const HOUR_MS = 3_600_000;
const startMs = Date.UTC(2026, 10, 22, 9);
const example = release((text) => text);

function release(edit: (text: string) => string): Release {
  const loaded = loadRelease(edit(readFileSync(join(import.meta.dirname, '..', 'docs', 'release-example.yaml'), 'utf8')), 'r.yaml');
  if (!loaded.ok) throw new Error(loaded.problems[0]?.message);
  return loaded.release;
}

describe('the plan', () => {
  test('counts back from the launch, earliest checkpoint first', () => {
    expect(planOf(example, startMs)).toEqual({
      launchAtMs: startMs + 72 * HOUR_MS,
      checkpoints: [
        { name: 'load-and-diagnosis', offset: 'T-72h', offsetMs: 72 * HOUR_MS, atMs: startMs },
        { name: 'final-poll', offset: 'T-1h', offsetMs: HOUR_MS, atMs: startMs + 71 * HOUR_MS },
        { name: 'launch', offset: 'T-0', offsetMs: 0, atMs: startMs + 72 * HOUR_MS },
      ],
    });
  });

  test('keeps a given launch time whatever the start, and knows what is late for it', () => {
    const dated = release((text) => text.replace('countdown: 72h', 'launchAt: 2026-11-25T17:00:00+08:00'));
    const plan = planOf(dated, startMs + HOUR_MS);
    expect(plan.launchAtMs).toBe(startMs + 72 * HOUR_MS);
    expect(lateCheckpoints(plan, startMs + HOUR_MS).map(({ name }) => name)).toEqual(['load-and-diagnosis']);
    expect(lateCheckpoints(plan, startMs)).toEqual([]);
  });

  test('moves as a whole when the launch moves', () => {
    const plan = planOf(example, startMs);
    const moved = replan(plan, plan.launchAtMs + 5 * HOUR_MS);
    expect(moved).toEqual(planOf(example, startMs + 5 * HOUR_MS));
    expect(plan).toEqual(planOf(example, startMs));
  });
});

describe('lengths of time', () => {
  test.each([
    ['300ms', 300],
    ['1.5s', 1_500],
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['3d', 259_200_000],
    ['0s', 0],
  ])('%s is %d ms', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  test.each([
    ['300', '"300" has no unit'],
    ['300msec', '"300msec" has an unknown unit "msec"'],
    ['3 days', '"3 days" is not a duration'],
    ['-3h', '"-3h" is not a duration'],
    ['', 'this is empty'],
    ['400d', '"400d" is too long; the longest duration is 365d'],
  ])('"%s" is refused', (text, reason) => {
    const reading = readDuration(text);
    expect(reading.ok ? 'accepted' : reading.reason).toMatch(reason);
    expect(() => durationMs(text)).toThrow(RangeError);
  });
});

describe('shares', () => {
  test('are percent from 0 to 100', () => {
    expect(['0%', '0.1%', '95%', '100%'].map(sharePercent)).toEqual([0, 0.1, 95, 100]);
  });

  test.each([
    ['0.1', '"0.1" has no unit'],
    ['300ms', '"300ms" has the wrong unit "ms"'],
    ['101%', '"101%" is above 100%'],
    ['1 %', '"1 %" has a space in it'],
    ['-1%', '"-1%" is not a share'],
  ])('"%s" is refused', (text, reason) => {
    const reading = readShare(text);
    expect(reading.ok ? 'accepted' : reading.reason).toMatch(reason);
  });
});

describe('times', () => {
  test.each([
    ['T-0', 0],
    ['T-1h30m', 5_400_000],
    ['T-3d', 259_200_000],
  ])('%s lies %d ms before the launch', (text, ms) => {
    expect(readOffset(text)).toEqual({ ok: true, ms });
  });

  test.each([
    ['T+1h', '"T+1h" is after the launch'],
    ['72h', '"72h" is not a time before launch'],
    ['T-72', '"T-72" has no unit; write a time before launch'],
    ['T-3;h', '"T-3;h" is not a duration; write a time before launch'],
  ])('the offset %s is refused', (text, reason) => {
    const reading = readOffset(text);
    expect(reading.ok ? 'accepted' : reading.reason).toContain(reason);
  });

  test.each([
    ['2026-11-25T09:00:00Z', Date.UTC(2026, 10, 25, 9)],
    ['2026-11-25T17:00:00+08:00', Date.UTC(2026, 10, 25, 9)],
    ['2028-02-29T00:00:00.5Z', Date.UTC(2028, 1, 29) + 500],
  ])('%s is a moment', (text, ms) => {
    expect(readLaunchTime(text)).toEqual({ ok: true, ms });
  });

  test.each([
    ['2026-11-25T09:00:00', 'has no time zone'],
    ['2026-11-25T09:00Z', 'has no seconds'],
    ['2026-02-29T00:00:00Z', 'does not exist in the calendar'],
    ['2026-11-25T24:00:00Z', 'does not exist in the calendar'],
    ['2026-11-25T09:00:00+24:00', 'does not exist in the calendar'],
    ['tomorrow', 'is not a date and time'],
  ])('the moment %s is refused', (text, reason) => {
    const reading = readLaunchTime(text);
    expect(reading.ok ? 'accepted' : reading.reason).toContain(reason);
  });
});

test('what workflows run (plan, durations, shares) reaches no schema library and no parser', () => {
  const importsOf = (file: string): string[] =>
    [...readFileSync(join(import.meta.dirname, file), 'utf8').matchAll(/^import (?!type).* from '(.+)';$/gm)].map(([, from = '']) => from);
  const seen = new Set(['./plan.ts', './duration.ts', './share.ts', './launch-time.ts']);
  for (const file of seen) if (file.startsWith('./')) importsOf(file).forEach((from) => seen.add(from));
  expect([...seen].filter((file) => !file.startsWith('./'))).toEqual([]);
});
