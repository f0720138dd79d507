// Sends announcements to notification targets. Temporal retries failed deliveries, without blocking a worker or the clock of a rehearsal.
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Environment } from '../../release/environment.ts';
import type { Announcement, BookkeepingActivities, Undelivered } from '../bookkeeping-contract.ts';
import { announcementMessage } from './announcement-message.ts';
import { deliver, NotDelivered } from './deliver.ts';
import { configuredTarget } from './configured-target.ts';

/**
 * Six minutes in all: longer than a receiver's restart or rollout. Not longer, because the end of a countdown, and the next one of the same name,
 * waits for its last message. A receiver may ask for longer waits (`Retry-After`, rate limits of chat services), up to 2 minutes each and 22 in all:
 * DingTalk blocks a robot for about ten minutes.
 */
const LIMITS = { tries: 12, maxAskedWaitMs: 120_000 };
/** Three seconds in all, six if the receiver asks for it: the person who rehearses is waiting. */
const LIMITS_IN_REHEARSAL = { tries: 3, maxAskedWaitMs: 3_000 };
/** Doubled after each try up to a minute: short for a blip, long for an overloaded receiver. */
const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 60_000;

export interface NotifyDependencies {
  environment: Environment;
  environmentFolder: string;
  now?: () => Date;
  timeoutMs?: number;
  attempt?: () => NotifyAttempt;
}

/** A target that is not retried. */
export interface Settled {
  target: string;
  /** Why delivery failed; absent after a delivery. */
  message?: string;
}

/** One attempt of the activity, with the state of those before it. */
export interface NotifyAttempt {
  /** From 1. */
  number: number;
  /** Targets that earlier attempts settled. */
  settled: readonly Settled[];
  /** Saves the settled targets for the next attempt. */
  keep(settled: readonly Settled[]): void;
}

/**
 * State in heartbeat details: the SDK sends the last ones before it reports a failure, and the next attempt reads them. A worker that is killed within
 * a second after a delivery causes a second one, with the same id.
 */
function runningAttempt(): NotifyAttempt {
  const { info, heartbeat } = Context.current();
  const details: unknown = info.heartbeatDetails;
  return { number: info.attempt, settled: Array.isArray(details) ? (details as Settled[]) : [], keep: (settled) => heartbeat(settled) };
}

/**
 * Sends to each target once, over all attempts. Fails (`NotDelivered`, with the retry delay) while a retry may still deliver to some target; then
 * returns the targets without a delivery, with the last reason.
 */
export function createNotifyActivities({
  environment,
  environmentFolder,
  now = () => new Date(),
  timeoutMs,
  attempt = runningAttempt,
}: NotifyDependencies): Pick<BookkeepingActivities, 'notify'> {
  const send = async (name: string, announcement: Announcement): Promise<void> => {
    const { provider, target } = await configuredTarget(environment, environmentFolder, name);
    const message = announcementMessage({ ...announcement, ...linksOf(environment, announcement) });
    await deliver(provider, target, message, { now: now(), timeoutMs });
  };
  return {
    async notify(announcement) {
      const { number, settled: before, keep } = attempt();
      const settled = [...before];
      const retryable: Retryable[] = [];
      const settle = (one: Settled): void => {
        settled.push(one);
        keep([...settled]);
      };
      await Promise.all(
        announcement.targets
          .filter((target) => !before.some((one) => one.target === target))
          .map((target) =>
            send(target, announcement).then(
              () => settle({ target }),
              (error: unknown) => {
                const message = error instanceof Error ? error.message : String(error);
                if (error instanceof NotDelivered) retryable.push({ target, message, askedWaitMs: error.afterMs ?? 0 });
                else settle({ target, message });
              },
            ),
          ),
      );
      const { tries, maxAskedWaitMs } = announcement.rehearsal ? LIMITS_IN_REHEARSAL : LIMITS;
      if (retryable.length > 0 && number < tries) throw notDelivered(retryable, number, maxAskedWaitMs);
      const failed = settled.flatMap(({ target, message }) => (message === undefined ? [] : [{ target, message }]));
      return [...failed, ...retryable.map(({ target, message }) => ({ target, message: `${message} (tried ${number} times)` }))];
    },
  };
}

interface Retryable extends Undelivered {
  /** 0 where the receiver asks for none. */
  askedWaitMs: number;
}

/**
 * Shown with the pending activity of the countdown until the next try. Of several targets the shortest asked wait counts: one that is throttled for
 * minutes must not delay the message to another.
 */
function notDelivered(retryable: readonly Retryable[], number: number, maxAskedWaitMs: number): ApplicationFailure {
  const ownWaitMs = Math.min(FIRST_WAIT_MS * 2 ** (number - 1), MAX_WAIT_MS);
  return ApplicationFailure.create({
    type: 'NotDelivered',
    message: retryable.map(({ target, message }) => `${target}: ${message}`).join('; '),
    nextRetryDelay: Math.max(ownWaitMs, Math.min(maxAskedWaitMs, ...retryable.map(({ askedWaitMs }) => askedWaitMs))),
  });
}

function linksOf({ spec: { page } }: Environment, { release }: Announcement): Pick<Announcement, 'links'> {
  return page === undefined ? {} : { links: { page: `${page.replace(/\/$/u, '')}/r/${encodeURIComponent(release)}` } };
}
