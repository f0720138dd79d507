// Tells people. What may pass is tried again by Temporal, which waits without holding a worker or the clock of a rehearsal.
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Environment, SecretReference } from '../../release/environment.ts';
import type { Announcement, BookkeepingActivities } from '../bookkeeping-contract.ts';
import { named } from '../refusal.ts';
import { readSecret } from '../secret.ts';
import { NotToldYet, sendWebhook } from './webhook.ts';

/**
 * Six minutes of waits between them: longer than a receiver restarts, is rolled out or limits the rate. Not longer, for the end of a countdown,
 * and with it the next one of the same name, waits until its last message is told or given up.
 */
const TRIES = 12;
/** Three seconds: whoever rehearses sits before the screen, and rehearses again. */
const TRIES_IN_REHEARSAL = 3;
/** Before the second try, then doubled, up to a minute: the first rides out a blip, the last spares a receiver that has many to serve. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

export interface NotifyDependencies {
  environment: Environment;
  environmentFolder: string;
  now?: () => Date;
  withinMs?: number;
  attempt?: () => NotifyAttempt;
}

/** A target that is not tried again. */
export interface Settled {
  target: string;
  /** Why it cannot be told; absent where it was. */
  sentence?: string;
}

/** What an attempt knows of those before it. */
export interface NotifyAttempt {
  /** From 1. */
  number: number;
  /** What earlier attempts settled before they failed or died. */
  settled: readonly Settled[];
  /** Keeps what is settled, for an attempt that may follow. */
  keep(settled: readonly Settled[]): void;
}

/**
 * In heartbeat details: the SDK sends the last ones before it reports a failure, and the server hands them to the next attempt. A worker that is
 * killed within a second of telling a target tells it twice, with the same id.
 */
function runningAttempt(): NotifyAttempt {
  const { info, heartbeat } = Context.current();
  const details: unknown = info.heartbeatDetails;
  return { number: info.attempt, settled: Array.isArray(details) ? (details as Settled[]) : [], keep: (settled) => heartbeat(settled) };
}

/**
 * Tells each target once, over all attempts. Fails (`NotToldYet`) as long as one is not told that may be told later, and says when to try again;
 * answers who could not be told, with the last reason, when nothing is left to try.
 */
export function createNotifyActivities({
  environment,
  environmentFolder,
  now = () => new Date(),
  withinMs,
  attempt = runningAttempt,
}: NotifyDependencies): Pick<BookkeepingActivities, 'notify'> {
  const read = (reference: SecretReference | { value: string }) => readSecret(reference, environmentFolder);
  const tell = async (target: string, announcement: Announcement): Promise<void> => {
    const notifier = named(environment.spec.notify, 'notification target', target);
    await sendWebhook(
      { url: await read(notifier.url), ...(notifier.secret ? { secret: await read(notifier.secret) } : {}) },
      { ...announcement, ...linksOf(environment, announcement) },
      now(),
      withinMs,
    );
  };
  return {
    async notify(announcement) {
      const { number, settled: before, keep } = attempt();
      const settled = [...before];
      const later: Required<Settled>[] = [];
      const settle = (one: Settled): void => {
        settled.push(one);
        keep([...settled]);
      };
      await Promise.all(
        announcement.targets
          .filter((target) => !before.some((one) => one.target === target))
          .map((target) =>
            tell(target, announcement).then(
              () => settle({ target }),
              (error: unknown) => {
                const sentence = error instanceof Error ? error.message : String(error);
                if (error instanceof NotToldYet) later.push({ target, sentence });
                else settle({ target, sentence });
              },
            ),
          ),
      );
      if (later.length > 0 && number < (announcement.rehearsal ? TRIES_IN_REHEARSAL : TRIES)) throw notToldYet(later, number);
      const never = settled.flatMap(({ target, sentence }) => (sentence === undefined ? [] : [{ target, sentence }]));
      return [...never, ...later.map(({ target, sentence }) => ({ target, sentence: `${sentence} (tried ${number} times)` }))];
    },
  };
}

/** Seen with the pending activity of the countdown until the next try. */
function notToldYet(later: readonly Required<Settled>[], number: number): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'NotToldYet',
    message: later.map(({ target, sentence }) => `${target}: ${sentence}`).join('; '),
    nextRetryDelay: Math.min(FIRST_WAIT_MS * 2 ** (number - 1), LONGEST_WAIT_MS),
  });
}

function linksOf({ spec: { page } }: Environment, { release }: Announcement): Pick<Announcement, 'links'> {
  return page === undefined ? {} : { links: { page: `${page.replace(/\/$/u, '')}/r/${encodeURIComponent(release)}` } };
}
