import { expect, it } from '@jest/globals';
import { exclusiveByOperation } from '../../analysis/testing/traces.ts';
import { criticalPaths } from '../../analysis/trace/critical-path.ts';
import { readTraces } from '../../analysis/trace/read.ts';
import { describeKnown, expected, knownBytes } from './folder.ts';

type Times = Record<string, number>;

describeKnown('traces', () => {
  it.each(Array.from({ length: 15 }, (_, index) => `${index + 1}.json`))('finds the critical path of %s', (file) => {
    const known = (expected('traces') as Record<string, [Times] | { opTimeExclusive: Times }>)[file];
    const times = Array.isArray(known) ? known[0] : known?.opTimeExclusive;
    const spans = readTraces(knownBytes('traces', file));
    expect(Object.fromEntries(exclusiveByOperation(spans, criticalPaths(spans)))).toEqual(times);
  });
});
