import { examplesText, type Examples } from '../help.ts';
import { InvalidArgumentError, type Command } from 'commander';
import { readLaunchTime } from '../../release/launch-time.ts';
import { messageOf } from '../action-verb.ts';
import { connect } from '../api.ts';
import { print } from '../output.ts';
import { postStart } from '../post-start.ts';
import { readSubmission } from '../submission.ts';
import { relativeTime, time } from '../../verdict/wording/index.ts';

export interface PlanAnswer {
  metadata: { name: string };
  started: 'started' | 'already-running' | 'dry-run';
  launchAt: string;
  checkpoints: { name: string; at: string }[];
  links: { page: string };
}

interface StartOptions {
  launchAt?: string;
  dryRun: boolean;
  message?: string;
}

const EXAMPLES: Examples = [
  ['check and plan first', 'tminus start release.yaml --dry-run'],
  ['start', 'tminus start release.yaml -m "release 1.4.0"'],
  ['with another launch time than in the file', 'tminus start release.yaml --launch-at 2026-11-24T06:00:00Z'],
];

export function startCommand(program: Command): void {
  program
    .command('start')
    .description('Start a countdown from a release file (idempotent)')
    .argument('<file>', 'release file')
    .option('--launch-at <time>', 'launch time (RFC 3339), instead of the one in the file', timeOption)
    .option('--dry-run', 'check and print the plan, start nothing', false)
    .option('-m, --message <text>', 'reason, for the audit log; - reads it from stdin')
    .addHelpText('after', examplesText(EXAMPLES))
    .action(async (file: string, { launchAt, dryRun, message }: StartOptions, command: Command) => {
      // The file first: what is wrong with it needs no server and no token to be told.
      const submission = await readSubmission(file);
      const comment = await messageOf(message);
      const asked = { dryRun, ...(launchAt ? { launchAt } : {}), ...(comment === '' ? {} : { comment }) };
      const plan = await postStart(connect(command), submission, asked);
      print(command, plan, (shown) => renderPlan(shown, Date.now()));
    });
}

/** Read as the file's own launch time is. */
function timeOption(text: string): string {
  const reading = readLaunchTime(text);
  if (!reading.ok) throw new InvalidArgumentError(`${reading.reason}.`);
  return new Date(reading.ms).toISOString();
}

const saidOf: Record<PlanAnswer['started'], string> = {
  started: 'started',
  'already-running': 'already running, nothing new was started',
  'dry-run': 'planned, not started',
};

function renderPlan({ metadata, started, launchAt, checkpoints, links }: PlanAnswer, nowMs: number): string {
  const width = Math.max(...checkpoints.map(({ name }) => name.length));
  return [
    `${saidOf[started]}   ${metadata.name}   launch ${time(launchAt)} (${relativeTime(launchAt, nowMs)})`,
    ...checkpoints.map(({ name, at }) => `  ${name.padEnd(width)}  ${time(at)} (${relativeTime(at, nowMs)})`),
    ...(started !== 'dry-run' ? [`page   ${links.page}`, `Next:  tminus status ${metadata.name} --watch`] : []),
  ].join('\n');
}
