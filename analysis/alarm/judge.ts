// Compares the alarm budget of a rule with its limit.
import { fail, inconclusive, pass, type Finding, type Measurement } from '../../verdict/finding.ts';
import type { AlarmBudget, Link, RouteBudget } from './budget.ts';
import { secondsText } from './wording.ts';

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
  const measurement: Measurement = { measured: Math.round(p95Ms / 100) / 10, limit: limitMs / 1_000, unit: 's' };
  const times = `${secondsText(earliestMs)} to ${secondsText(latestMs)} after the fault begins, p95 ${secondsText(p95Ms)}`;
  const sent = `${alert} is delivered to ${receiver} ${times}, limit ${secondsText(limitMs)}`;
  if (p95Ms > limitMs) return fail('AlarmTooSlow', subject, `${sent}; the longest link is ${longestText(counted)}`, measurement);
  if (muted.length > 0)
    return inconclusive('AlarmBudgetUnknown', subject, `${sent}, but nothing is sent ${muted.join(' and ')}`, measurement);
  return pass('AlarmWithinBudget', subject, sent, measurement);
}

function longestText({ links }: RouteBudget): string {
  const [first, ...others] = links;
  const longest = others.reduce<Link | undefined>((most, each) => (most && most.latestMs >= each.latestMs ? most : each), first);
  return longest ? `${longest.name} with ${secondsText(longest.latestMs)}` : '';
}
