import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Assumptions } from '../../analysis/alarm/budget.ts';
import { nearName } from '../../release/near-name.ts';
import { readShare } from '../../release/share.ts';
import { budgetList } from '../alarms/document.ts';
import { loadAlertmanager, loadRules, type FileRule } from '../alarms/load.ts';
import { durationOption } from '../duration-option.ts';
import { EXIT } from '../exit-codes.ts';
import { usageFailure } from '../failure.ts';
import { examplesText, type Examples } from '../help.ts';
import { print } from '../output.ts';
import { renderAlarmBudgets } from '../render/alarm-budget.ts';

const HELP = `
Computes for each alert the time from the start of a fault to the delivered
message: each link of the chain (scrape, evaluation, group_wait, ...) with its
earliest and latest time, p50 and p95 of the total, and whether p95 is within
--limit. Reads Prometheus rule files, PrometheusRule objects, and
alertmanager.yaml. Supported expressions: rate() and increase() of a counter,
and ratios of two of them, compared with a constant.`;

const EXITS = `

Exit 0 all alerts are within the limit, 2 a file is not valid, 3 an alert is
too slow, never fires or is not sent, 5 an alert cannot be computed.`;

const EXAMPLES: Examples = [
  [
    'all alerting rules of two files, scraped and evaluated every 15 s',
    'tminus alarms budget --rules alerts.yaml more.yaml --alertmanager alertmanager.yaml --scrape-interval 15s --evaluation-interval 15s',
  ],
  [
    'one rule, for a fault that causes 200 errors/s',
    'tminus alarms budget --rules alerts.yaml --alertmanager alertmanager.yaml --rule HighErrorRate5m --surge 200/s',
  ],
  [
    'a ratio of errors to requests, for 5 % of 1,000 requests/s',
    'tminus alarms budget --rules alerts.yaml --alertmanager alertmanager.yaml --surge 5% --traffic 1000/s',
  ],
  [
    'one metric with a shorter scrape interval, and a route that matches team="shop"',
    'tminus alarms budget --rules alerts.yaml --alertmanager alertmanager.yaml --scrape-interval 30s zap_error_total=5s --label team=shop',
  ],
];

type ScrapeIntervals = Pick<Assumptions, 'scrapeMs' | 'scrapeMsOf'>;

interface Options {
  rules: string[];
  alertmanager: string;
  rule?: string[];
  surge: Assumptions['surge'];
  traffic?: number;
  scrapeInterval: ScrapeIntervals;
  evaluationInterval: number;
  label: Record<string, string>;
  limit: number;
}

export function alarmsCommand(program: Command): void {
  const alarms = program.command('alarms').description('Compute how long alerts take; needs no server');
  alarms
    .command('budget')
    .description('Compute the time from a fault to the message of each alert; needs no server')
    .requiredOption('--rules <files...>', 'Prometheus rule files or PrometheusRule objects')
    .requiredOption('--alertmanager <file>', 'Alertmanager configuration')
    .option('--rule <names...>', 'only these alerts')
    .addOption(
      new Option('--surge <rate>', 'errors that the fault causes: a rate such as 50/s, or a share of --traffic such as 5%')
        .argParser(surgeOption)
        .default({ perSecond: 50 }, '50/s'),
    )
    .addOption(new Option('--traffic <rate>', 'requests, such as 1000/s; needed for ratios and shares').argParser(rateOption))
    .addOption(
      new Option('--scrape-interval <durations...>', 'scrape interval of all metrics, or of one: zap_error_total=5s')
        .argParser(scrapeOption)
        .default({ scrapeMs: 60_000, scrapeMsOf: {} }, '1m'),
    )
    .addOption(
      new Option('--evaluation-interval <duration>', 'evaluation interval of groups that have none')
        .argParser(intervalOption)
        .default(60_000, '1m'),
    )
    .addOption(
      new Option('--label <labels...>', 'labels of the series that routes match, such as team=shop')
        .argParser(labelOption)
        .default({}, 'none'),
    )
    .addOption(new Option('--limit <duration>', 'limit for p95').argParser(intervalOption).default(30_000, '30s'))
    .addHelpText('after', `${HELP}\n${examplesText(EXAMPLES)}${EXITS}`)
    .action(async (options: Options, command: Command) => {
      const { scrapeInterval, evaluationInterval: evaluationMs, surge, label: labels } = options;
      const rules = chosen(await loadRules(options.rules), options.rule, options.rules);
      const config = await loadAlertmanager(options.alertmanager);
      const assumptions: Assumptions = { ...scrapeInterval, evaluationMs, surge, labels, trafficPerSecond: options.traffic ?? null };
      const list = budgetList(rules, config, assumptions, options.limit);
      print(command, list, renderAlarmBudgets);
      const outcomes = new Set(list.items.map(({ finding }) => finding.outcome));
      process.exitCode = outcomes.has('fail') ? EXIT.noGo : outcomes.has('inconclusive') ? EXIT.undecided : EXIT.done;
    });
}

/** Rules with these names, or all. No rule is wrong usage: a misspelt name must not pass. */
function chosen(rules: readonly FileRule[], wanted: readonly string[] | undefined, files: readonly string[]): FileRule[] {
  const names = [...new Set(rules.map(({ rule }) => rule.name))];
  if (names.length === 0) throw usageFailure(`${files.join(', ')} has no alerting rule`, 'give the file that has the rules with alert:');
  const missing = wanted?.find((name) => !names.includes(name));
  if (missing !== undefined) {
    const near = nearName(missing, names);
    throw usageFailure(
      `there is no alert ${missing} in ${files.join(', ')}`,
      near === null ? `alerts: ${names.join(', ')}` : `did you mean ${near}?`,
    );
  }
  return rules.filter(({ rule }) => wanted?.includes(rule.name) ?? true);
}

/** `1000/s` of an option, per second. */
function rateOption(text: string): number {
  const [, amount] = /^([0-9]+(?:\.[0-9]+)?)\/s$/.exec(text) ?? [];
  if (amount === undefined || !(Number(amount) > 0)) throw new InvalidArgumentError('write a rate above 0 such as 50/s.');
  return Number(amount);
}

function surgeOption(text: string): Assumptions['surge'] {
  const share = readShare(text);
  if (share.ok && share.percent > 0) return { share: share.percent / 100 };
  if (text.endsWith('/s')) return { perSecond: rateOption(text) };
  throw new InvalidArgumentError('write a rate above 0 such as 50/s, or a share of the traffic such as 5%.');
}

function intervalOption(text: string): number {
  const ms = durationOption(text);
  if (ms === 0) throw new InvalidArgumentError('it has to be longer than 0.');
  return ms;
}

/** Called for each value of the option: `15s`, or `zap_error_total=5s`. */
function scrapeOption(text: string, before: ScrapeIntervals): ScrapeIntervals {
  const [, metric, duration = ''] = /^(?:([^=]+)=)?(.*)$/s.exec(text) ?? [];
  const ms = intervalOption(duration);
  return metric === undefined ? { ...before, scrapeMs: ms } : { ...before, scrapeMsOf: { ...before.scrapeMsOf, [metric]: ms } };
}

function labelOption(text: string, before: Record<string, string>): Record<string, string> {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('write a label such as team=shop.');
  return { ...before, [name]: value };
}
