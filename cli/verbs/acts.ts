// What people do to a countdown. Each verb reads the status first and sends what it saw with the act.
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { readDuration } from '../../release/duration.ts';
import type { CountdownStatus } from '../../workflows/messages.ts';
import { connect } from '../api.ts';
import { usageFailure } from '../failure.ts';
import { formatOf, print } from '../output.ts';
import { sendAct, type ActAnswer, type Said } from '../send-act.ts';
import { readStatus } from './status.ts';

interface ActOptions {
  message?: string;
  checkpoint?: string;
  check?: string;
  finding?: string;
  expires?: string;
  to?: string;
  keep?: boolean;
  shift?: boolean;
  step?: string;
  confirm?: string;
}

/** One row per verb: its options, and what it sends. */
const verbs: {
  name: Said['action'];
  description: string;
  needsMessage: boolean;
  options: (command: Command) => Command;
  say: (options: ActOptions, status: CountdownStatus) => Partial<Said>;
}[] = [
  { name: 'approve', description: 'go, from a person, for the checkpoint that waits', needsMessage: false, options: withCheckpoint, say: ({ checkpoint }) => (checkpoint ? { checkpoint } : {}) },
  { name: 'reject', description: 'no-go, from a person', needsMessage: true, options: withCheckpoint, say: ({ checkpoint }) => (checkpoint ? { checkpoint } : {}) },
  { name: 'hold', description: 'stop the clock', needsMessage: true, options: (command) => command, say: () => ({}) },
  {
    name: 'resume',
    description: 'start the clock again; steps that could not tell run again',
    needsMessage: false,
    options: (command) => command.option('--keep', 'keep the launch time').option('--shift', 'move the launch by the length of the hold'),
    say: ({ keep, shift }) => (keep ? { launchAt: 'keep' } : shift ? { launchAt: 'shift' } : {}),
  },
  { name: 'recycle', description: 'go back to an earlier checkpoint', needsMessage: true, options: (command) => command.requiredOption('--to <checkpoint>', 'name or offset, such as T-72h'), say: ({ to }) => ({ to: to ?? '' }) },
  { name: 'retry', description: 'run a step of the present checkpoint again', needsMessage: false, options: (command) => command.requiredOption('--step <name>', 'name of the step'), say: ({ step }) => ({ step: step ?? '' }) },
  {
    name: 'waive',
    description: 'accept a finding that does not pass, recorded and announced',
    needsMessage: true,
    options: (command) => command.requiredOption('--finding <key>', 'CODE/SUBJECT as `tminus explain` shows it').requiredOption('--expires <duration>', 'how long it is accepted, such as 24h'),
    say: ({ finding, expires }, status) => ({ finding: finding ?? '', expiresAt: expiry(expires ?? '', status.now) }),
  },
  { name: 'abort', description: 'end the countdown; what was launched is rolled back', needsMessage: true, options: (command) => command.option('--confirm <release>', 'the name again, for scripts'), say: () => ({}) },
];

function withCheckpoint(command: Command): Command {
  return command.option('--checkpoint <name>', 'another checkpoint than the one it is at');
}

export function actCommands(program: Command): void {
  for (const verb of verbs) {
    verb
      .options(program.command(verb.name).description(verb.description).argument('<release>').option('-m, --message <text>', 'why; - reads it from stdin'))
      .action(async (release: string, options: ActOptions, command: Command) => {
        const comment = await messageOf(options.message, verb.name, verb.needsMessage);
        const api = connect(command);
        const status = await readStatus(api, release);
        if (verb.name === 'abort') await confirm(release, options.confirm, command);
        const answer = await sendAct(api, status, { action: verb.name, comment, ...verb.say(options, status) });
        print(command, answer, () => renderAct(release, status, answer));
      });
  }
}

function renderAct(release: string, status: CountdownStatus, { sentence, phase }: ActAnswer): string {
  const { revision } = status.checkpoints.find(({ name }) => name === status.current) ?? { revision: 0 };
  return [`${release}: ${sentence}`, `  at ${status.current}, revision ${revision}${phase ? `, now ${phase}` : ''}`, `Next:  tminus status ${release}`].join('\n');
}

async function messageOf(given: string | undefined, verb: string, needed: boolean): Promise<string> {
  const text = given === '-' ? (await readStdin()).trim() : (given ?? '');
  if (needed && text === '') throw usageFailure(`${verb} needs a reason`, `add -m "…"`);
  return text;
}

async function readStdin(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) text += String(chunk);
  return text;
}

function expiry(text: string, now: string): string {
  const reading = readDuration(text);
  if (!reading.ok) throw usageFailure(`--expires: ${reading.why}`);
  return new Date(Date.parse(now) + reading.ms).toISOString();
}

/** Ending a countdown is typed out, never a slip of the finger; a script says the name twice. */
async function confirm(release: string, given: string | undefined, command: Command): Promise<void> {
  const { input } = command.optsWithGlobals<{ input: boolean }>();
  const asks = given === undefined && input && process.stdin.isTTY && formatOf(command) === 'text';
  const typed = asks ? await ask(`type ${release} to abort it: `) : given;
  if (typed !== release) throw usageFailure(`${release} was not aborted: its name was not confirmed`, `add --confirm ${release}`);
}

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(question)).trim();
  } finally {
    terminal.close();
  }
}
