import { expect, it } from '@jest/globals';
import { readProfile } from '../../analysis/profile/read.ts';
import { sampleTypeIndex, totalOf } from '../../analysis/profile/profile.ts';
import { byCum, top } from '../../analysis/profile/top.ts';
import { describeKnown, expected, knownBytes } from './folder.ts';

interface Row {
  function: string;
  flat: number;
  cum: number;
}
interface Expected {
  unit: string;
  sampleType: string;
  total: number;
  topFlat: Row[];
  topCum: Row[];
}

const figures = (rows: readonly { flat: number; cum: number }[], of: 'flat' | 'cum') => rows.map((row) => row[of]);

describeKnown('profiles', () => {
  it.each(['large.cpu', 'sample.cpu', 'alloc_objects.pb.gz', 'fib.pb.gz'])('reads the top of %s as go tool pprof does', (file) => {
    const known = (expected('profiles') as Record<string, Expected>)[file] as Expected;
    const profile = readProfile(knownBytes('profiles', file));
    const type = sampleTypeIndex(profile, known.sampleType) as number;
    expect(profile.sampleTypes[type]).toEqual({ type: known.sampleType, unit: known.unit });
    expect(totalOf(profile, type)).toBe(known.total);
    const rows = top(profile, type);
    const byName = new Map(rows.map((row) => [row.name, row]));
    for (const { function: name, flat, cum } of [...known.topFlat, ...known.topCum]) expect(byName.get(name)).toEqual({ name, flat, cum });
    // Ties stand in any order, so the figures in order are compared, and the names above.
    expect(figures(rows.slice(0, 20), 'flat')).toEqual(known.topFlat.map(({ flat }) => flat));
    expect(figures(byCum(rows).slice(0, 20), 'cum')).toEqual(known.topCum.map(({ cum }) => cum));
  });
});
