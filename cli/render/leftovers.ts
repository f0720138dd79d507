// `tminus leftovers`: open undos as a table.
import { eventTime, relativeTime } from '../../verdict/wording/index.ts';
import { mark, paint, textOf, type Style } from './words.ts';

export interface LeftoverList {
  items: {
    service: string;
    cluster: string;
    effect: string;
    goesBackTo: string;
    live: boolean;
    since: string;
    countdown: { release: string; state: string; phase: string | null; ending: string | null };
    restorer: string;
    next: string;
  }[];
  damaged: { file: string; message: string }[];
}

const HEADS = ['SERVICE', 'EFFECT', 'SINCE', 'COUNTDOWN', 'GOES BACK TO', 'NEXT'] as const;
const GAP = '  ';

/** One effect per line, in the order of the server; damaged files of the journal below. */
export function renderLeftovers({ items, damaged }: LeftoverList, style: Style, nowMs: number): string {
  const warnings = damaged.map(({ message }) => paint(`${mark('bad', style)} ${message}`, 'bad', style));
  if (items.length === 0) return warnings.length === 0 ? 'no open undos' : warnings.join('\n');
  const rows = items.map(({ service, cluster, effect, live, since, countdown, restorer, goesBackTo, next }) => [
    `${service} on ${cluster}`,
    live ? `${effect}, live` : effect,
    `${eventTime(since)} (${relativeTime(since, nowMs)})`,
    `${countdown.release}: ${stateOf(countdown)}, restorer ${restorer}`,
    goesBackTo,
    next,
  ]);
  const widths = HEADS.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(GAP)
      .trimEnd();
  return [line(HEADS), ...rows.map(line), ...warnings].join('\n');
}

function stateOf({ state, phase, ending }: LeftoverList['items'][number]['countdown']): string {
  if (state === 'running' && phase !== null) return textOf(phase);
  if (state === 'ended' && ending !== null) return textOf(ending);
  return state;
}
