// whoami, doctor, open, completion, help exit-codes.
import type { Command } from 'commander';
import type { Principal } from '../../verdict/verdict.ts';
import { connect } from '../api.ts';
import { EXIT, exitCodeRows } from '../exit-codes.ts';
import { CliFailure, usageFailure } from '../failure.ts';
import { print } from '../output.ts';
import { lookOf, said } from '../render/words.ts';

/** What `engines` in package.json asks for. */
const NODE_AT_LEAST = [22, 19] as const;

export function whoamiCommand(program: Command): void {
  program
    .command('whoami')
    .description('who the server says you are')
    .action(async (_: unknown, command: Command) => {
      const answer = await connect(command).get<{ principal: Principal }>('/api/v1/whoami');
      const { displayName, issuer, subject, groups } = answer.principal;
      print(command, answer, () => `${displayName} (${issuer}/${subject})   groups: ${groups.join(', ') || 'none'}`);
    });
}

interface Check {
  name: string;
  outcome: 'pass' | 'fail';
  sentence: string;
}

export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('what is missing between here and a countdown, in sentences')
    .action(async (_: unknown, command: Command) => {
      const checks = [nodeCheck(), await serverCheck(command), await signInCheck(command), await countdownsCheck(command)];
      const look = lookOf(command.optsWithGlobals<{ ascii: boolean }>().ascii);
      print(command, { apiVersion: 'tminus.dev/v1alpha1', kind: 'Doctor', items: checks }, () => checks.map(({ name, outcome, sentence }) => `${said(outcome, look)}  ${name.padEnd(12)} ${sentence}`).join('\n'));
      process.exitCode = checks.every(({ outcome }) => outcome === 'pass') ? EXIT.done : EXIT.unexpected;
    });
}

function nodeCheck(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const good = major > NODE_AT_LEAST[0] || (major === NODE_AT_LEAST[0] && minor >= NODE_AT_LEAST[1]);
  return { name: 'node', outcome: good ? 'pass' : 'fail', sentence: good ? process.versions.node : `Node ${process.versions.node} is too old; ${NODE_AT_LEAST.join('.')} or newer is needed` };
}

async function serverCheck(command: Command): Promise<Check> {
  const url = command.optsWithGlobals<{ server: string }>().server;
  const good = await fetch(`${url}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );
  return { name: 'server', outcome: good ? 'pass' : 'fail', sentence: good ? url : `nothing answers at ${url}; start it with \`tminus dev\`, or name it with --server` };
}

async function signInCheck(command: Command): Promise<Check> {
  return tried('identity', async () => {
    const { principal } = await connect(command).get<{ principal: Principal }>('/api/v1/whoami');
    return `${principal.displayName}, groups ${principal.groups.join(', ') || 'none'}`;
  });
}

async function countdownsCheck(command: Command): Promise<Check> {
  return tried('temporal', async () => `${(await connect(command).get<{ items: unknown[] }>('/api/v1/releases')).items.length} countdowns`);
}

async function tried(name: string, ask: () => Promise<string>): Promise<Check> {
  try {
    return { name, outcome: 'pass', sentence: await ask() };
  } catch (error) {
    if (!(error instanceof CliFailure)) throw error;
    return { name, outcome: 'fail', sentence: `${error.message}; ${error.hint}` };
  }
}

export function openCommand(program: Command): void {
  program
    .command('open')
    .description('print the address of a countdown’s page')
    .argument('<release>')
    .action((release: string, _: unknown, command: Command) => {
      const page = `${command.optsWithGlobals<{ server: string }>().server}/r/${encodeURIComponent(release)}`;
      print(command, { apiVersion: 'tminus.dev/v1alpha1', kind: 'Link', page }, () => page);
    });
}

/** Shells ask the program itself for words: verbs first, then live release names. */
export function completionCommand(program: Command): void {
  program
    .command('completion')
    .description('print a completion script for a shell')
    .argument('<shell>', 'bash, zsh or fish')
    .action((shell: string) => {
      const script = completions[shell];
      if (!script) throw usageFailure(`there is no completion for ${shell}`, `${Object.keys(completions).join(', ')} are the shells there are`);
      process.stdout.write(script);
    });
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: string[], _: unknown, command: Command) => {
      const verbs = program.commands.map((each) => each.name()).filter((name) => !name.startsWith('_'));
      const names = words.length > 1 ? await releaseNames(command) : verbs;
      process.stdout.write(`${names.filter((name) => name.startsWith(words.at(-1) ?? '')).join('\n')}\n`);
    });
}

async function releaseNames(command: Command): Promise<string[]> {
  try {
    return (await connect(command).get<{ items: { name: string }[] }>('/api/v1/releases')).items.map(({ name }) => name);
  } catch (error) {
    // A shell that completes must not print; without a server there is nothing to offer.
    if (error instanceof CliFailure) return [];
    throw error;
  }
}

const completions: Record<string, string> = {
  bash: `_tminus() { COMPREPLY=($(tminus __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)); }\ncomplete -F _tminus tminus\n`,
  zsh: `#compdef tminus\n_tminus() { compadd -- $(tminus __complete "\${words[@]:1}" 2>/dev/null) }\ncompdef _tminus tminus\n`,
  fish: `complete -c tminus -f -a '(tminus __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'\n`,
};

export function exitCodesCommand(program: Command): void {
  program
    .command('exit-codes')
    .description('what the exit codes mean')
    .action((_: unknown, command: Command) => {
      print(command, { apiVersion: 'tminus.dev/v1alpha1', kind: 'ExitCodes', items: exitCodeRows.map(([code, meaning]) => ({ code, meaning })) }, () => exitCodeRows.map(([code, meaning]) => `${String(code).padStart(4)}  ${meaning}`).join('\n'));
    });
}
