import { expect, it } from '@jest/globals';
import { geometricMean, median } from 'simple-statistics';
import { mannWhitney } from '../../analysis/statistics/two-samples.ts';
import { describeKnown, knownText } from './folder.ts';

/** Seconds per operation of each benchmark of a `go test -bench` output. */
function benchmarks(file: string): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const [, name = '', nanoseconds] of knownText('comparisons', 'benchstat', file).matchAll(/^Benchmark(\S+)\s+\d+\s+(\S+) ns\/op/gmu))
    found.set(name, [...(found.get(name) ?? []), Number(nanoseconds) / 1e9]);
  return found;
}
const percent = (ratio: number) => `${ratio < 1 ? '-' : '+'}${(Math.abs(ratio - 1) * 100).toFixed(2)}%`;
const PARTS: Record<string, number> = { n: 1e-9, µ: 1e-6, m: 1e-3 };

describeKnown('comparisons', () => {
  const [old, fresh] = [benchmarks('old.txt'), benchmarks('new.txt')];
  const stdout = knownText('comparisons', 'benchstat', 'csvOldNew.stdout');
  const rows = [...stdout.matchAll(/^(Encode\S+),([^,]+),[^,]*,([^,]+),[^,]*,([^,]+),p=(\S+) n=10$/gmu)];

  it('reads the rows to compare with', () => expect(rows).toHaveLength(2));

  it.each(rows.map(([, name = '', before, after, delta, p]) => ({ name, before, after, delta, p })))(
    'compares $name as benchstat does: $delta, p $p',
    ({ name, before, after, delta, p }) => {
      const [a = [], b = []] = [old.get(name), fresh.get(name)];
      expect(median(a)).toBeCloseTo(Number(before), 15);
      expect(median(b)).toBeCloseTo(Number(after), 15);
      const chance = mannWhitney(a, b);
      expect(chance.toFixed(3)).toBe(p);
      expect(chance < 0.05 ? percent(median(b) / median(a)) : '~').toBe(delta);
    },
  );

  it('gives the geometric mean of both and its change', () => {
    const [, before, after, change] = /^geomean,([^,]+),,([^,]+),,([^,]+)/mu.exec(stdout) ?? [];
    const means = [old, fresh].map((of) => geometricMean([...of.values()].map((values) => median(values))));
    expect(means[0]).toBeCloseTo(Number(before), 15);
    expect(means[1]).toBeCloseTo(Number(after), 15);
    expect(percent((means[1] as number) / (means[0] as number))).toBe(change);
  });

  it.each(['crc-old.txt', 'crc-new.txt'])('gives the medians and the mean of %s', (file) => {
    const table = knownText('comparisons', 'benchstat', 'crcOldNew.stdout').split('\n');
    const from = table.findIndex((line, i) => line.includes(file) && (table[i + 1] ?? '').includes('sec/op'));
    const shown = table
      .slice(from + 2, table.findIndex((line, i) => i > from && line.startsWith('geomean')) + 1)
      .map((line) => /^(\S+)\s+([\d.]+)([nµm])/u.exec(line)?.slice(1) ?? []);
    const found = benchmarks(file);
    const medians = new Map([...found].map(([name, values]) => [name, median(values)]));
    medians.set('geomean', geometricMean([...medians.values()]));
    expect(shown).toHaveLength(medians.size);
    for (const [name = '', digits = '', part = ''] of shown) {
      const decimals = digits.split('.')[1]?.length ?? 0;
      expect(Math.abs((medians.get(name) as number) / (PARTS[part] as number) - Number(digits))).toBeLessThanOrEqual(
        0.5001 * 10 ** -decimals,
      );
    }
  });
});
