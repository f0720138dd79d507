// What the verbs that change a countdown have in common: a reason, what was seen, and the sentence that comes back.
import type { Command } from 'commander';
import type { CheckpointStatus } from '../workflows/messages.ts';
import type { ShownStatus } from './shown-status.ts';
import { connect } from './api.ts';
import { usageFailure } from './failure.ts';
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
  needsMessage: boolean;
  /**
   * `status`: it is sent with the revision and evidence that stand now. `nothing`: the safe direction, which must land also while no
   * worker is there to answer for the status.
   */
  reads: 'status' | 'nothing';
  options?: (command: Command) => Command;
  /** What it sends beside the comment. Throws a CliFailure for what cannot be meant. */
  say?: (options: Options, status: ShownStatus) => Partial<Said>;
  /** Asked before anything is sent. */
  confirm?: (release: string, options: Options, command: Command) => Promise<void>;
}

const NOTHING_SEEN: Seen = { name: '', revision: 0, evidenceDigest: '' };

export function actionVerb<Options extends ActionOptions>(program: Command, verb: ActionVerb<Options>): void {
  const command = program
    .command(verb.name)
    .description(verb.description)
    .argument('<release>')
    .option('-m, --message <text>', 'why; - reads it from stdin');
  (verb.options?.(command) ?? command)
    .option('--id <id>', 'of an act whose answer was lost: it counts at most once')
    .action(async (release: string, options: Options, self: Command) => {
      const comment = await messageOf(options.message);
      if (verb.needsMessage && comment === '') throw usageFailure(`${verb.name} needs a reason`, `add -m "…"`);
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
  command.option('--checkpoint <name>', 'another checkpoint than the one it is at');

const SHOWN_DIGEST = 'sha256:'.length + 12;

/** Printed before it is sent: whoever decides reads on what. */
function decidedOn(action: string, status: ShownStatus, seen: Seen): string {
  const checkpoint = status.checkpoints.find(({ name }) => name === seen.name);
  const where = checkpoint ? `${checkpoint.offset} ${checkpoint.name}` : seen.name;
  return `${action} ${status.release} at ${where}: revision ${seen.revision}, evidence ${seen.evidenceDigest.slice(0, SHOWN_DIGEST) || 'none'}…${checkpoint ? `, ${standingOf(status, checkpoint)}` : ''}`;
}

/** A final poll measures nothing itself: what is decided there is what all checkpoints before it found. */
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

/** The text of `-m`, or what comes on stdin where it is `-`; empty where nothing was said. */
export async function messageOf(given: string | undefined): Promise<string> {
  return (given === '-' ? await readStdin() : (given ?? '')).trim();
}

/** The server takes 4,000 characters; beyond this somebody has piped the wrong thing. */
const MOST_MESSAGE_CHARACTERS = 64_000;

async function readStdin(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.length > MOST_MESSAGE_CHARACTERS) throw usageFailure('what came on stdin is too long for a reason', 'give -m "…"');
  }
  return text;
}
