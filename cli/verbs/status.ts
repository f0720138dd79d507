import type { Command } from 'commander';
import { durationMs, readDuration } from '../../release/duration.ts';
import type { CountdownStatus } from '../../workflows/messages.ts';
import { connect, type Api } from '../api.ts';
import { EXIT } from '../exit-codes.ts';
import { usageFailure } from '../failure.ts';
import { formatOf, print, printLine } from '../output.ts';
import { renderStatus, type StepProgressLine } from '../render/status.ts';
import { storyLines } from '../render/story.ts';
import { legend, lookOf } from '../render/words.ts';

export type StatusAnswer = CountdownStatus & { links: { page: string } };

interface StatusOptions {
  watch: boolean;
  wait: boolean;
  timeout?: string;
  all: boolean;
  checkpoint?: string;
}

/** People read seconds; the clock ticks each second. */
const LOOK_EVERY_MS = 1_000;

export function statusCommand(program: Command): void {
  program
    .command('status')
    .description(`verdict, clock and plan of a countdown   ${legend}`)
    .argument('<release>')
    .option('-w, --watch', 'follow until it ends', false)
    .option('--wait', 'wait for the end; the exit code says how it ended', false)
    .option('--timeout <duration>', 'wait at most this long, then exit 5')
    .option('--all', 'unfold finished checkpoints', false)
    .option('--checkpoint <name>', 'only this checkpoint')
    .action(async (release: string, options: StatusOptions, command: Command) => {
      const api = connect(command);
      if (options.watch || options.wait) process.exitCode = await follow(api, release, options, command);
      else {
        const status = await readStatus(api, release);
        const progress = await readProgress(api, status);
        print(command, status, () => render(status, progress, options, command));
      }
    });
}

export const readStatus = (api: Api, release: string): Promise<StatusAnswer> => api.get(`/api/v1/releases/${encodeURIComponent(release)}`);

async function readProgress(api: Api, status: CountdownStatus): Promise<StepProgressLine[]> {
  if (status.phase !== 'running') return [];
  const { items } = await api.get<{ items: StepProgressLine[] }>(`/api/v1/releases/${encodeURIComponent(status.release)}/progress`);
  return items;
}

function render(status: StatusAnswer, progress: StepProgressLine[], { all, checkpoint }: StatusOptions, command: Command): string {
  const { ascii } = command.optsWithGlobals<{ ascii: boolean }>();
  return renderStatus(status, { look: lookOf(ascii), all, progress, page: status.links.page, ...(checkpoint ? { checkpoint } : {}) });
}

async function follow(api: Api, release: string, options: StatusOptions, command: Command): Promise<number> {
  const deadlineMs = options.timeout === undefined ? Infinity : Date.now() + timeoutMs(options.timeout);
  const live = options.watch && process.stdout.isTTY && formatOf(command) === 'text';
  let previous: StatusAnswer | null = null;
  let drawn = 0;
  for (;;) {
    const status = await readStatus(api, release);
    if (live) {
      const text = render(status, await readProgress(api, status), options, command);
      // Only our own lines are redrawn: up, clear to the end, write again.
      if (drawn > 0) process.stdout.write(`\u001B[${drawn}A\u001B[0J`);
      process.stdout.write(`${text}\n`);
      drawn = text.split('\n').length;
    } else if (options.watch) {
      const seen = previous;
      if (seen === null || seen.auditHead.seq !== status.auditHead.seq || seen.phase !== status.phase) printLine(command, status, () => stamped(status, storyLines(seen, status)));
    }
    previous = status;
    const code = exitCodeOf(status);
    const over = status.phase === 'ended' || (options.wait && code !== EXIT.stillCounting);
    if (over || Date.now() >= deadlineMs) {
      if (options.wait && !options.watch) print(command, status, () => render(status, [], options, command));
      return over ? code : EXIT.stillCounting;
    }
    await new Promise((again) => setTimeout(again, Math.min(LOOK_EVERY_MS, Math.max(50, deadlineMs - Date.now()))));
  }
}

/** Not a terminal: one line per transition, each with its time. */
const stamped = ({ now }: CountdownStatus, lines: string[]): string => lines.map((line) => `${now}  ${line}`).join('\n');

/** What an ended or stopped countdown says to a script; 5 while it is still under way. */
export function exitCodeOf({ phase, ending }: CountdownStatus): number {
  if (phase === 'ended') return ending === 'launched' ? EXIT.done : EXIT.noGo;
  return phase === 'stopped' ? EXIT.noGo : EXIT.stillCounting;
}

function timeoutMs(text: string): number {
  const reading = readDuration(text);
  if (!reading.ok) throw usageFailure(`--timeout: ${reading.why}`);
  return durationMs(text);
}
