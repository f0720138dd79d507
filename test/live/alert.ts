// Whether somebody notices that nobody watches: the only worker of a live version stands still, and the alert of the real Prometheus has to fire.
import { resolve } from 'node:path';
import { firingAlert, prometheusProcess } from '../../activities/testing/prometheus-process.ts';
import { pause, type Installation } from '../e2e/installation.ts';
import { endingOf } from './launch.ts';

const RULES = resolve(import.meta.dirname, '../../deploy/prometheus/tminus-alerts.yaml');
const ALERT = 'TminusLiveVersionUnwatched';
/** The rule: 45 s unseen, for 15 s; a scrape, an evaluation and the last second of watching come on top. */
export const ALERT_WITHIN_S = 75;
const POLL_MS = 500;
const ENDED_TIMEOUT_MS = 180_000;

export interface AlertRow {
  /** From the stop of the worker; null: it never fired. */
  alertS: number | null;
  ending: string;
  ok: boolean;
}

/** @param metrics host and port of the server's /metrics @param release that is guarded */
export async function measureAlert(installation: Installation, release: string, metrics: string): Promise<AlertRow> {
  const prometheus = await prometheusProcess({
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [RULES],
    scrape_configs: [{ job_name: 'tminus', static_configs: [{ targets: [metrics] }] }],
  });
  try {
    const before = await firingAlert(prometheus.url, ALERT);
    const began = Date.now();
    const worker = installation.stopWorker();
    let alertS: number | null = null;
    try {
      while (alertS === null && Date.now() - began < 2 * ALERT_WITHIN_S * 1_000) {
        await pause(POLL_MS);
        if (await firingAlert(prometheus.url, ALERT)) alertS = (Date.now() - began) / 1_000;
      }
    } finally {
      worker.goOn();
    }
    // Blind for longer than `liveDeadline`: the first thing that the worker does is to roll back.
    const ending = await endingOf(installation, release, ENDED_TIMEOUT_MS);
    return { alertS, ending, ok: before === null && alertS !== null && alertS <= ALERT_WITHIN_S && ending === 'rolled-back' };
  } finally {
    await prometheus.close();
  }
}
