// What the verbs that change a countdown have in common: reason, revision and evidence that the person saw, and the answer.
import type { Command } from 'commander';
import type { CheckpointStatus } from '../workflows/messages.ts';
import type { ShownStatus } from './shown-status.ts';
import { connect } from './api.ts';
import { usageFailure } from './failure.ts';
import { COUNTDOWN, examplesText, type Examples } from './help.ts';
import { hint, print } from './output.ts';
import { readStatus } from './read-status.ts';
import { postAction, seenOf, type ActionAnswer, type Said, type Seen } from './send-action.ts';

export interface ActionOptions {
  message?: string;
  id?: string;
  checkpoint?: string;
}

export interface ActionVerb<Options extends ActionOptions> {
  name: Said['action'];
  description: string;
  examples: Examples;
  needsMessage: boolean;
  /** `status`: sent with the current revision and evidence digest. `nothing`: the safe direction, accepted also while no worker runs. */
  reads: 'status' | 'nothing';
  options?: (command: Command) => Command;
  /** Fields besides the comment. Throws CliFailure for invalid options. */
  say?: (options: Options, status: ShownStatus) => Partial<Said>;
  /** Runs before the request is sent. */
  confirm?: (release: string, options: Options, command: Command) => Promise<void>;
}

const NOTHING_SEEN: Seen = { name: '', revision: 0, evidenceDigest: '' };

export function actionVerb<Options extends ActionOptions>(program: Command, verb: ActionVerb<Options>): void {
  const command = program
    .command(verb.name)
    .description(verb.description)
    .argument(...COUNTDOWN)
    .option('-m, --message <text>', 'reason, for the audit log; - reads it from stdin');
  (verb.options?.(command) ?? command)
    .addHelpText('after', examplesText(verb.examples))
    .option('--id <id>', 'idempotency key: reuse it to retry a request whose response was lost')
    .action(async (release: string, options: Options, self: Command) => {
      const comment = await messageOf(options.message);
      if (verb.needsMessage && comment === '') throw usageFailure(`${verb.name} requires a reason`, `add -m "…"`);
      const api = connect(self);
      await verb.confirm?.(release, options, self);
      const id = options.id === undefined ? {} : { id: options.id };
      if (verb.reads === 'nothing') {
        const answer = await postAction(api, release, NOTHING_SEEN, { action: verb.name, comment, ...id });
        return print(self, answer, (shown) => `${release}: ${shown.sentence}\nNext:  tminus status ${release}`);
      }
      const status = await readStatus(api, release);
      const seen = seenOf(status, options.checkpoint);
      const said: Said = { action: verb.name, comment, ...verb.say?.(options, status), ...id };
      hint(self, decidedOn(verb.name, status, seen));
      const answer = await postAction(api, release, seen, said);
      print(
        self,
        { ...answer, decided: { checkpoint: seen.name, revision: seen.revision, evidenceDigest: seen.evidenceDigest } },
        (shown) => renderAction(release, seen, shown),
      );
    });
}

export const withCheckpoint = (command: Command): Command =>
  command.option('--checkpoint <name>', 'checkpoint to decide on (default: the current one)');

const SHOWN_DIGEST = 'sha256:'.length + 12;

/** Printed before the request is sent, so that a person reads what is decided on. */
function decidedOn(action: string, status: ShownStatus, seen: Seen): string {
  const checkpoint = status.checkpoints.find(({ name }) => name === seen.name);
  const where = checkpoint ? `${checkpoint.offset} ${checkpoint.name}` : seen.name;
  return `${action} ${status.release} at ${where}: revision ${seen.revision}, evidence ${seen.evidenceDigest.slice(0, SHOWN_DIGEST) || 'none'}…${checkpoint ? `, ${standingOf(status, checkpoint)}` : ''}`;
}

/** A final poll measures nothing itself: the decision rests on the findings of all checkpoints before it. */
function standingOf({ checkpoints }: ShownStatus, { evaluation, approval, approvals, name }: CheckpointStatus): string {
  const sofar = checkpoints
    .slice(0, checkpoints.findIndex((each) => each.name === name) + 1)
    .flatMap((each) => each.evaluation?.findings ?? []);
  const objections = (evaluation?.reasons ?? []).filter(({ code }) => code !== 'WaitingForApproval').map(({ message }) => message);
  return [
    `${sofar.filter(({ outcome }) => outcome === 'pass').length} of ${sofar.length} findings so far pass`,
    ...(approval ? [`${approvals.filter(({ decision }) => decision === 'approve').length} of ${approval.count} approvals given`] : []),
    ...objections,
  ].join('; ');
}

function renderAction(release: string, { name, revision }: Seen, { sentence, phase }: ActionAnswer): string {
  return [
    `${release}: ${sentence}`,
    `  ${name}, revision ${revision}${phase ? `; it is now ${phase}` : ''}`,
    `Next:  tminus status ${release}`,
  ].join('\n');
}

/** The text of `-m`, or of stdin where it is `-`; empty without either. */
export async function messageOf(given: string | undefined): Promise<string> {
  return (given === '-' ? await readStdin() : (given ?? '')).trim();
}

/** The server accepts 4,000 characters; a longer text is the wrong file on stdin. */
const MAX_MESSAGE_CHARACTERS = 64_000;

async function readStdin(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.length > MAX_MESSAGE_CHARACTERS) throw usageFailure('the text on stdin is too long for a reason', 'use -m "…"');
  }
  return text;
}
