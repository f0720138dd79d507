// `tminus alarms budget`: for each alert the links of its chain, a bar of the time range, and the finding.
import type { Assumptions, RouteBudget } from '../../analysis/alarm/budget.ts';
import { duration, number, share } from '../../verdict/wording/index.ts';
import type { AlarmBudgetItem, AlarmBudgetList } from '../alarms/document.ts';
import { mark, paint, type Style, type Tone } from './words.ts';

/** Bar and caption fit into 80 columns. */
const BAR_WIDTH = 56;
const tones: Record<AlarmBudgetItem['finding']['outcome'], Tone> = { pass: 'good', fail: 'bad', inconclusive: 'hold' };

export function renderAlarmBudgets({ items, limitMs, assumptions }: AlarmBudgetList, style: Style): string {
  return [...items.map((item) => renderItem(item, limitMs, style).join('\n')), assumed(assumptions).join('\n')].join('\n\n');
}

function renderItem({ alert, file, line, expression, forMs, budget, finding }: AlarmBudgetItem, limitMs: number, style: Style): string[] {
  const tone = tones[finding.outcome];
  return [
    `${alert}   ${file}:${line}`,
    `  ${expression.replace(/\s+/g, ' ').trim()}${forMs > 0 ? `, for ${duration(forMs)}` : ''}`,
    ...(budget.kind === 'budget' ? budget.routes.flatMap((route) => renderRoute(route, limitMs)) : []),
    ...(budget.kind === 'budget' ? budget.inhibitors.map((source) => `  not sent while an alert fires that matches ${source}`) : []),
    `${paint(mark(tone, style), tone, style)} ${finding.code}: ${finding.message}`,
  ];
}

function renderRoute(route: RouteBudget, limitMs: number): string[] {
  const { earliestMs, latestMs, p50Ms, p95Ms, receiver, integrations, links, existingGroup, muted } = route;
  const rows = [
    ['link', 'earliest s', 'latest s', 'reason'],
    ...links.map(({ name, earliestMs: from, latestMs: to, reason }) => [name, seconds(from), seconds(to), reason]),
    ['total', seconds(earliestMs), seconds(latestMs), `p50 ${duration(p50Ms)}, p95 ${duration(p95Ms)}`],
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const [name = 0, earliest = 0, latest = 0] = widths;
  return [
    '',
    `  to ${receiver} (${integrations.join(', ')})${muted.length > 0 ? `, never ${muted.join(' or ')}` : ''}`,
    ...rows.map(
      ([link = '', from = '', to = '', reason = '']) =>
        `  ${link.padEnd(name)}   ${from.padStart(earliest)}   ${to.padStart(latest)}   ${reason}`,
    ),
    `  ${barOf(earliestMs, latestMs, limitMs)}`,
    `  in an already firing group: ${duration(existingGroup.earliestMs)} to ${duration(existingGroup.latestMs)}, p95 ${duration(existingGroup.p95Ms)}`,
    '',
  ];
}

const seconds = (ms: number): string => number(ms / 1_000);

/** Time since the fault: ▮ before the earliest message, ▯ between earliest and latest, | the limit. */
function barOf(earliestMs: number, latestMs: number, limitMs: number): string {
  const endMs = Math.max(latestMs, limitMs);
  const cells = Array.from({ length: BAR_WIDTH }, (_, index): string => {
    const ms = ((index + 0.5) / BAR_WIDTH) * endMs;
    return ms < earliestMs ? '▮' : ms < latestMs ? '▯' : ' ';
  });
  cells.splice(Math.min(BAR_WIDTH, Math.round((limitMs / endMs) * BAR_WIDTH)), 0, '|');
  return `${cells.join('')}  ${duration(endMs)}`;
}

function assumed({ surge, trafficPerSecond, scrapeMs, scrapeMsOf, evaluationMs, labels }: Assumptions): string[] {
  const errors = 'share' in surge ? `${share(surge.share)} of the traffic` : `${number(surge.perSecond)} errors/s`;
  const traffic = trafficPerSecond === null ? '' : ` of ${number(trafficPerSecond)} requests/s`;
  const scrapes = [`every ${duration(scrapeMs)}`, ...Object.entries(scrapeMsOf).map(([metric, ms]) => `${metric} every ${duration(ms)}`)];
  const stated = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  const labelText = stated.length > 0 ? `; labels ${stated.join(', ')}` : '';
  return [
    `Assumed: ${errors}${traffic} from the start of the fault and none before; scrape ${scrapes.join(', ')}; evaluation every`,
    `  ${duration(evaluationMs)} where the group sets no interval; counters exported before their first error${labelText}.`,
    '  p50 and p95: uniform phases of scrape, evaluation and sending. | is the limit.',
  ];
}
