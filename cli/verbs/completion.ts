// Shell completion: the scripts call `tminus __complete`, which prints verbs, then names of countdowns, or options after a dash.
import { examplesText, type Examples } from '../help.ts';
import { Argument, type Command } from 'commander';
import { connect } from '../api.ts';
import { CliFailure } from '../failure.ts';
import { API_VERSION, formatOf, print } from '../output.ts';

const EXAMPLES: Examples = [
  ['bash', 'tminus completion bash > /etc/bash_completion.d/tminus'],
  ['zsh', 'tminus completion zsh > "${fpath[1]}/_tminus"'],
  ['fish', 'tminus completion fish > ~/.config/fish/completions/tminus.fish'],
];

export function completionCommand(program: Command): void {
  program
    .command('completion')
    .description('Print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'shell that reads the script').choices(Object.keys(scripts)))
    .addHelpText('after', examplesText(EXAMPLES))
    .action((shell: keyof typeof scripts, _: unknown, command: Command) => {
      if (formatOf(command) === 'text') process.stdout.write(scripts[shell]);
      else print(command, { apiVersion: API_VERSION, kind: 'Completion', shell, script: scripts[shell] }, () => '');
    });
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: string[], _: unknown, command: Command) => {
      const prefix = words.at(-1) ?? '';
      for (const candidate of await candidates(program, words, command))
        if (candidate.startsWith(prefix)) process.stdout.write(`${candidate}\n`);
    });
}

async function candidates(program: Command, words: string[], command: Command): Promise<string[]> {
  if (words.length <= 1) return program.commands.map((each) => each.name()).filter((name) => !name.startsWith('_'));
  const verb = program.commands.find((each) => each.name() === words[0]);
  if (!verb) return [];
  if (verb.commands.length > 0) return candidates(verb, words.slice(1), command);
  if (words.at(-1)?.startsWith('-'))
    return [...verb.options, ...(command.parent?.options ?? [])].flatMap(({ long }) => (long ? [long] : []));
  const [first] = verb.registeredArguments;
  if (first?.argChoices) return [...first.argChoices];
  return words.length === 2 && first?.name() === 'countdown' ? countdownNames(command) : [];
}

async function countdownNames(command: Command): Promise<string[]> {
  try {
    return (await connect(command).get<{ items: { name: string }[] }>('/api/v1/countdowns')).items.map(({ name }) => name);
  } catch (error) {
    // Completion must not print errors; without a server there are no candidates.
    if (error instanceof CliFailure) return [];
    throw error;
  }
}

const scripts = {
  bash: `_tminus() {
  local IFS=$'\\n'
  COMPREPLY=($(tminus __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _tminus tminus
`,
  zsh: `#compdef tminus
_tminus() {
  local -a found
  found=("\${(@f)$(tminus __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then compadd -a found; else _files; fi
}
compdef _tminus tminus
`,
  fish: `complete -c tminus -a '(tminus __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
  powershell: `Register-ArgumentCompleter -Native -CommandName tminus -ScriptBlock {
  param($word, $ast, $cursor)
  $words = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($word -eq '') { $words += '' }
  tminus __complete -- @words 2>$null | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
`,
};
