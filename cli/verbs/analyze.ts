import { InvalidArgumentError, type Command } from 'commander';
import { sharePercent } from '../../release/share.ts';
import { analyzeFile } from '../analyze/analyze-file.ts';
import { durationOption } from '../duration-option.ts';
import { EXIT } from '../exit-codes.ts';
import { API_VERSION, print } from '../output.ts';
import { renderAnalysis } from '../render/analysis.ts';

const KINDS = `
Reads: k6 points (--out json) and summaries, vegeta, hey (csv), oha, autocannon, wrk2, HdrHistogram logs; pprof profiles of CPU, heap, mutex,
block, goroutines and goroutine leaks; goroutine dumps (debug=1, 2, a panic); PostgreSQL plans (EXPLAIN as text or JSON, psql's frames too);
traces (OTLP, Jaeger, Tempo); execution traces where Go is in PATH. Packed with gzip or not. What a file is, is told by its bytes.`;

export function analyzeCommand(program: Command): void {
  program
    .command('analyze')
    .description('say what files of evidence mean; needs no server')
    .argument('<files...>')
    .option('--p99 <duration>', 'largest p99 of a load report', durationOption, 300)
    .option('--error-rate <share>', 'largest share of failed requests in a load report', shareOption, 0.1)
    .option('--before <file>', 'an earlier file of the same kind, to see what changed: points of k6, a profile, goroutines')
    .addHelpText('after', KINDS)
    .action(async (files: string[], { p99, errorRate, before }: { p99: number; errorRate: number; before?: string }, command: Command) => {
      const options = { limits: { p99Ms: p99, errorPercent: errorRate }, ...(before === undefined ? {} : { before }) };
      const items = [];
      // One after the other: each may take much memory.
      for (const file of files) items.push(await analyzeFile(file, options));
      print(command, { apiVersion: API_VERSION, kind: 'AnalysisList', items }, (shown, look) => renderAnalysis(shown.items, look));
      const unreadable = items.some(({ problem }) => problem !== null);
      const fails = items.some(({ findings }) => findings.some(({ outcome }) => outcome === 'fail'));
      process.exitCode = unreadable ? EXIT.usage : fails ? EXIT.noGo : EXIT.done;
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
