// The alerting rules of one name in Prometheus, with their health.
import type { FoundRule } from '../../analysis/trigger/sample.ts';
import { readCondition } from '../../analysis/alarm/expression.ts';
import { addressOf } from '../http/address.ts';
import { readPage } from '../http/read-page.ts';
import { RequestError } from '../http/request-error.ts';
import type { PrometheusClient } from './client.ts';

/** It answers from memory, within milliseconds. */
const RESPONSE_TIMEOUT_MS = 3_000;
/** Releases before 2.43 ignore the filter by name and answer with all rules: 1,000 with their annotations. */
const MAX_RESPONSE_BYTES = 4 * 1024 ** 2;

interface ApiRule {
  type?: string;
  name?: string;
  query?: string;
  labels?: Record<string, string>;
  health?: string;
  lastError?: string;
  lastEvaluation?: string;
  alerts?: { labels?: Record<string, string>; state?: string }[];
}

export interface RulesQuestion {
  url: string;
  alert: string;
  client: PrometheusClient;
  signal: AbortSignal;
}

/** Throws RequestError, or the reason of `signal`. */
export async function readAlertingRules({ url, alert, client, signal }: RulesQuestion): Promise<FoundRule[]> {
  const query = new URLSearchParams({ type: 'alert', 'rule_name[]': alert });
  const address = `${url.replace(/\/$/, '')}/api/v1/rules?${query.toString()}`;
  const unusable = (reason: string) => new RequestError(addressOf(url).host, reason);
  const [body, clock] = await Promise.all([
    readPage({ url: address, timeoutMs: RESPONSE_TIMEOUT_MS, limitBytes: MAX_RESPONSE_BYTES, signal }),
    client.clock(),
  ]);
  const all = rulesIn(new TextDecoder().decode(body));
  if (all === null) throw unusable('the response is not that of the rules API of Prometheus');
  if (!clock.ok) throw unusable(clock.message);
  const named = all.filter(({ type, name }) => type === 'alerting' && name === alert);
  return Promise.all(
    named.map(async ({ labels = {}, query: expression = '', health = 'unknown', lastError = '', lastEvaluation, alerts = [] }) => ({
      labels,
      health,
      error: lastError,
      ageMs: ageOf(lastEvaluation, clock.value.theirsS),
      alerts: alerts.map((each) => ({ labels: each.labels ?? {}, state: each.state ?? 'unknown' })),
      missingMetric: await missingMetric(expression),
    })),
  );

  /** A rule on a metric that nothing exports is evaluated without error, and never fires. */
  async function missingMetric(expression: string): Promise<string | null> {
    const reading = readCondition(expression);
    const metric = reading.ok ? reading.condition.metric : null;
    if (metric === null) return null;
    const answer = await client.vector(`count({__name__=${JSON.stringify(metric)}})`);
    if (!answer.ok) throw unusable(answer.message);
    return answer.value.length === 0 ? metric : null;
  }
}

/** A rule that was never evaluated has the year 1. */
function ageOf(lastEvaluation: string | undefined, nowS: number): number | null {
  const atMs = Date.parse(lastEvaluation ?? '');
  return Number.isFinite(atMs) && atMs > 0 ? Math.max(0, 1_000 * nowS - atMs) : null;
}

function rulesIn(text: string): ApiRule[] | null {
  try {
    const body = JSON.parse(text) as { status?: string; data?: { groups?: { rules?: ApiRule[] }[] } } | null;
    if (body?.status !== 'success') return null;
    return body.data?.groups?.flatMap(({ rules = [] }) => rules) ?? null;
  } catch {
    // A proxy's page: the caller reports it.
    return null;
  }
}
