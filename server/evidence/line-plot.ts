// Lines over time as SVG, the same on a page, in the report and on paper. No script.
import { markup, nothing, type Markup } from './markup.ts';
import { number } from '../../verdict/wording/index.ts';

export interface PlotLine {
  name: string;
  /** Line style of the stylesheet; styles differ in dashes and colour. */
  style: 'strong' | 'thin' | 'dashed';
  /** x ascending. */
  points: readonly { x: number; y: number }[];
}

export interface LinePlot {
  /** Text for screen readers. */
  summary: string;
  lines: readonly PlotLine[];
  limit: { value: number; name: string } | null;
  xUnit: string;
  yUnit: string;
  /** Points further apart are not joined: nothing was measured between them. */
  gapX: number;
}

const WIDTH = 720;
const HEIGHT = 240;
const LEFT = 64;
const RIGHT = 16;
const TOP = 28;
const BOTTOM = 36;
// As many labels as fit without overlap.
const TICKS = 5;
// Space above the highest value.
const HEADROOM = 1.08;

export function linePlot(plot: LinePlot): Markup {
  const { summary, lines, limit, xUnit, yUnit, gapX } = plot;
  const points = lines.flatMap((line) => line.points).filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  const xTicks = ticks(Math.max(1, ...points.map(({ x }) => x)));
  const yTicks = ticks(Math.max(1, limit?.value ?? 0, ...points.map(({ y }) => y)) * HEADROOM);
  const xMax = Math.max(1, ...points.map(({ x }) => x));
  const yMax = yTicks.at(-1) ?? 1;
  const px = (x: number): number => LEFT + (x / xMax) * (WIDTH - LEFT - RIGHT);
  const py = (y: number): number => HEIGHT - BOTTOM - (y / yMax) * (HEIGHT - TOP - BOTTOM);
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="Plot">
    <svg class="plot" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${summary}">
    ${yTicks.map((y) => {
      const line = markup`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${px2(py(y))}" y2="${px2(py(y))}"></line>`;
      return markup`${line}<text x="${LEFT - 6}" y="${px2(py(y) + 4)}" text-anchor="end">${number(y)}</text>`;
    })}
    ${xTicks.filter((x) => x <= xMax).map((x) => markup`<text x="${px2(px(x))}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${number(x)}</text>`)}
    <text x="${LEFT - 6}" y="${TOP - 12}" text-anchor="end">${yUnit}</text>
    <text x="${WIDTH - RIGHT}" y="${HEIGHT - 4}" text-anchor="end">${xUnit}</text>
    ${limit ? limitLine(limit, py(limit.value)) : nothing}
    ${lines.map(({ style, points: own }) => markup`<path class="series ${style}" d="${pathOf(own, gapX, px, py)}"></path>`)}
    ${legend(lines)}
  </svg></div>`;
}

function limitLine({ name }: { name: string }, y: number): Markup {
  const line = markup`<line class="limit" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${px2(y)}" y2="${px2(y)}"></line>`;
  return markup`${line}<text class="limit" x="${WIDTH - RIGHT - 4}" y="${px2(y - 5)}" text-anchor="end">${name}</text>`;
}

function legend(lines: readonly PlotLine[]): Markup {
  return markup`${lines.map(({ name, style }, index) => {
    const x = LEFT + 8 + index * 90;
    const line = markup`<line class="series ${style}" x1="${x}" x2="${x + 26}" y1="${TOP - 14}" y2="${TOP - 14}"></line>`;
    return markup`${line}<text x="${x + 32}" y="${TOP - 10}">${name}</text>`;
  })}`;
}

/** A value that is not a number breaks the line, like a gap: neither may look like a measurement. */
function pathOf(points: PlotLine['points'], gapX: number, px: (x: number) => number, py: (y: number) => number): string {
  let path = '';
  let lastX: number | null = null;
  for (const { x, y } of points) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      lastX = null;
      continue;
    }
    path += `${lastX === null || x - lastX > gapX ? 'M' : 'L'}${px2(px(x))} ${px2(py(y))}`;
    lastX = x;
  }
  return path;
}

/** From 0 in steps of 1, 2 or 5 times a power of ten, up to at least `max`. */
function ticks(max: number): number[] {
  const rough = max / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.ceil(max / step) + 1 }, (_, index) => index * step);
}

// Avoids labels such as 0.30000000000000004.
const px2 = (value: number): string => value.toFixed(1);
