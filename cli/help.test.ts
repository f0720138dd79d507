import { describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { createProgram } from './program.ts';

/** Verbs without verbs below them. */
const leavesOf = (command: Command): Command[] => (command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf));

const pathOf = (command: Command): string => (command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name());

const visibleVerbs = (program: Command): Command[] => leavesOf(program).filter((verb) => !['help', '__complete'].includes(verb.name()));

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (chunk) => (text += chunk) }).outputHelp();
  return text;
}

/** Command lines of the examples: each is the line after a comment. */
const exampleLines = (help: string): string[] => [...help.matchAll(/^ {2}# .*\n {2}(.+)$/gm)].map(([, line = '']) => line);

/** Arguments of each `tminus` command in a shell line. A process substitution is one file, and what a redirection names is dropped. */
function commandsOf(line: string): string[][] {
  const commands: string[][] = [[]];
  let skips = false;
  for (const [token] of line.replace(/<\([^)]*\)/g, 'pipe').matchAll(/&&|[|;<>]|(?:"[^"]*"|'[^']*'|[^\s|;<>&"'])+/g)) {
    if (/^(&&|[|;])$/.test(token)) commands.push([]);
    else if (/^[<>]$/.test(token)) skips = true;
    else if (skips) skips = false;
    else commands.at(-1)?.push(token.replaceAll(/["']/g, ''));
  }
  return commands.filter(([name]) => name === 'tminus').map(([, ...argv]) => argv);
}

/** Path of the verb that these arguments run, without running it. Throws CommanderError for an unknown verb, option or value. */
function verbOf(argv: string[]): string {
  const program = createProgram();
  let ran = '';
  for (const verb of leavesOf(program)) {
    verb.configureOutput({ writeErr: () => undefined });
    verb.action(() => {
      ran = pathOf(verb);
    });
  }
  program.configureOutput({ writeErr: () => undefined }).parse(argv, { from: 'user' });
  return ran;
}

describe('the help', () => {
  it.each(visibleVerbs(createProgram()).map((verb) => [pathOf(verb), verb] as const))('of %s has only valid examples', (path, verb) => {
    const lines = exampleLines(helpOf(verb));
    expect(lines.filter((line) => commandsOf(line).length === 0)).toEqual([]);
    expect(lines.flatMap(commandsOf).map(verbOf)).toContain(path);
  });

  it('of the program has only valid examples', () => {
    const verbs = exampleLines(helpOf(createProgram())).flatMap(commandsOf).map(verbOf);
    expect(verbs).toEqual(['init', 'validate', 'dev', 'start', 'status']);
  });

  it('has no line of prose that a terminal of 80 columns wraps', () => {
    const prose = [createProgram(), ...visibleVerbs(createProgram())].flatMap((command) =>
      helpOf(command)
        .split('\n')
        .filter((line, index, lines) => !/^ {2}#/.test(line) && !/^ {2}#/.test(lines[index - 1] ?? '')),
    );
    const table = /^ +\d+ {2}/;
    expect(prose.filter((line) => line.length > 80 && !table.test(line) && !line.startsWith('✔'))).toEqual([]);
  });

  it.each([
    [['statsu', 'go-api-1.4.0'], /unknown command 'statsu'/],
    [['status', 'go-api-1.4.0', '--waitt'], /unknown option '--waitt'/],
    [['status'], /missing required argument 'countdown'/],
    [['waive', 'go-api-1.4.0', '--expires', '24h'], /required option '--finding <key>' not specified/],
    [['start', 'release.yaml', '--launch-at', 'noon'], /argument 'noon' is invalid/],
  ])('could not have %j as an example', (argv, message) => {
    expect(() => verbOf(argv)).toThrow(message);
  });
});

it('reads the commands of a shell line', () => {
  expect(commandsOf('pass show tminus | tminus login')).toEqual([['login']]);
  expect(commandsOf('tminus abort a --confirm a -m "b; c" && tminus status a; echo $?')).toEqual([
    ['abort', 'a', '--confirm', 'a', '-m', 'b; c'],
    ['status', 'a'],
  ]);
  expect(commandsOf('tminus reject a -m - < reason.txt')).toEqual([['reject', 'a', '-m', '-']]);
  expect(commandsOf('tminus analyze <(curl -s localhost:6060/x?debug=2)')).toEqual([['analyze', 'pipe']]);
});
