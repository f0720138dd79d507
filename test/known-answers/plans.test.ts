import { existsSync, readdirSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { exclusiveTimes } from '../../analysis/postgres/exclusive.ts';
import { nodesOf } from '../../analysis/postgres/plan.ts';
import { planFigures, type PlanFigures } from '../../analysis/postgres/plan-figures.ts';
import { readPlan } from '../../analysis/postgres/read-plan.ts';
import { describeKnown, expected, knownBytes, knownFile } from './folder.ts';

const plan = (...path: string[]) => readPlan(knownBytes('plans', ...path));
const list = (folder: string) => (existsSync(knownFile('plans', folder)) ? readdirSync(knownFile('plans', folder)) : []);
const figures = existsSync(knownFile('plans'))
  ? Object.entries(expected('plans') as Record<string, Partial<PlanFigures>>).filter(([file]) => file.endsWith('.json'))
  : [];
const total = (values: Iterable<number>) => [...values].reduce((sum, value) => sum + value, 0);

describeKnown('plans', () => {
  it.each(figures)('reads the figures of %s', (file, known) => {
    const found = planFigures(plan(file));
    expect(found.maxEstimateFactor).toBeCloseTo(known.maxEstimateFactor as number, 9);
    expect(found).toMatchObject({ ...known, maxEstimateFactor: found.maxEstimateFactor });
  });

  it.each(list('cte-exclusive-time'))('counts no time twice in %s', (file) => {
    const read = plan('cte-exclusive-time', file);
    const share = total(exclusiveTimes(read).values()) / ((read.root.actualMs ?? 0) * (read.root.loops ?? 0));
    expect(share).toBeGreaterThanOrEqual(0.99);
    expect(share).toBeLessThanOrEqual(1.01);
  });

  it('shares the loops of a node among the workers of its Gather', () => {
    const { exclusiveMs } = (expected('plans') as Record<string, { exclusiveMs: number }>)['parallel-children-loops.txt'] as {
      exclusiveMs: number;
    };
    const read = plan('parallel-children-loops.txt');
    const node = nodesOf(read)[11];
    expect(node?.index).toBe('mike_uniform');
    expect(exclusiveTimes(read).get(node as NonNullable<typeof node>)).toBeCloseTo(exclusiveMs, 5);
  });

  it.each(list('psql-frames'))('reads a plan out of the frame of %s', (file) => {
    const read = plan('psql-frames', file);
    expect(nodesOf(read).map(({ type, relation }) => [type, relation])).toEqual([
      ['Nested Loop', null],
      ['Seq Scan', 'users'],
      ['Seq Scan', 'part_0'],
    ]);
    expect(read.executionMs).toBeGreaterThan(1);
    expect(nodesOf(read).map(({ rowsRemoved }) => rowsRemoved)).toEqual([0, 1231, 13205]);
  });
});
