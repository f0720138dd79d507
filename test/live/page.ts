// The table of live faults, as the program prints it and as docs/explanation/live-faults.md keeps it.
import { availableParallelism } from 'node:os';
import { LIVE_DEADLINE_S, TRAFFIC_PER_SECOND } from './faults.ts';
import { ALERT_WITHIN_S, type AlertRow } from './alert.ts';
import { BAKE_S } from './launch.ts';
import type { Row } from './measure.ts';
import type { NoisyRow } from './noise.ts';

const seconds = (value: number | null): string => (value === null ? 'none' : value.toFixed(1));
const verdictOf = ({ failed }: Row): string => (failed.length === 0 ? 'ok' : `FAILED: ${failed.join(', ')}`);

/** One line of the terminal. */
export const rowLine = (row: Row): string =>
  `${row.id.padEnd(3)}${row.what.padEnd(46)} message ${seconds(row.messageS).padStart(5)}  write ${seconds(row.writeS).padStart(5)}  ${row.limit.padEnd(32)} ${row.ending.padEnd(12)} ${verdictOf(row)}`;

/** The page; `alert` and `noisy` are null where they were not measured. */
export function markdown(rows: readonly Row[], alert: AlertRow | null, noisy: readonly NoisyRow[] | null): string {
  return `<!-- Written by npm run live-faults; do not edit. -->

# Faults of a version that is live

How long it takes from a fault to the first message to people and to the first write of the rollback. The candidate of the
[lab](../how-to/use-the-lab.md) is launched and guarded with ${TRAFFIC_PER_SECOND} requests/s of traffic, bake ${BAKE_S} s, \`liveDeadline\` ${LIVE_DEADLINE_S} s, samples every 2 s. The
fault is armed in the running pods at a known time. The receiver of the webhook records when the message arrives, the API server's audit log when the write does.

    ./scripts/lab up && npm run live-faults -- --noise --write

${rows.filter(({ failed }) => failed.length === 0).length} of ${rows.length} within their limits (${new Date().toISOString().slice(0, 10)}, one machine with ${availableParallelism()} processors for the whole lab).

| fault | seconds to the message | seconds to the first write | limit | ended as | |
|---|---|---|---|---|---|
${rows.map((row) => `| ${row.what} | ${seconds(row.messageS)} | ${seconds(row.writeS)} | ${row.limit} | ${row.ending} | ${verdictOf(row)} |`).join('\n')}
${alert === null ? '' : alertText(alert)}${noisy === null ? '' : noiseTable(noisy)}`;
}

const alertText = ({ alertS, ending, ok }: AlertRow): string => `
## Nobody watches

The only worker of a live version is stopped (SIGSTOP). The alert \`TminusLiveVersionUnwatched\` of the real Prometheus fired after ${seconds(alertS)} s, limit
${ALERT_WITHIN_S} s; once the worker went on, the countdown ended as \`${ending}\`: ${ok ? 'ok' : 'FAILED'}.
`;

const noiseTable = (noisy: readonly NoisyRow[]): string => `
## Noise of a healthy launch

${noisy.filter(({ ok }) => ok).length} of ${noisy.length} healthy launches with one disturbance each ended \`launched\`, without a decision.

| disturbance | ended as |
|---|---|
${noisy.map(({ what, ending }) => `| ${what} | ${ending} |`).join('\n')}
`;
