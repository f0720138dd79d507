import { linePlot, type LinePlot } from './line-plot.ts';

const plot = (changed: Partial<LinePlot> = {}): string =>
  linePlot({
    summary: 'p99 over time',
    lines: [
      {
        name: 'p99',
        style: 'strong',
        points: [
          { x: 0, y: 100 },
          { x: 1, y: 200 },
          { x: 2, y: 150 },
        ],
      },
    ],
    limit: { value: 300, name: 'limit 300 ms' },
    xUnit: 's',
    yUnit: 'ms',
    gapX: 1.5,
    ...changed,
  }).toString();

const paths = (svg: string): string[] => [...svg.matchAll(/ d="([^"]*)"/g)].map(([, d]) => d ?? '');

describe('a line plot', () => {
  it('keeps the limit inside the frame even where all values are far below it', () => {
    const y = Number(/class="limit"[^>]* y1="([\d.]+)"/.exec(plot())?.[1]);
    expect(y).toBeGreaterThan(28);
    expect(y).toBeLessThan(204);
  });

  it('joins neighbours, and breaks the line where nothing was measured', () => {
    expect(paths(plot())[0]?.match(/M/g)).toHaveLength(1);
    const gap = plot({
      lines: [
        {
          name: 'p99',
          style: 'strong',
          points: [
            { x: 0, y: 1 },
            { x: 1, y: 1 },
            { x: 9, y: 1 },
            { x: 10, y: 1 },
          ],
        },
      ],
    });
    expect(paths(gap)[0]?.match(/M/g)).toHaveLength(2);
  });

  it('never draws a value that is no number', () => {
    const svg = plot({
      lines: [
        {
          name: 'p99',
          style: 'strong',
          points: [
            { x: 0, y: 1 },
            { x: 1, y: Number.NaN },
            { x: 2, y: 1 },
            { x: 3, y: Infinity },
          ],
        },
      ],
    });
    expect(svg).not.toMatch(/NaN|Infinity/);
    expect(paths(svg)[0]?.match(/M/g)).toHaveLength(2);
  });

  it('can be drawn without a single point', () => {
    expect(plot({ lines: [], limit: null })).not.toMatch(/NaN|Infinity/);
  });

  it('puts a higher value higher', () => {
    const [, low, high] = /M[\d.]+ ([\d.]+)L[\d.]+ ([\d.]+)/.exec(paths(plot())[0] ?? '') ?? [];
    expect(Number(high)).toBeLessThan(Number(low));
  });

  it('escapes what it is told to say', () => {
    expect(plot({ summary: '"><script>' })).not.toContain('<script>');
  });
});
