// The knee of a curve: the point farthest from the straight line between its ends (Kneedle: Satopaa and others, 2011). It needs no model,
// unlike the Universal Scalability Law.

export interface Point {
  x: number;
  y: number;
}
/** `concave` bends under a ceiling, as throughput over load does; `convex` away from a floor, as latency over load does. */
export type Curve = 'concave' | 'convex';

/**
 * The knee of points sorted by rising x, or null where there is none: fewer than three points, a flat curve, or no bend that stands out.
 * @param sensitivity how far the curve must fall back behind the bend to count, in mean distances of neighbouring points; 1 is the paper's.
 */
export function knee(points: readonly Point[], curve: Curve, sensitivity = 1): Point | null {
  const xs = unit(points.map(({ x }) => x));
  const ys = unit(points.map(({ y }) => y));
  if (points.length < 3 || xs === null || ys === null) return null;
  const rising = (points.at(-1) as Point).y >= (points[0] as Point).y;
  // Every shape turned into the one the paper describes: rising and concave, x from left to right.
  const turned = (curve === 'concave') === rising;
  const order = points.map((_, i) => (turned ? i : points.length - 1 - i));
  const above = order.map((i) => {
    const x = turned ? (xs[i] as number) : 1 - (xs[i] as number);
    const y = curve === 'concave' ? (ys[i] as number) : 1 - (ys[i] as number);
    return y - x;
  });
  const meanStep = 1 / (points.length - 1);
  let best = -1;
  let fallsBelow = 0;
  for (let i = 1; i < above.length; i += 1) {
    const here = above[i] as number;
    if (best !== -1 && here < fallsBelow) return points[order[best] as number] ?? null;
    const next = above[i + 1];
    if (next === undefined) break;
    if (here >= (above[i - 1] as number) && here >= next && here > 0) {
      best = i;
      fallsBelow = here - sensitivity * meanStep;
    } else if (here <= (above[i - 1] as number) && here <= next) fallsBelow = 0;
  }
  return null;
}

/** Values from 0 to 1; null where all are equal, or not numbers. */
function unit(values: readonly number[]): number[] | null {
  const least = Math.min(...values);
  const range = Math.max(...values) - least;
  return range > 0 && Number.isFinite(range) ? values.map((value) => (value - least) / range) : null;
}
