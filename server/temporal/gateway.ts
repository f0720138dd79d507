// Implements `Countdowns` with Temporal. Only `gateway*.ts` and their imports call Temporal; the rest of server/ uses `Countdowns`.
import type { Client } from '@temporalio/client';
import { countdownId } from '../../release/countdown-id.ts';
import { CountdownFailure, type Countdowns } from './countdowns.ts';
import { actionsOf } from './gateway-actions.ts';
import { READ_TIMEOUT_MS, temporalCalls } from './gateway-calls.ts';
import { readingOf } from './gateway-reading.ts';
import { runsOf } from './gateway-runs.ts';
import { startCountdown } from './gateway-start.ts';
import { letRun } from './virtual-time.ts';

// A ping takes milliseconds, a first connection with TLS some 100 ms.
const PING_TIMEOUT_MS = 2_000;
// Last messages take seconds, or six minutes if a receiver is down; a start waits for the common case.
const CLOSING_TIMEOUT_MS = 20_000;

export interface GatewayOptions {
  client: Client;
  /** Client for virtual time; without it, rehearsals are refused. */
  rehearsalClient?: Client;
  pingTimeoutMs?: number;
  /** Rows per page of the list. */
  pageRows?: number;
  /** Maximum wait of a start for an ended countdown with the same name to close. */
  closingTimeoutMs?: number;
}

/** Every modelled failure is a `CountdownFailure`. */
export function temporalGateway({
  client,
  rehearsalClient,
  pingTimeoutMs = PING_TIMEOUT_MS,
  closingTimeoutMs = CLOSING_TIMEOUT_MS,
  pageRows,
}: GatewayOptions): Countdowns {
  const calls = temporalCalls(client, pingTimeoutMs);
  return {
    async start(input) {
      const starter = input.rehearsal ? rehearsalClient : client;
      if (!starter)
        throw new CountdownFailure(
          'Refused',
          'this server cannot run rehearsals: no Temporal server with time skipping is configured',
          'use `tminus rehearse`',
        );
      return await startCountdown(calls, starter, input, closingTimeoutMs);
    },

    ...actionsOf(calls),
    ...readingOf(calls, pageRows),
    ...runsOf(calls),

    async advance(release, aheadMs) {
      const { rehearsal } = await this.status(release);
      if (!rehearsal)
        throw new CountdownFailure(
          'Refused',
          `${release} is not a rehearsal: its clock is real time`,
          '`tminus rehearse` runs on virtual time',
        );
      await calls.ask(release, `running the clock of ${release} ahead`, READ_TIMEOUT_MS, () =>
        letRun(client, countdownId(release), aheadMs),
      );
    },
  };
}
