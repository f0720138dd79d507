import { isGoodEnding } from '../../verdict/words.ts';
import type { CheckpointStatus, CountdownStatus } from '../../verdict/countdown-status.ts';
import { markup, nothing, type Markup } from '../evidence/markup.ts';
import { symbolOf, textOf, toneOf } from './words.ts';

// Stations at even distances: to scale, T-1h and T-0 of a 72-hour countdown would overlap.
const WIDTH = 960;
const HEIGHT = 132;
const EDGE = 80;
const RAIL_Y = 62;
const STATION_RADIUS = 15;

type Shown = Pick<CountdownStatus, 'checkpoints' | 'startedAt' | 'holds' | 'ending' | 'current'>;

/** The countdown as a line of checkpoints with their state, and the current position. */
export function timeline(status: Shown, nowMs: number): Markup {
  const { checkpoints } = status;
  const xs = checkpoints.map((_, index) => stationX(index, checkpoints.length));
  const nowX = nowPosition(status, xs, nowMs);
  const summary = checkpoints.map(({ offset, name, state }) => `${offset} ${name}: ${textOf(state)}`).join('; ');
  return markup`<figure class="timeline">
    <div class="scroll" tabindex="0" role="group" aria-label="Timeline">
      <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${summary}">
        <line class="rail" x1="${EDGE / 2}" y1="${RAIL_Y}" x2="${WIDTH - EDGE / 2}" y2="${RAIL_Y}"></line>
        <line class="rail done" x1="${EDGE / 2}" y1="${RAIL_Y}" x2="${nowX.toFixed(1)}" y2="${RAIL_Y}"></line>
        ${status.ending ? nothing : nowLine(nowX, status.holds.length > 0)}
        ${checkpoints.map((checkpoint, index) => station(checkpoint, xs[index] ?? 0))}
      </svg>
    </div>
    <figcaption>Stations are drawn at even distances, not to scale.</figcaption>
  </figure>`;
}

function stationX(index: number, count: number): number {
  return count === 1 ? WIDTH / 2 : EDGE + (index * (WIDTH - 2 * EDGE)) / (count - 1);
}

/** Interpolated by time between two stations; never past a checkpoint that has not passed. */
function nowPosition({ checkpoints, startedAt, ending, current }: Shown, xs: readonly number[], nowMs: number): number {
  const at = (index: number): number => (index < 0 ? Date.parse(startedAt) : Date.parse(checkpoints[index]?.at ?? ''));
  const x = (index: number): number => (index < 0 ? EDGE / 2 : (xs[index] ?? WIDTH - EDGE / 2));
  const next = checkpoints.findIndex(({ name }) => name === current);
  if (isGoodEnding(ending)) return WIDTH - EDGE / 2;
  if (checkpoints[next]?.state !== 'later') return x(next);
  const share = (nowMs - at(next - 1)) / (at(next) - at(next - 1));
  return x(next - 1) + (x(next) - x(next - 1)) * Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0));
}

function nowLine(x: number, held: boolean): Markup {
  return markup`<line class="now" x1="${x.toFixed(1)}" y1="18" x2="${x.toFixed(1)}" y2="${RAIL_Y + 24}"></line>
    <text class="now" x="${x.toFixed(1)}" y="13" text-anchor="middle">${held ? 'on hold' : 'now'}</text>`;
}

function station({ offset, name, state, waivers }: CheckpointStatus, x: number): Markup {
  return markup`<g class="station ${toneOf(state)}">
    <circle cx="${x.toFixed(1)}" cy="${RAIL_Y}" r="${STATION_RADIUS}"></circle>
    <text class="symbol" x="${x.toFixed(1)}" y="${RAIL_Y + 5}" text-anchor="middle" aria-hidden="true">${symbolOf(state)}</text>
    <text class="offset" x="${x.toFixed(1)}" y="${RAIL_Y + 38}" text-anchor="middle">${offset}</text>
    <text class="name" x="${x.toFixed(1)}" y="${RAIL_Y + 55}" text-anchor="middle">${name}${waivers.length > 0 ? ` (${waivers.length} waived)` : ''}</text>
  </g>`;
}
