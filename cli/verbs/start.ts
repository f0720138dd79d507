import { examplesText, type Examples } from '../help.ts';
import { InvalidArgumentError, type Command } from 'commander';
import { readLaunchTime } from '../../release/launch-time.ts';
import { messageOf } from '../action-verb.ts';
import { connect } from '../api.ts';
import { print } from '../output.ts';
import { postStart, type PlanAnswer } from '../post-start.ts';
import { readSubmission } from '../submission.ts';
import { relativeTime, time } from '../../verdict/wording/index.ts';

interface StartOptions {
  launchAt?: string;
  dryRun: boolean;
  message?: string;
}

const HELP = `
Checks the files on this machine, sends them to the server and prints the plan.
The same start sent again does not start a second countdown. The name of the
countdown is metadata.name of the release file.
`;

const EXAMPLES: Examples = [
  ['check and plan first', 'tminus start release.yaml --dry-run'],
  ['start', 'tminus start release.yaml -m "release 1.4.0"'],
  ['launch at another time', 'tminus start release.yaml --launch-at 2026-11-24T06:00:00Z'],
];

export function startCommand(program: Command): void {
  program
    .command('start')
    .description('Start a countdown from a release file (idempotent)')
    .argument('<file>', 'release file; its k6 scripts are read from the same folder')
    .option('--launch-at <time>', 'launch time in RFC 3339 (default: from the file)', timeOption)
    .option('--dry-run', 'check the release and print the plan, but do not start', false)
    .option('-m, --message <text>', 'reason for the audit log; - reads it from stdin')
    .addHelpText('after', `${HELP}${examplesText(EXAMPLES)}`)
    .action(async (file: string, { launchAt, dryRun, message }: StartOptions, command: Command) => {
      // The file first: its problems are reported without a server or a token.
      const submission = await readSubmission(file);
      const comment = await messageOf(message);
      const fields = { dryRun, ...(launchAt ? { launchAt } : {}), ...(comment === '' ? {} : { comment }) };
      const plan = await postStart(connect(command), submission, fields);
      print(command, plan, (shown) => renderPlan(shown, Date.now()));
    });
}

/** Same format as `launchAt` in the file. */
function timeOption(text: string): string {
  const reading = readLaunchTime(text);
  if (!reading.ok) throw new InvalidArgumentError(`${reading.reason}.`);
  return new Date(reading.ms).toISOString();
}

const startedText: Record<PlanAnswer['started'], string> = {
  started: 'started',
  'already-running': 'already running, not started again',
  'dry-run': 'planned, not started',
};

function renderPlan({ metadata, started, launchAt, checkpoints, links }: PlanAnswer, nowMs: number): string {
  const width = Math.max(...checkpoints.map(({ name }) => name.length));
  return [
    `${startedText[started]}   ${metadata.name}   launch ${time(launchAt)} (${relativeTime(launchAt, nowMs)})`,
    ...checkpoints.map(({ name, at }) => `  ${name.padEnd(width)}  ${time(at)} (${relativeTime(at, nowMs)})`),
    ...(started !== 'dry-run' ? [`page   ${links.page}`, `Next:  tminus status ${metadata.name} --watch`] : []),
  ].join('\n');
}
