import { examplesText, type Examples } from '../help.ts';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Command } from 'commander';
import type { Principal } from '../../verdict/verdict.ts';
import { connectAs } from '../api.ts';
import { usageFailure } from '../failure.ts';
import { formatOf, hint, print } from '../output.ts';
import { homeToken, tokenOf, tokenOfFile } from '../token.ts';

const EXAMPLES: Examples = [
  ['from a file', 'tminus login --token-file ~/tokens/li.wei'],
  ['from stdin', 'pass show tminus | tminus login'],
  ['then check it', 'tminus whoami'],
];

export function loginCommand(program: Command): void {
  program
    .command('login')
    .description('Verify a token with the server and save it for this folder')
    .addHelpText('after', examplesText(EXAMPLES))
    .action(async (_: unknown, command: Command) => {
      const token = await givenToken(command);
      // Verified before it is saved, so that an invalid token does not replace a valid one.
      const answer = await connectAs(command, token).get<{ principal: Principal }>('/api/v1/whoami');
      const file = homeToken();
      save(file, token);
      for (const name of ['TMINUS_TOKEN', 'TMINUS_TOKEN_FILE'])
        if (process.env[name]) hint(command, `${name} is set and takes precedence over ${file}`);
      print(
        command,
        { ...answer, file },
        ({ principal }) => `signed in as ${principal.displayName} (${principal.issuer}/${principal.subject})\nsaved to ${file}`,
      );
    });
}

/** The token of the option, else of stdin. A token in the environment needs no login. */
async function givenToken(command: Command): Promise<string> {
  const { tokenFile, input } = command.optsWithGlobals<{ tokenFile?: string; input: boolean }>();
  if (tokenFile !== undefined && command.getOptionValueSourceWithGlobals('tokenFile') === 'cli')
    return tokenOfFile(tokenFile, '--token-file');
  if (process.stdin.isTTY) {
    if (!input || formatOf(command) !== 'text')
      throw usageFailure('login requires a token', 'give --token-file FILE, or the token on stdin');
    return tokenOf(await typed('Token: '), 'the terminal input');
  }
  return tokenOf(await readStdin(), 'stdin');
}

/** Longer than any token; a longer text is the wrong file on stdin. */
const MAX_TOKEN_CHARACTERS = 16_384;

async function readStdin(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.length > MAX_TOKEN_CHARACTERS) throw usageFailure('the text on stdin is too long for a token');
  }
  return text;
}

/** Reads one line from the terminal without echo. */
async function typed(question: string): Promise<string> {
  process.stderr.write(question);
  const unseen = new Writable({ write: (_, __, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: unseen, terminal: true });
  // While readline reads a line, it receives Ctrl-C instead of the process.
  terminal.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}

/** Writes the file atomically, readable by its owner only from the start. */
function save(file: string, token: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const next = `${file}.next`;
  writeFileSync(next, `${token}\n`, { mode: 0o600 });
  renameSync(next, file);
}
