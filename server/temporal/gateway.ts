// The countdowns as Temporal runs them: composed of how they start, what people ask of them, what people read and what Temporal reports of runs.
// Only `gateway*.ts` and what they import talk to Temporal for people. Everything else in server/ knows `Countdowns`.
import type { Client } from '@temporalio/client';
import { countdownId } from '../../workflows/messages.ts';
import { CountdownFailure, type Countdowns } from './countdowns.ts';
import { actionsOf } from './gateway-actions.ts';
import { READ_TIMEOUT_MS, temporalCalls } from './gateway-calls.ts';
import { readingOf } from './gateway-reading.ts';
import { runsOf } from './gateway-runs.ts';
import { startCountdown } from './gateway-start.ts';
import { letRun } from './virtual-time.ts';

// On one network a ping takes milliseconds, a first connection with TLS some hundred.
const PING_TIMEOUT_MS = 2_000;
// A countdown that has ended sends its last messages for seconds, and for six minutes where a receiver is away: a start waits for the first.
const CLOSING_TIMEOUT_MS = 20_000;

export interface GatewayOptions {
  client: Client;
  /** Starts on virtual time; without it this server refuses rehearsals. */
  rehearsalClient?: Client;
  pingTimeoutMs?: number;
  /** Rows of a page of the list. */
  pageRows?: number;
  /** How long a start waits for an ended countdown of the same name to close. */
  closingTimeoutMs?: number;
}

/** Countdowns as Temporal runs them. Every failure is a `CountdownFailure` with a sentence, or a bug. */
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
          'this server cannot rehearse: it has no Temporal server with time skipping',
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
          `${release} is no rehearsal: its clock is the real one`,
          '`tminus rehearse` runs on virtual time',
        );
      await calls.ask(release, `running the clock of ${release} ahead`, READ_TIMEOUT_MS, () =>
        letRun(client, countdownId(release), aheadMs),
      );
    },
  };
}
