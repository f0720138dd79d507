import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { actionVerb, type ActionOptions } from '../action-verb.ts';
import { usageFailure } from '../failure.ts';
import { formatOf } from '../output.ts';

interface AbortOptions extends ActionOptions {
  confirm?: string;
}

export function abortCommand(program: Command): void {
  actionVerb<AbortOptions>(program, {
    name: 'abort',
    description: 'End the countdown and roll back a launched version',
    examples: [
      ['asks for the name again', 'tminus abort go-api-1.4.0 -m "launch cancelled"'],
      ['in a script', 'tminus abort go-api-1.4.0 --confirm go-api-1.4.0 -m "launch cancelled"'],
      [
        'and wait for the end of the rollback',
        'tminus abort go-api-1.4.0 --confirm go-api-1.4.0 -m "cancelled" && tminus status go-api-1.4.0 --wait',
      ],
    ],
    needsMessage: true,
    reads: 'nothing',
    options: (command) => command.option('--confirm <countdown>', 'name of the countdown again, for scripts'),
    confirm,
  });
}

/** The name is typed again, so that nobody aborts by accident. */
async function confirm(countdown: string, { confirm: given }: AbortOptions, command: Command): Promise<void> {
  const { input } = command.optsWithGlobals<{ input: boolean }>();
  const asks = given === undefined && input && process.stdin.isTTY && formatOf(command) === 'text';
  const typed = asks ? await ask(`Type ${countdown} to abort it: `) : given;
  if (typed === countdown) return;
  throw usageFailure(
    typed === undefined ? `abort requires the name of ${countdown} again` : `"${typed}" is not ${countdown}; nothing was aborted`,
    `add --confirm ${countdown}`,
  );
}

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // While readline reads a line, it receives Ctrl-C instead of the process.
  terminal.once('SIGINT', () => {
    process.stderr.write('\n');
    process.kill(process.pid, 'SIGINT');
  });
  try {
    return (await terminal.question(question)).trim();
  } finally {
    terminal.close();
  }
}
