// Compares the alarm budget of a rule with its limit.
import { fail, inconclusive, pass, type Finding, type Measurement } from '../../verdict/finding.ts';
import { besideLimit, duration, measured } from '../../verdict/wording/index.ts';
import type { AlarmBudget, Link, RouteBudget } from './budget.ts';

/** One finding on one alert. p95 is compared, since a trigger's limit is one on p95; an alert without a computable time is inconclusive. */
export function judgeAlarm(alert: string, budget: AlarmBudget, limitMs: number): Finding {
  const subject = `alert ${alert}`;
  const unmeasured: Measurement = { limit: limitMs / 1_000, unit: 's' };
  if (budget.kind === 'unknown')
    return inconclusive(
      'AlarmBudgetUnknown',
      subject,
      `the alarm budget of ${alert} cannot be computed: ${budget.reason}; ${budget.hint}`,
      unmeasured,
    );
  if (budget.kind === 'never fires') return fail('AlarmNeverFires', subject, `${alert} never fires: ${budget.reason}`, unmeasured);
  if (budget.kind === 'not routed') return fail('AlarmNotRouted', subject, `no message of ${alert} is sent: ${budget.reason}`, unmeasured);
  return judgeRoutes(alert, subject, budget.routes, limitMs);
}

function judgeRoutes(alert: string, subject: string, routes: readonly [RouteBudget, ...RouteBudget[]], limitMs: number): Finding {
  const [fastest] = routes;
  const unmuted = routes.find(({ muted, p95Ms }) => muted.length === 0 && p95Ms <= limitMs);
  const counted = unmuted ?? fastest;
  const { earliestMs, latestMs, p95Ms, receiver, muted } = counted;
  const measurement: Measurement = { measured: measured(p95Ms / 1_000), limit: limitMs / 1_000, unit: 's' };
  const [p95, limit] = besideLimit(p95Ms / 1_000, limitMs / 1_000, 's');
  const sent = `${alert} reaches ${receiver} ${duration(earliestMs)} to ${duration(latestMs)} after the fault begins, p95 ${p95}, limit ${limit}`;
  if (p95Ms > limitMs) return fail('AlarmTooSlow', subject, `${sent}; longest link: ${longestText(counted)}`, measurement);
  if (muted.length > 0)
    return inconclusive('AlarmBudgetUnknown', subject, `${sent}, but nothing is sent ${muted.join(' and ')}`, measurement);
  return pass('AlarmWithinBudget', subject, sent, measurement);
}

function longestText({ links }: RouteBudget): string {
  const [first, ...others] = links;
  const longest = others.reduce<Link | undefined>((most, each) => (most && most.latestMs >= each.latestMs ? most : each), first);
  return longest ? `${longest.name} (${duration(longest.latestMs)})` : '';
}
