// The alerts of one name in Alertmanager (API v2).
import type { FoundAlert } from '../../analysis/trigger/sample.ts';
import { addressOf } from '../http/address.ts';
import { readPage } from '../http/read-page.ts';
import { RequestError } from '../http/request-error.ts';

/** It answers from memory, within milliseconds. */
const RESPONSE_TIMEOUT_MS = 3_000;
/** 1,000 alerts of one name, which is a storm. Every sample stores them. */
const MAX_RESPONSE_BYTES = 512 * 1024;

interface ApiAlert {
  labels?: Record<string, string>;
  status?: { state?: string; silencedBy?: string[]; inhibitedBy?: string[]; mutedBy?: string[] };
}

/** Active, silenced, inhibited and muted alerts; resolved ones are not in the list. Throws RequestError, or the reason of `signal`. */
export async function readAlerts(url: string, alert: string, signal: AbortSignal): Promise<FoundAlert[]> {
  const filter = new URLSearchParams({ filter: `alertname=${JSON.stringify(alert)}` });
  const address = `${url.replace(/\/$/, '')}/api/v2/alerts?${filter.toString()}`;
  const body = await readPage({ url: address, timeoutMs: RESPONSE_TIMEOUT_MS, limitBytes: MAX_RESPONSE_BYTES, signal });
  const found = parse(new TextDecoder().decode(body))?.map(readAlert) ?? [null];
  const alerts = found.filter((each) => each !== null);
  if (alerts.length < found.length) throw new RequestError(addressOf(url).host, 'the response is not that of the Alertmanager API');
  return alerts;
}

function readAlert({ labels, status }: ApiAlert): FoundAlert | null {
  if (labels === undefined || typeof status?.state !== 'string') return null;
  const { state, silencedBy = [], inhibitedBy = [], mutedBy = [] } = status;
  return { labels, state, silencedBy, inhibitedBy, mutedBy };
}

function parse(text: string): ApiAlert[] | null {
  try {
    const body: unknown = JSON.parse(text);
    return Array.isArray(body) ? (body as ApiAlert[]) : null;
  } catch {
    // A proxy's page: the caller reports it.
    return null;
  }
}
