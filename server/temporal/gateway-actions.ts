// Actions of people: a signed action is an Update with a result, a hold or an abort is a Signal without one.
import type { Phase } from '../../verdict/can.ts';
import type { Action, ActionRequest } from '../../verdict/action.ts';
import { explainCan } from '../../verdict/can.ts';
import { abortSignal, actionUpdate, holdSignal } from '../../workflows/messages.ts';
import { CountdownFailure, type Countdowns, type Handed } from './countdowns.ts';
import { releaseOfCountdown } from '../../release/countdown-id.ts';
import { summaryOf } from './execution.ts';
import { ACTION_TIMEOUT_MS, READ_TIMEOUT_MS, type TemporalCalls } from './gateway-calls.ts';

export function actionsOf({ client, ask, describe }: TemporalCalls): Pick<Countdowns, 'submit' | 'hold' | 'abort'> {
  /** Temporal reports an ended countdown as not found; it is refused as ended instead. */
  async function send<T>(
    request: Pick<ActionRequest, 'action' | 'countdown'>,
    doing: string,
    timeoutMs: number,
    call: () => Promise<T>,
  ): Promise<T> {
    const release = releaseOfCountdown(request.countdown);
    try {
      return await ask(release, `${doing} ${release}`, timeoutMs, call);
    } catch (error) {
      if (!(error instanceof CountdownFailure) || error.code !== 'NotFound') throw error;
      // Throws NotFound again if there never was one.
      const { status } = await describe(release, `${doing} ${release}`);
      if (status.name === 'RUNNING') throw error;
      throw tooLate(request.action, release, 'ended');
    }
  }

  /**
   * Temporal accepts a Signal also for a countdown that has ended and only sends its last messages. The phase is read from its search attribute,
   * so that a hold needs no worker.
   */
  async function assertPossible({ action, countdown }: Handed): Promise<void> {
    const release = releaseOfCountdown(countdown);
    const described = await describe(release, `reading the phase of ${release}`);
    const { phase } = summaryOf(described);
    const now = described.status.name === 'RUNNING' ? (phase ?? 'opening') : 'ended';
    if (explainCan(action, now) !== null) throw tooLate(action, release, now);
  }

  return {
    submit: (request, signed) =>
      send(request, `sending ${request.action} to`, ACTION_TIMEOUT_MS, () =>
        client.workflow.getHandle(request.countdown).executeUpdate(actionUpdate, { args: [signed], updateId: request.id }),
      ),

    async hold(request) {
      await assertPossible(request);
      await send(request, 'holding', READ_TIMEOUT_MS, () =>
        client.workflow.getHandle(request.countdown).signal(holdSignal, { reason: request.comment, by: request.principal }),
      );
    },

    async abort(request) {
      await assertPossible(request);
      const aborted = client.workflow.getHandle(request.countdown);
      // The Signal with principal and reason first: history keeps this order, so the ending has the reason.
      await send(request, 'aborting', READ_TIMEOUT_MS, () =>
        aborted.signal(abortSignal, { reason: request.comment, by: request.principal }),
      );
      // Countdowns of older workers need the cancellation too. An already ended countdown is the wanted result.
      await send(request, 'aborting', READ_TIMEOUT_MS, () => aborted.cancel()).catch((error: unknown) => {
        if (!(error instanceof CountdownFailure && error.code === 'Refused')) throw error;
      });
    },
  };
}

const tooLate = (action: Action, release: string, phase: Phase): CountdownFailure =>
  new CountdownFailure(
    'Refused',
    explainCan(action, phase) ?? `${release} has ended`,
    phase === 'ended' ? `\`tminus explain ${release}\` shows how it ended` : `\`tminus status ${release}\` shows its current state`,
  );
