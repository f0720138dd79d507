// Shared part of the verbs that change a countdown: reason, precondition (revision and evidence that the person read), and result.
import type { Command } from 'commander';
import type { CheckpointStatus } from '../verdict/countdown-status.ts';
import { connect } from './api.ts';
import { usageFailure } from './failure.ts';
import { COUNTDOWN, examplesText, type Examples } from './help.ts';
import { hint, print } from './output.ts';
import { readStatus, type ShownStatus } from './read-status.ts';
import { postAction, preconditionOf, type ActionAnswer, type ActionRequest, type Precondition } from './send-action.ts';

export interface ActionOptions {
  message?: string;
  id?: string;
  checkpoint?: string;
}

export interface ActionVerb<Options extends ActionOptions> {
  name: ActionRequest['action'];
  description: string;
  examples: Examples;
  needsMessage: boolean;
  /** `status`: sent with the current revision and evidence digest. `nothing`: the safe direction, accepted also while no worker runs. */
  reads: 'status' | 'nothing';
  options?: (command: Command) => Command;
  /** Fields besides the comment. Throws CliFailure for invalid options. */
  fields?: (options: Options, status: ShownStatus) => Partial<ActionRequest>;
  /** Runs before the request is sent. */
  confirm?: (countdown: string, options: Options, command: Command) => Promise<void>;
}

const PRECONDITION_HELP = `
First prints the revision and evidence that the request is based on. The
request is refused if they change before it takes effect.
`;

const NO_PRECONDITION: Precondition = { name: '', revision: 0, evidenceDigest: '' };

export function actionVerb<Options extends ActionOptions>(program: Command, verb: ActionVerb<Options>): void {
  const command = program
    .command(verb.name)
    .description(verb.description)
    .argument(...COUNTDOWN)
    .option('-m, --message <text>', `reason for the audit log${verb.needsMessage ? ' (required)' : ''}; - reads it from stdin`);
  (verb.options?.(command) ?? command)
    .addHelpText('after', `${verb.reads === 'status' ? PRECONDITION_HELP : ''}${examplesText(verb.examples)}`)
    .option('--id <id>', 'idempotency key: reuse it to retry a request whose response was lost')
    .action(async (countdown: string, options: Options, self: Command) => {
      const comment = await messageOf(options.message);
      if (verb.needsMessage && comment === '') throw usageFailure(`${verb.name} requires a reason`, `add -m "…"`);
      const api = connect(self);
      await verb.confirm?.(countdown, options, self);
      const id = options.id === undefined ? {} : { id: options.id };
      if (verb.reads === 'nothing') {
        const answer = await postAction(api, countdown, NO_PRECONDITION, { action: verb.name, comment, ...id });
        return print(self, answer, (shown) => `${countdown}: ${shown.message}\nNext:  tminus status ${countdown}`);
      }
      const status = await readStatus(api, countdown);
      const precondition = preconditionOf(status, options.checkpoint);
      const request: ActionRequest = { action: verb.name, comment, ...verb.fields?.(options, status), ...id };
      hint(self, basisText(verb.name, status, precondition));
      const answer = await postAction(api, countdown, precondition, request);
      print(
        self,
        {
          ...answer,
          decided: { checkpoint: precondition.name, revision: precondition.revision, evidenceDigest: precondition.evidenceDigest },
        },
        (shown) => renderAction(countdown, precondition, shown),
      );
    });
}

export const withCheckpoint = (command: Command): Command =>
  command.option('--checkpoint <name>', 'name or offset of the checkpoint (default: the current one)');

const SHOWN_DIGEST = 'sha256:'.length + 12;

/** Printed before the request is sent, so that a person reads what is decided on. */
function basisText(action: string, status: ShownStatus, precondition: Precondition): string {
  const checkpoint = status.checkpoints.find(({ name }) => name === precondition.name);
  const where = checkpoint ? `${checkpoint.offset} ${checkpoint.name}` : precondition.name;
  const digest = `${precondition.evidenceDigest.slice(0, SHOWN_DIGEST) || 'none'}…`;
  const basis = [`revision ${precondition.revision}`, `evidence ${digest}`, ...(checkpoint ? [progressOf(status, checkpoint)] : [])];
  return `${action} ${status.release} at ${where}: ${basis.join(', ')}`;
}

/** A final poll has no measurements of its own: the decision is about the findings of all checkpoints before it. */
function progressOf({ checkpoints }: ShownStatus, { evaluation, approval, approvals, name }: CheckpointStatus): string {
  const findings = checkpoints
    .slice(0, checkpoints.findIndex((each) => each.name === name) + 1)
    .flatMap((each) => each.evaluation?.findings ?? []);
  const objections = (evaluation?.reasons ?? []).filter(({ code }) => code !== 'WaitingForApproval').map(({ message }) => message);
  return [
    `${findings.filter(({ outcome }) => outcome === 'pass').length} of ${findings.length} findings so far pass`,
    ...(approval ? [`${approvals.filter(({ decision }) => decision === 'approve').length} of ${approval.count} approvals given`] : []),
    ...objections,
  ].join('; ');
}

function renderAction(countdown: string, { name, revision }: Precondition, { message, phase }: ActionAnswer): string {
  return [
    `${countdown}: ${message}`,
    `  ${name}, revision ${revision}${phase ? `; it is now ${phase}` : ''}`,
    `Next:  tminus status ${countdown}`,
  ].join('\n');
}

/** The text of `-m`, read from stdin if it is `-`; empty without the option. */
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
