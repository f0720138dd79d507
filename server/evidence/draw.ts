// Renders pictures of evidence from parsed data, for its page and for the report.
import { flameGraph, type FlameGraph } from './flame-graph.ts';
import { markup, nothing, type Markup } from './markup.ts';
import { planTree } from './plan-tree.ts';
import type { Flame, Picture } from './read-figures.ts';
import { waterfall } from './waterfall.ts';

export interface DrawOptions extends Pick<FlameGraph, 'linkOf' | 'at'> {
  /** Source of the evidence, for screen readers. */
  source: string;
}

export function draw(picture: Picture, options: DrawOptions): Markup {
  switch (picture.kind) {
    case 'flame':
      return drawFlame(picture.flame, options);
    case 'plans':
      return markup`${picture.plans.map(({ title, plan }) => markup`${title === null ? nothing : markup`<h3>${title}</h3>`}${planTree(plan)}`)}`;
    case 'trace':
      return waterfall(picture.trace);
  }
}

const SCALES: Readonly<Record<string, { unit: string; divisor: number }>> = {
  nanoseconds: { unit: 's', divisor: 1e9 },
  bytes: { unit: 'MiB', divisor: 1_024 ** 2 },
};

function drawFlame({ tree, sampleType, unit, compared }: Flame, { source, linkOf, at }: DrawOptions): Markup {
  const comparison = compared ? ', compared with an earlier one: orange has grown, blue has shrunk' : '';
  const summary = `Flame graph of ${sampleType} of ${source}${comparison}; the table below has the same values`;
  return flameGraph({ summary, tree, ...(SCALES[unit] ?? { unit: '', divisor: 1 }), linkOf, at });
}
