import type { Command } from 'commander';
import { messageOf } from '../action-verb.ts';
import { connect } from '../api.ts';
import { drillOnly } from '../drill-only.ts';
import { exitCodeOfEnding } from '../exit-codes.ts';
import { followStory } from '../follow-story.ts';
import { examplesText, type Examples } from '../help.ts';
import { postStart } from '../post-start.ts';
import { sendAction } from '../send-action.ts';
import { readCapped, readRelease, submissionOf } from '../submission.ts';

interface DrillOptions {
  step?: string;
  message?: string;
}

const HELP = `
Starts a countdown that has nothing but the drill, named <release>-<step>, and
follows it: with the service lock, audit log and evidence of every countdown.
It provokes a fault in staging, takes the emergency actions and restores
everything. A drill that does not pass is ended as aborted.
`;

const EXAMPLES: Examples = [
  ['run the drill of a release', 'tminus drill release.yaml'],
  ['run one of several', 'tminus drill release.yaml --step dial-timeouts -m "after the new alert rule"'],
  ['one line of JSON for each change', 'tminus drill release.yaml --json'],
];

export function drillCommand(program: Command): void {
  program
    .command('drill')
    .description('Run the contingency drill of a release alone, in staging')
    .argument('<file>', 'release file with a drill step')
    .option('--step <name>', 'which drill (default: the only one)')
    .option('-m, --message <text>', 'reason for the audit log; - reads it from stdin')
    .addHelpText('after', `${HELP}${examplesText(EXAMPLES)}`)
    .action(async (file: string, { step, message }: DrillOptions, command: Command) => {
      const release = await readRelease(file);
      const submission = await submissionOf(file, drillOnly(await readCapped(file), release, step));
      const comment = await messageOf(message);
      const api = connect(command);
      const { metadata } = await postStart(api, submission, comment === '' ? {} : { comment });
      let aborted = false;
      process.exitCode = await followStory(command, api, metadata.name, async (status) => {
        if (status.phase === 'ended') return exitCodeOfEnding(status.ending);
        // Nobody waits for a drill alone: what it found is printed, and the service is free again.
        const isJudged = status.phase === 'stopped' || (status.phase === 'holding' && status.holds.length === 0);
        if (isJudged && !aborted) {
          aborted = true;
          await sendAction(api, status, { action: 'abort', comment: 'the drill did not pass' });
        }
        return null;
      });
    });
}
