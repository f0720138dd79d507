import { expect, it } from '@jest/globals';
import { knee, type Curve } from '../../analysis/statistics/knee.ts';
import { peakLoad, scalability } from '../../analysis/statistics/usl.ts';
import { describeKnown, expected, knownFile } from './folder.ts';
import { existsSync } from 'node:fs';

interface Known {
  usl: {
    load: number[];
    throughput: number[];
    alpha: number;
    beta: number;
    gamma: number;
    peakLoad: number;
    tolerance: Record<'alpha' | 'beta' | 'gamma' | 'peakLoad', number>;
  };
  uslPeakFormula: { alpha: number; beta: number; peakLoad: number };
  kneedle: {
    curve: Curve;
    x?: number[];
    y?: number[];
    knee: number | null;
    kneeY?: number;
    direction: string;
    tolerance?: number;
  }[];
  sensitivity: number;
}
const known: Known | null = existsSync(knownFile('scaling')) ? (expected('scaling') as Known) : null;
const linspace = Array.from({ length: 10 }, (_, i) => i / 9);

describeKnown('scaling', () => {
  it('fits the scalability law to specsdm91 as R does', () => {
    const { usl } = known as Known;
    const fitted = scalability(usl.load.map((load, i) => ({ load, throughput: usl.throughput[i] as number })));
    for (const figure of ['alpha', 'beta', 'gamma', 'peakLoad'] as const)
      expect(Math.abs((fitted?.[figure] as number) - usl[figure])).toBeLessThanOrEqual(usl.tolerance[figure]);
  });

  it('gives the peak by its formula', () => {
    const { alpha, beta, peakLoad: peak } = (known as Known).uslPeakFormula;
    expect(peakLoad(alpha, beta)).toBeCloseTo(peak, 4);
  });

  it.each((known?.kneedle ?? []).map((row, i) => [i + 1, row.curve, row.direction, row] as const))(
    'finds the knee of curve %i, %s and %s',
    (_, curve, __, row) => {
      const x = row.x ?? linspace;
      const y = row.y ?? linspace.map((value) => -1 / (value + 0.1) + 5);
      const found = knee(
        x.map((value, i) => ({ x: value, y: y[i] as number })),
        curve,
        (known as Known).sensitivity,
      );
      if (row.knee === null) expect(found).toBeNull();
      else {
        expect(Math.abs((found?.x as number) - row.knee)).toBeLessThanOrEqual(row.tolerance ?? 0);
        if (row.kneeY !== undefined) expect(Math.abs((found?.y as number) - row.kneeY)).toBeLessThanOrEqual(row.tolerance ?? 0);
      }
    },
  );
});
