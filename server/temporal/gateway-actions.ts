// What people ask of a running countdown: a signed act is an Update and answered, a hold or an abort is a Signal and only handed over.
import type { Action, ActionRequest } from '../../verdict/action.ts';
import { explainCan } from '../../verdict/can.ts';
import { abortSignal, actionUpdate, holdSignal, type Phase } from '../../workflows/messages.ts';
import { CountdownFailure, type Countdowns, type Handed } from './countdowns.ts';
import { releaseOfCountdown } from '../../release/countdown-id.ts';
import { summaryOf } from './execution.ts';
import { ACTION_TIMEOUT_MS, READ_TIMEOUT_MS, type TemporalCalls } from './gateway-calls.ts';

export function actionsOf({ client, ask, describe }: TemporalCalls): Pick<Countdowns, 'act' | 'hold' | 'abort'> {
  /** Temporal reports a countdown that has ended as not found. People would read that as one that never was, so it is refused as ended. */
  async function send<T>(
    act: Pick<ActionRequest, 'action' | 'countdown'>,
    doing: string,
    timeoutMs: number,
    call: () => Promise<T>,
  ): Promise<T> {
    const release = releaseOfCountdown(act.countdown);
    try {
      return await ask(release, `${doing} ${release}`, timeoutMs, call);
    } catch (error) {
      if (!(error instanceof CountdownFailure) || error.code !== 'NotFound') throw error;
      // Throws the same sentence again where there never was one.
      const { status } = await describe(release, `${doing} ${release}`);
      if (status.name === 'RUNNING') throw error;
      throw tooLate(act.action, release, 'ended');
    }
  }

  /**
   * A Signal is accepted by whatever has the name, also by a countdown that has ended and only sends its last messages. Its phase is indexed
   * in Temporal itself, so that no worker has to answer before a hold is handed over.
   */
  async function assertPossible({ action, countdown }: Handed): Promise<void> {
    const release = releaseOfCountdown(countdown);
    const described = await describe(release, `asking for the phase of ${release}`);
    const { phase } = summaryOf(described);
    const now = described.status.name === 'RUNNING' ? (phase ?? 'opening') : 'ended';
    if (explainCan(action, now) !== null) throw tooLate(action, release, now);
  }

  return {
    act: (act, signed) =>
      send(act, `sending ${act.action} to`, ACTION_TIMEOUT_MS, () =>
        client.workflow.getHandle(act.countdown).executeUpdate(actionUpdate, { args: [signed], updateId: act.id }),
      ),

    async hold(act) {
      await assertPossible(act);
      await send(act, 'holding', READ_TIMEOUT_MS, () =>
        client.workflow.getHandle(act.countdown).signal(holdSignal, { reason: act.comment, by: act.principal }),
      );
    },

    async abort(act) {
      await assertPossible(act);
      const aborted = client.workflow.getHandle(act.countdown);
      // First who and why, then the cancellation: history keeps this order, so the countdown ends with the sentence.
      await send(act, 'aborting', READ_TIMEOUT_MS, () => aborted.signal(abortSignal, { reason: act.comment, by: act.principal }));
      // The Signal ends it by itself; a countdown of an older worker needs the cancellation, too. Finding it over is what was asked for.
      await send(act, 'aborting', READ_TIMEOUT_MS, () => aborted.cancel()).catch((error: unknown) => {
        if (!(error instanceof CountdownFailure && error.code === 'Refused')) throw error;
      });
    },
  };
}

const tooLate = (action: Action, release: string, phase: Phase): CountdownFailure =>
  new CountdownFailure(
    'Refused',
    explainCan(action, phase) ?? `${release} is over`,
    phase === 'ended' ? `\`tminus explain ${release}\` says how it ended` : `\`tminus status ${release}\` shows what it does now`,
  );
