import { COUNTDOWN, examplesText, type Examples } from '../help.ts';
import type { Command } from 'commander';
import { guardUnderHold } from '../../verdict/words.ts';
import { connect, countdownPath, type Api } from '../api.ts';
import { durationOption } from '../duration-option.ts';
import { EXIT, exitCodeOfEnding } from '../exit-codes.ts';
import { usageFailure } from '../failure.ts';
import { clipped, frame } from '../live-screen.ts';
import { formatOf, hint, styleFor, print, printLine, textOf } from '../output.ts';
import { patiently } from '../patience.ts';
import { changed, findCheckpoint, readStatus, type StatusAnswer, type ShownStatus } from '../read-status.ts';
import { harmless } from '../render/harmless.ts';
import { renderStatus, type StepProgressLine } from '../render/status.ts';
import { storyLines } from '../render/story.ts';
import { legend, type Style } from '../render/words.ts';

interface StatusOptions {
  watch: boolean;
  wait: boolean;
  timeout?: number;
  all: boolean;
  checkpoint?: string;
}

/** Progress of the running steps, beside the status: JSON has everything that text shows. */
type Shown = StatusAnswer & { progress: StepProgressLine[] };

/** The clock shows seconds. */
const POLL_EVERY_MS = 1_000;

const EXAMPLES: Examples = [
  ['once', 'tminus status go-api-1.4.0'],
  ['follow until it ends', 'tminus status go-api-1.4.0 --watch'],
  ['in a script: wait up to an hour for the end', 'tminus status go-api-1.4.0 --wait --timeout 1h'],
];

export function statusCommand(program: Command): void {
  program
    .command('status')
    .description('Show verdict, clock and plan of a countdown')
    .argument(...COUNTDOWN)
    .option('-w, --watch', 'follow until it ends; without a terminal, one line per change', false)
    .option('--wait', 'wait for the end or a no-go; the exit code is the result', false)
    .option('--timeout <duration>', 'limit for --wait and --watch; then exit 5', durationOption)
    .option('--all', 'show finished checkpoints and passing findings too', false)
    .option('--checkpoint <name>', 'only this checkpoint')
    .addHelpText(
      'after',
      `\n${legend}\nWith --wait: exit 0 launched or passed, 3 no-go, refused, aborted, rolled back\nor rollback incomplete, 5 still running after --timeout.`,
    )
    .addHelpText('after', examplesText(EXAMPLES))
    .action(async (countdown: string, options: StatusOptions, command: Command) => {
      if (options.timeout !== undefined && !options.wait && !options.watch)
        throw usageFailure('--timeout needs --wait or --watch', 'add --wait or --watch');
      const api = connect(command);
      if (options.watch || options.wait) process.exitCode = await follow(api, countdown, options, command);
      else {
        const shown = await read(api, countdown);
        if (options.checkpoint !== undefined) findCheckpoint(shown, options.checkpoint);
        print(command, shown, (safe, style) => render(safe, options, style));
      }
    });
}

async function read(api: Api, countdown: string): Promise<Shown> {
  const status = await readStatus(api, countdown);
  // A guard continues while the clock is held.
  const isWorking = status.phase === 'running' || status.phase === 'undoing' || guardUnderHold(status) !== null;
  if (!isWorking) return { ...status, progress: [] };
  const { items } = await api.get<{ items: StepProgressLine[] }>(countdownPath(countdown, '/progress'));
  return { ...status, progress: items };
}

function render(shown: Shown, { all, checkpoint }: Pick<StatusOptions, 'all' | 'checkpoint'>, style: Style): string {
  return renderStatus(shown, {
    style,
    nowMs: Date.now(),
    all,
    progress: shown.progress,
    page: shown.links.page,
    ...(checkpoint === undefined ? {} : { checkpoint: findCheckpoint(shown, checkpoint).name }),
  });
}

async function follow(api: Api, countdown: string, options: StatusOptions, command: Command): Promise<number> {
  const deadlineMs = options.timeout === undefined ? Infinity : Date.now() + options.timeout;
  const live = options.watch && process.stdout.isTTY && formatOf(command) === 'text';
  let previous: Shown | null = null;
  let drawn = '';
  for (;;) {
    const before: Shown | null = previous;
    const shown: Shown = await patiently(() => read(api, countdown), {
      first: before === null,
      untilMs: deadlineMs,
      report: (line) => !live && hint(command, line),
    });
    const code = exitCodeOf(shown);
    const over = shown.phase === 'ended' || (options.wait && code !== EXIT.undecided);
    const last = over || Date.now() >= deadlineMs;
    if (live)
      drawn = draw(
        drawn,
        textOf(shown, (safe, style) => render(safe, options, style), styleFor(command)),
        last,
      );
    else if (options.watch) {
      if (before === null || changed(before, shown))
        printLine(command, shown, (safe, style) => stamped(safe, storyLines(before && harmless(before), safe, style)));
    } else if (last) print(command, shown, (safe, style) => render(safe, options, style));
    if (last) return over ? code : EXIT.undecided;
    previous = shown;
    await new Promise((again) => setTimeout(again, Math.max(0, Math.min(POLL_EVERY_MS, deadlineMs - Date.now()))));
  }
}

/** The last frame is not clipped. */
function draw(drawn: string, text: string, last: boolean): string {
  const screen = { columns: process.stdout.columns, rows: process.stdout.rows };
  const next = last ? text : clipped(text, screen);
  process.stdout.write(frame(drawn, next, screen));
  return next;
}

/** Without a terminal: one line per change, each with its time. */
const stamped = ({ now }: ShownStatus, lines: string[]): string => lines.map((line) => `${now}  ${line}`).join('\n');

/** Exit code for --wait; 5 while the countdown is under way. */
function exitCodeOf({ phase, ending }: ShownStatus): number {
  if (phase === 'ended') return exitCodeOfEnding(ending);
  return phase === 'stopped' ? EXIT.noGo : EXIT.undecided;
}
