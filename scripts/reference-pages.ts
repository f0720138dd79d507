// Reference pages made from the tables that the program itself uses, so that they cannot say anything else.
import type { Command } from 'commander';
import { createProgram, GLOBAL_OPTIONS_HINT } from '../cli/program.ts';
import { exitCodeRows } from '../cli/exit-codes.ts';
import type { GeneratedFile } from '../release/schema/generated-files.ts';
import { apiRoutes } from '../server/api/routes.ts';
import type { ApiRoute } from '../server/api/route.ts';
import type { Dependencies } from '../server/request/dependencies.ts';
import { codes, type CodeRow } from '../verdict/codes.ts';

export function referencePages(): GeneratedFile[] {
  return [
    { path: 'docs/reference/cli.md', text: cliPage(createProgram()) },
    { path: 'docs/reference/exit-codes.md', text: exitCodesPage() },
    { path: 'docs/reference/findings.md', text: findingsPage(codes) },
    // The routes are only described here: no handler runs, so no dependencies are needed behind them.
    { path: 'docs/reference/http-api.md', text: httpApiPage(apiRoutes({ links: { pageBase: '' } } as Dependencies)) },
  ];
}

function cliPage(program: Command): string {
  const help = program.createHelp();
  const optionsOf = (of: Command) => help.visibleOptions(of).filter(({ long }) => long !== '--help');
  const options = (of: Command): string =>
    table(
      ['option', 'meaning'],
      optionsOf(of).map((option) => [`\`${option.flags}\``, help.optionDescription(option)]),
    );
  const shown = (of: Command): Command[] => help.visibleCommands(of).filter((verb) => verb.name() !== 'help');
  const named = (of: Command, before: string): { verb: Command; name: string }[] =>
    shown(of).flatMap((verb) => {
      const name = `${before} ${verb.name()}`;
      return shown(verb).length > 0 ? named(verb, name) : [{ verb, name }];
    });
  return page(
    'The command line',
    'cli/',
    [
      '`tminus` talks to the HTTP API ([http-api.md](http-api.md)). The API token is `TMINUS_TOKEN`, or the file `.tminus/token`; `TMINUS_HOME` is',
      'another folder than `.tminus`. `-o json` and `-o yaml` print one document on standard output in every case, also on failure. The exit codes are in',
      '[exit-codes.md](exit-codes.md).',
    ].join('\n'),
    `## Options of all verbs\n\n${options(program)}`,
    ...named(program, 'tminus').map(({ verb, name }) => {
      const own = optionsOf(verb).length > 0 ? `\n\n${options(verb)}` : '';
      return `## ${name}\n\n\`\`\`\n${name} ${verb.usage()}\n\`\`\`\n\n${sentence(verb.description())}${own}${more(verb)}`;
    }),
  );
}

/** What the help of a verb has below its options: examples, and what its exit codes mean. */
function more(verb: Command): string {
  let shown = '';
  verb.configureOutput({ writeOut: (text) => (shown += text) });
  verb.outputHelp();
  const below = shown.slice(verb.helpInformation().length).replace(GLOBAL_OPTIONS_HINT, '').trim();
  return below === '' ? '' : `\n\n\`\`\`text\n${below}\n\`\`\``;
}

function exitCodesPage(): string {
  return page(
    'Exit codes',
    'cli/exit-codes.ts',
    'Exit codes of `tminus`, for scripts. `./scripts/demo` exits with the code of its rehearsal.',
    table(
      ['code', 'meaning'],
      exitCodeRows.map(([code, meaning]) => [`\`${code}\``, meaning]),
    ),
  );
}

function findingsPage(rows: Record<string, CodeRow>): string {
  return page(
    'Findings and reasons',
    'verdict/codes.ts',
    [
      'The codes that stand in `reasons` of a verdict, in `tminus explain`, on the page and in webhooks. A finding is `pass`, `fail` or `inconclusive`;',
      'fail makes a checkpoint no-go unless it is waived, inconclusive makes it hold ([how a verdict comes about](../explanation/verdict.md)).',
    ].join('\n'),
    table(
      ['code', 'meaning', '中文', 'hint'],
      Object.entries(rows).map(([code, { en, zh, hint }]) => [`\`${code}\``, en, zh, hint]),
    ),
  );
}

const access: Record<ApiRoute['access'], string> = { anyone: 'anyone', reader: 'token or browser session', bearer: 'token only' };

function httpApiPage(routes: readonly ApiRoute[]): string {
  return page(
    'The HTTP API',
    'server/api/routes.ts',
    [
      'The running server describes every field as OpenAPI 3.1 under `/api/v1/openapi.json`. Requests have `Authorization: Bearer <token>`. Responses are',
      'JSON with `apiVersion` and `kind`; a refusal is of kind `Error` with code, message and hint. An action has an `id` chosen by the caller, which makes',
      'it idempotent: an action whose response was lost can be sent again.',
    ].join('\n'),
    ...routes.map(({ method, path, summary, access: who, query, answers }) => {
      const rows = Object.entries(answers).map(([status, { description, name, mediaType }]) => [
        status,
        description,
        name ? `\`${name}\`` : (mediaType ?? ''),
      ]);
      const asked = Object.entries(query ?? {}).map(([name, meaning]) => `\n- \`?${name}=\`: ${meaning}`);
      const head = `${method.toUpperCase()} ${path.replaceAll(/:(\w+)/g, '{$1}')}`;
      const parameters = asked.length > 0 ? `\n${asked.join('')}` : '';
      return `## ${head}\n\n${sentence(summary)} For: ${access[who]}.${parameters}\n\n${table(['status', 'means', 'kind'], rows)}`;
    }),
  );
}

function page(title: string, source: string, introduction: string, ...parts: string[]): string {
  const notice = `<!-- Generated by scripts/generate-schema from ${source}. Change that, not this file. -->`;
  return `${[`# ${title}`, notice, introduction, ...parts].join('\n\n')}\n`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

function sentence(text: string): string {
  const [first = '', ...rest] = text;
  return `${first.toUpperCase()}${rest.join('')}${/[.!?]$/.test(text) ? '' : '.'}`;
}
