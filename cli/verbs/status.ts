import { COUNTDOWN, examplesText, type Examples } from '../help.ts';
import type { Command } from 'commander';
import type { ShownStatus } from '../shown-status.ts';
import { guardUnderHold } from '../../verdict/words.ts';
import { connect, releasePath, type Api } from '../api.ts';
import { durationOption } from '../duration-option.ts';
import { EXIT, exitCodeOfEnding } from '../exit-codes.ts';
import { usageFailure } from '../failure.ts';
import { clipped, frame } from '../live-screen.ts';
import { formatOf, hint, lookFor, print, printLine, textOf } from '../output.ts';
import { patiently } from '../patience.ts';
import { changed, findCheckpoint, readStatus, type StatusAnswer } from '../read-status.ts';
import { harmless } from '../render/harmless.ts';
import { renderStatus, type StepProgressLine } from '../render/status.ts';
import { storyLines } from '../render/story.ts';
import { legend, type Look } from '../render/words.ts';

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
      `\n${legend}\nWith --wait: exit 0 launched or passed, 3 no-go, refused, aborted, rolled back or rollback incomplete, 5 still running after --timeout.`,
    )
    .addHelpText('after', examplesText(EXAMPLES))
    .action(async (release: string, options: StatusOptions, command: Command) => {
      if (options.timeout !== undefined && !options.wait && !options.watch)
        throw usageFailure('--timeout needs --wait or --watch', 'add --wait or --watch');
      const api = connect(command);
      if (options.watch || options.wait) process.exitCode = await follow(api, release, options, command);
      else {
        const shown = await read(api, release);
        if (options.checkpoint !== undefined) findCheckpoint(shown, options.checkpoint);
        print(command, shown, (safe, look) => render(safe, options, look));
      }
    });
}

async function read(api: Api, release: string): Promise<Shown> {
  const status = await readStatus(api, release);
  // A guard goes on while people hold the clock.
  const works = status.phase === 'running' || status.phase === 'undoing' || guardUnderHold(status) !== null;
  if (!works) return { ...status, progress: [] };
  const { items } = await api.get<{ items: StepProgressLine[] }>(releasePath(release, '/progress'));
  return { ...status, progress: items };
}

function render(shown: Shown, { all, checkpoint }: Pick<StatusOptions, 'all' | 'checkpoint'>, look: Look): string {
  return renderStatus(shown, {
    look,
    nowMs: Date.now(),
    all,
    progress: shown.progress,
    page: shown.links.page,
    ...(checkpoint === undefined ? {} : { checkpoint: findCheckpoint(shown, checkpoint).name }),
  });
}

async function follow(api: Api, release: string, options: StatusOptions, command: Command): Promise<number> {
  const deadlineMs = options.timeout === undefined ? Infinity : Date.now() + options.timeout;
  const live = options.watch && process.stdout.isTTY && formatOf(command) === 'text';
  let previous: Shown | null = null;
  let drawn = '';
  for (;;) {
    const seen: Shown | null = previous;
    const shown: Shown = await patiently(() => read(api, release), {
      first: seen === null,
      untilMs: deadlineMs,
      tell: (line) => !live && hint(command, line),
    });
    const code = exitCodeOf(shown);
    const over = shown.phase === 'ended' || (options.wait && code !== EXIT.undecided);
    const last = over || Date.now() >= deadlineMs;
    if (live)
      drawn = draw(
        drawn,
        textOf(shown, (safe, look) => render(safe, options, look), lookFor(command)),
        last,
      );
    else if (options.watch) {
      if (seen === null || changed(seen, shown))
        printLine(command, shown, (safe, look) => stamped(safe, storyLines(seen && harmless(seen), safe, look)));
    } else if (last) print(command, shown, (safe, look) => render(safe, options, look));
    if (last) return over ? code : EXIT.undecided;
    previous = shown;
    await new Promise((again) => setTimeout(again, Math.max(0, Math.min(POLL_EVERY_MS, deadlineMs - Date.now()))));
  }
}

/** The last frame stays whole, however low the terminal is. */
function draw(drawn: string, text: string, last: boolean): string {
  const screen = { columns: process.stdout.columns, rows: process.stdout.rows };
  const next = last ? text : clipped(text, screen);
  process.stdout.write(frame(drawn, next, screen));
  return next;
}

/** Not a terminal: one line per change, each with its time. */
const stamped = ({ now }: ShownStatus, lines: string[]): string => lines.map((line) => `${now}  ${line}`).join('\n');

/** Of an ended or stopped countdown; 5 while it is still under way. */
function exitCodeOf({ phase, ending }: ShownStatus): number {
  if (phase === 'ended') return exitCodeOfEnding(ending);
  return phase === 'stopped' ? EXIT.noGo : EXIT.undecided;
}
