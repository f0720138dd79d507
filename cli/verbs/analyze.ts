import { examplesText, type Examples } from '../help.ts';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { sharePercent } from '../../release/share.ts';
import { analyzeFile } from '../analyze/analyze-file.ts';
import { durationOption } from '../duration-option.ts';
import { EXIT } from '../exit-codes.ts';
import { API_VERSION, print } from '../output.ts';
import { renderAnalysis } from '../render/analysis.ts';

const KINDS = `
Kinds of files, gzipped or not:
  load tests   k6 points (--out json) and summaries, vegeta, hey (csv), oha,
               autocannon, wrk2, HdrHistogram logs
  profiles     pprof: CPU, heap, mutex, block, goroutines, goroutine leaks
  goroutines   dumps (debug=1, debug=2, output of a panic)
  PostgreSQL   plans (EXPLAIN as text or JSON, also as psql prints them)
  traces       OTLP, Jaeger, Tempo
  execution    traces of runtime/trace; needs go in PATH`;

const EXITS = `

Exit 0 no finding fails, 2 a file cannot be read, 3 a finding fails, 5 no
finding fails but one is inconclusive.`;

const EXAMPLES: Examples = [
  ['k6 points, with stricter limits', 'tminus analyze points.json.gz --p99 200ms --error-rate 0.05%'],
  ['a CPU profile, compared with an earlier one', 'tminus analyze after.pb.gz --before before.pb.gz'],
  ['a goroutine dump', 'tminus analyze <(curl -s localhost:6060/debug/pprof/goroutine?debug=2)'],
  [
    'codes of the failed findings, for a script',
    'tminus analyze *.pb.gz --json | jq -r \'.items[].findings[] | select(.outcome == "fail") | .code\'',
  ],
];

export function analyzeCommand(program: Command): void {
  program
    .command('analyze')
    .description('Analyze evidence files; needs no server')
    .argument('<files...>', 'files to analyze; their kind is detected from the content')
    .addOption(
      new Option('--p99 <duration>', 'p99 limit for load reports without limits of their own')
        .argParser(durationOption)
        .default(300, '300ms'),
    )
    .addOption(new Option('--error-rate <share>', 'error rate limit, for the same reports').argParser(shareOption).default(0.1, '0.1%'))
    .option('--before <file>', 'earlier file of the same kind to compare with: k6 points, a profile, goroutines')
    .addHelpText('after', `${KINDS}\n${examplesText(EXAMPLES)}${EXITS}`)
    .action(async (files: string[], { p99, errorRate, before }: { p99: number; errorRate: number; before?: string }, command: Command) => {
      const asked = [
        ...(command.getOptionValueSource('p99') === 'cli' ? ['--p99'] : []),
        ...(command.getOptionValueSource('errorRate') === 'cli' ? ['--error-rate'] : []),
      ];
      const options = { limits: { p99Ms: p99, errorPercent: errorRate }, asked, ...(before === undefined ? {} : { before }) };
      const items = [];
      // One after the other: each may take much memory.
      for (const file of files) items.push(await analyzeFile(file, options));
      print(command, { apiVersion: API_VERSION, kind: 'AnalysisList', items }, (shown, style) => renderAnalysis(shown.items, style));
      const unreadable = items.some(({ problem }) => problem !== null);
      const outcomes = new Set(items.flatMap(({ findings }) => findings.map(({ outcome }) => outcome)));
      process.exitCode = unreadable
        ? EXIT.usage
        : outcomes.has('fail')
          ? EXIT.noGo
          : outcomes.has('inconclusive')
            ? EXIT.undecided
            : EXIT.done;
    });
}

/** `0.1%` or `0.001` of an option, in percent. */
function shareOption(text: string): number {
  try {
    return sharePercent(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}
