// `tminus rehearse`: the whole countdown on virtual time. Waits are skipped; steps, decisions and measurements are real. A real countdown
// of the same name is never changed.
import { examplesText, type Examples } from './help.ts';
import { Option, type Command } from 'commander';
import type { CheckpointStatus } from '../verdict/countdown-status.ts';
import { EXIT, exitCodeOfEnding } from './exit-codes.ts';
import { connect, connectAs, type Api } from './api.ts';
import { CliFailure } from './failure.ts';
import { followStory } from './follow-story.ts';
import { postStart } from './post-start.ts';
import { sendAction } from './send-action.ts';
import { readSubmission, type Submission } from './submission.ts';
import { tokenOfFile } from './token.ts';
import type { ShownStatus } from './read-status.ts';

interface RehearseOptions {
  approver: string[];
}

/** A checkpoint begins within a second of its time; 2 s leave a margin. */
const PAST_THE_TIME_MS = 2_000;
/** Longer than any deadline of a stopped or held countdown, which ends at it. */
const PAST_EVERY_DEADLINE_MS = 25 * 3_600_000;

const EXAMPLES: Examples = [
  ['approve in another terminal or on the page', 'tminus rehearse release.yaml'],
  ['approve as two people', 'tminus rehearse release.yaml --approver tokens/li.wei --approver tokens/a.osei'],
  ['one line of JSON for each change', 'tminus rehearse release.yaml --json'],
];

export function rehearseCommand(program: Command): void {
  program
    .command('rehearse')
    .description('Run a whole countdown on virtual time: waits are skipped, steps and decisions are real')
    .argument('<file>', 'release file')
    .addOption(
      new Option('--approver <token-file>', 'approve every waiting checkpoint as the owner of this token; repeatable')
        .argParser(collect)
        .default([], 'none'),
    )
    .addHelpText('after', examplesText(EXAMPLES))
    .action(async (file: string, { approver }: RehearseOptions, command: Command) => {
      // Local files are checked before anything starts.
      const submission = await readSubmission(file);
      const approvers = approver.map((path) => connectAs(command, tokenOfFile(path, '--approver')));
      process.exitCode = await rehearse(command, submission, approvers);
    });
}

const collect = (value: string, all: string[]): string[] => [...all, value];

async function rehearse(command: Command, submission: Submission, approvers: readonly Api[]): Promise<number> {
  const api = connect(command);
  const { metadata } = await postStart(api, submission, { rehearsal: true });
  const { name } = metadata;
  let advanced = '';
  return followStory(command, api, name, async (status) => {
    assertRehearsal(status);
    if (status.phase === 'ended') return exitCodeOfEnding(status.ending);
    // One skip per checkpoint and phase; then the status is polled until it changes.
    const place = `${status.phase}/${status.current}/${status.launchAt}`;
    if (advanced !== place && (await skipTo(api, name, status))) advanced = place;
    if (status.phase === 'waiting') await approve(status, approvers);
    return null;
  });
}

/** Checked before each skip or approval: the name may by now belong to a real countdown. */
function assertRehearsal({ release, rehearsal }: ShownStatus): void {
  if (rehearsal) return;
  throw new CliFailure(
    'Refused',
    `${release} is a real countdown, not a rehearsal; nothing was skipped or approved`,
    'rename the release to rehearse',
    EXIT.refused,
  );
}

/** Advances virtual time to the next event; false if there is nothing to skip. */
async function skipTo(api: Api, name: string, status: ShownStatus): Promise<boolean> {
  const checkpoint = currentOf(status);
  const untilTimeMs = Date.parse(checkpoint.at) - Date.parse(status.now) + PAST_THE_TIME_MS;
  const aheadMs =
    status.phase === 'counting' ? untilTimeMs : status.phase === 'stopped' || status.phase === 'holding' ? PAST_EVERY_DEADLINE_MS : 0;
  if (aheadMs <= 0) return false;
  await api.post(`/api/v1/countdowns/${encodeURIComponent(name)}/clock`, { ahead: `${Math.ceil(aheadMs / 1000)}s` });
  return true;
}

/** Each approver given as an option decides once. Further approvals come from people, in real time. */
async function approve(status: ShownStatus, approvers: readonly Api[]): Promise<void> {
  const checkpoint = currentOf(status);
  const next = approvers[checkpoint.approvals.length];
  if (next && checkpoint.approvals.length < (checkpoint.approval?.count ?? 0))
    await sendAction(next, status, { action: 'approve', comment: 'numbers read, go' });
}

function currentOf(status: ShownStatus): CheckpointStatus {
  const checkpoint = status.checkpoints.find(({ name }) => name === status.current);
  if (!checkpoint) throw new Error(`the status has no checkpoint ${status.current}`);
  return checkpoint;
}
