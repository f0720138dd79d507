import { eventTime, relativeTime, time } from '../../verdict/wording/index.ts';
import { padded, statusLabel, type Style } from './words.ts';

export interface ListedCountdown {
  name: string;
  service: string | null;
  phase: string | null;
  verdict: string | null;
  ending: string | null;
  rehearsal: boolean;
  launchAt: string | null;
  nextCheckpointAt: string | null;
  state: string;
  endedAt: string | null;
  workerVersion: string | null;
  hasWorker: boolean | null;
}

/** One countdown per line, in the order of the server. */
export function renderList(items: readonly ListedCountdown[], style: Style, nowMs: number): string {
  if (items.length === 0) return 'no countdowns; `tminus start release.yaml` starts one';
  const width = (title: string, of: (item: ListedCountdown) => string): number =>
    Math.max(title.length, ...items.map((item) => of(item).length)) + 2;
  const nameWidth = width('COUNTDOWN', nameOf);
  const verdictWidth = Math.max(
    MIN_VERDICT_WIDTH,
    width('', (item) => statusLabel(wordOf(item), { ...style, stream: null })),
  );
  const serviceWidth = width('SERVICE', ({ service }) => service ?? '?');
  const widths = [nameWidth, serviceWidth, verdictWidth, PHASE_WIDTH];
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('')
      .trimEnd();
  return [
    line(['COUNTDOWN', 'SERVICE', 'VERDICT', 'PHASE', 'WHEN']),
    // `padded`: colour codes have no width.
    ...items.map((item) =>
      line([nameOf(item), item.service ?? '?', padded(wordOf(item), verdictWidth, style), item.phase ?? '?', when(item, nowMs)]),
    ),
  ].join('\n');
}

/** Rehearsals are marked, so that nobody mistakes one for the launch. */
const nameOf = ({ name, rehearsal }: ListedCountdown): string => (rehearsal ? `${name} (rehearsal)` : name);

/** The ending if there is one: it distinguishes `passed` from `launched`. */
const wordOf = ({ ending, verdict, phase }: ListedCountdown): string => ending ?? verdict ?? phase ?? '?';

const MIN_VERDICT_WIDTH = 15;
const PHASE_WIDTH = 10;

/** A missing worker is shown instead of the times: the countdown makes no progress. */
function when({ endedAt, launchAt, state, hasWorker, workerVersion }: ListedCountdown, nowMs: number): string {
  if (hasWorker === false) return `no worker of version ${workerVersion ?? 'none'} runs; start it`;
  if (endedAt) return `ended ${eventTime(endedAt)} (${relativeTime(endedAt, nowMs)})`;
  return launchAt && state === 'running' ? `launch ${time(launchAt)} (${relativeTime(launchAt, nowMs)})` : '';
}
