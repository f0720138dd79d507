import { eventTime, relativeTime, time } from '../../verdict/wording/index.ts';
import { padded, said, type Look } from './words.ts';

export interface ListedRelease {
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

/** One countdown a line, running ones first as the server gives them. */
export function renderList(items: readonly ListedRelease[], look: Look, nowMs: number): string {
  if (items.length === 0) return 'no countdowns; `tminus start release.yaml` starts one';
  const width = (title: string, of: (item: ListedRelease) => string): number =>
    Math.max(title.length, ...items.map((item) => of(item).length)) + 2;
  const nameWidth = width('RELEASE', nameOf);
  const verdictWidth = Math.max(
    MIN_VERDICT_WIDTH,
    width('', (item) => said(wordOf(item), { ...look, stream: null })),
  );
  const serviceWidth = width('SERVICE', ({ service }) => service ?? '?');
  return [
    `${'RELEASE'.padEnd(nameWidth)}${'SERVICE'.padEnd(serviceWidth)}${'VERDICT'.padEnd(verdictWidth)}${'PHASE'.padEnd(PHASE_WIDTH)}WHEN`,
    ...items.map((item) =>
      `${nameOf(item).padEnd(nameWidth)}${(item.service ?? '?').padEnd(serviceWidth)}${padded(wordOf(item), verdictWidth, look)}${(item.phase ?? '?').padEnd(PHASE_WIDTH)}${when(item, nowMs)}`.trimEnd(),
    ),
  ].join('\n');
}

/** Nobody takes a rehearsal for the launch. */
const nameOf = ({ name, rehearsal }: ListedRelease): string => (rehearsal ? `${name} (rehearsal)` : name);

/** The ending once there is one: `passed` is no launch. */
const wordOf = ({ ending, verdict, phase }: ListedRelease): string => ending ?? verdict ?? phase ?? '?';

const MIN_VERDICT_WIDTH = 15;
const PHASE_WIDTH = 10;

/** Nothing of it goes on: that comes before its times. */
function when({ endedAt, launchAt, state, hasWorker, workerVersion }: ListedRelease, nowMs: number): string {
  if (hasWorker === false) return `no worker of version ${workerVersion ?? 'none'} runs; start it`;
  if (endedAt) return `ended ${eventTime(endedAt)} (${relativeTime(endedAt, nowMs)})`;
  return launchAt && state === 'running' ? `launch ${time(launchAt)} (${relativeTime(launchAt, nowMs)})` : '';
}
