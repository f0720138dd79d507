// `tminus rehearse`: the whole countdown on virtual time. Waits are skipped; work, people and what is measured are real. The real countdown
// of the same name is never touched.
import { examplesText, type Examples } from './help.ts';
import type { Command } from 'commander';
import type { CheckpointStatus } from '../workflows/messages.ts';
import type { ShownStatus } from './shown-status.ts';
import { EXIT, exitCodeOfEnding } from './exit-codes.ts';
import { connect, connectAs, type Api } from './api.ts';
import { CliFailure } from './failure.ts';
import { printLine } from './output.ts';
import { postStart } from './post-start.ts';
import { harmless } from './render/harmless.ts';
import { storyLines } from './render/story.ts';
import { sendAction } from './send-action.ts';
import { readSubmission, type Submission } from './submission.ts';
import { tokenOfFile } from './token.ts';
import { changed, readStatus } from './read-status.ts';

interface RehearseOptions {
  approver: string[];
}

/** Times are printed in seconds. */
const POLL_EVERY_MS = 300;
/** A checkpoint's timer fires within a second of its time; two more and it has surely begun. */
const PAST_THE_TIME_MS = 2_000;
/** What a stopped or held countdown waits for at most: past it, it ends by itself. */
const PAST_EVERY_DEADLINE_MS = 25 * 3_600_000;

const EXAMPLES: Examples = [
  ['approve by hand, in another terminal or on the page', 'tminus rehearse release.yaml'],
  ['approve as two people', 'tminus rehearse release.yaml --approver tokens/li.wei --approver tokens/a.osei'],
  ['one line of JSON for each change', 'tminus rehearse release.yaml --json'],
];

export function rehearseCommand(program: Command): void {
  program
    .command('rehearse')
    .description('Run a whole countdown on virtual time: waits are skipped, steps and decisions are real')
    .argument('<file>', 'release file')
    .option('--approver <token-file>', 'approve every waiting checkpoint as the owner of this token; repeatable', collect, [])
    .addHelpText('after', examplesText(EXAMPLES))
    .action(async (file: string, { approver }: RehearseOptions, command: Command) => {
      // All that can be wrong on this side is found before anything has started.
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
  let previous: ShownStatus | null = null;
  let advanced = '';
  for (;;) {
    const status: ShownStatus = await readStatus(api, name);
    assertRehearsal(status);
    const seen: ShownStatus | null = previous;
    if (seen === null || changed(seen, status)) {
      printLine(command, status, (shown, look) => storyLines(seen && harmless(seen), shown, look).join('\n'));
      previous = status;
    }
    if (status.phase === 'ended') return exitCodeOfEnding(status.ending);
    // One skip per place and reason: the clock is let go once, then what happens is watched.
    const place = `${status.phase}/${status.current}/${status.launchAt}`;
    if (advanced !== place && (await skipTo(api, name, status))) advanced = place;
    if (status.phase === 'waiting') await approve(status, approvers);
    await new Promise((again) => setTimeout(again, POLL_EVERY_MS));
  }
}

/** Looked at each time, before anything is skipped or approved: the name may have become that of the real countdown. */
function assertRehearsal({ release, rehearsal }: ShownStatus): void {
  if (rehearsal) return;
  throw new CliFailure(
    'Refused',
    `${release} is a real countdown, not a rehearsal; nothing was skipped or approved`,
    'rename the release to rehearse',
    EXIT.refused,
  );
}

/** Lets virtual time run to what comes next; false while there is nothing to skip. */
async function skipTo(api: Api, name: string, status: ShownStatus): Promise<boolean> {
  const checkpoint = currentOf(status);
  const untilTimeMs = Date.parse(checkpoint.at) - Date.parse(status.now) + PAST_THE_TIME_MS;
  const aheadMs =
    status.phase === 'counting' ? untilTimeMs : status.phase === 'stopped' || status.phase === 'holding' ? PAST_EVERY_DEADLINE_MS : 0;
  if (aheadMs <= 0) return false;
  await api.post(`/api/v1/releases/${encodeURIComponent(name)}/clock`, { ahead: `${Math.ceil(aheadMs / 1000)}s` });
  return true;
}

/** Each scripted approver decides once; when there are none, or not enough, people do, in real time. */
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
