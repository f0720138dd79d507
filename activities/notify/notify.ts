import { Context } from '@temporalio/activity';
import type { Environment, SecretReference } from '../../release/environment.ts';
import type { Announcement, BookkeepingActivities } from '../bookkeeping-contract.ts';
import { readSecret } from '../secret.ts';
import { sendWebhook } from './webhook.ts';

export interface NotifyDependencies {
  environment: Environment;
  environmentFolder: string;
  now?: () => Date;
  withinMs?: number;
  attempt?: () => NotifyAttempt;
}

/** What an attempt knows of those before it. */
export interface NotifyAttempt {
  /** Targets that an earlier attempt told before it died. */
  told: readonly string[];
  /** Keeps who was told, for an attempt that may follow. */
  keep(told: readonly string[]): void;
}

/** In heartbeat details: the server hands the last ones to the next attempt. A worker that dies in the same second tells one target twice, with the same id. */
function runningAttempt(): NotifyAttempt {
  const context = Context.current();
  const details: unknown = context.info.heartbeatDetails;
  return { told: Array.isArray(details) ? (details as string[]) : [], keep: (told) => context.heartbeat(told) };
}

/** Tells each target once, over all attempts; one that cannot be told is answered with the reason and does not keep the others from being told. */
export function createNotifyActivities({
  environment,
  environmentFolder,
  now = () => new Date(),
  withinMs,
  attempt = runningAttempt,
}: NotifyDependencies): Pick<BookkeepingActivities, 'notify'> {
  const read = (reference: SecretReference | { value: string }) => readSecret(reference, environmentFolder);
  const tell = async (target: string, announcement: Announcement): Promise<void> => {
    const notifier = Object.hasOwn(environment.spec.notify, target) ? environment.spec.notify[target] : undefined;
    if (!notifier) throw new Error(`the environment file names no way to tell ${target}`);
    await sendWebhook(
      { url: await read(notifier.url), ...(notifier.secret ? { secret: await read(notifier.secret) } : {}) },
      { ...announcement, ...linksOf(environment, announcement) },
      now(),
      withinMs,
    );
  };
  return {
    async notify(announcement) {
      const { told: before, keep } = attempt();
      const told = [...before];
      const failed = await Promise.all(
        announcement.targets
          .filter((target) => !before.includes(target))
          .map((target) =>
            tell(target, announcement).then(
              () => {
                told.push(target);
                keep([...told]);
                return [];
              },
              (error: unknown) => [{ target, sentence: error instanceof Error ? error.message : String(error) }],
            ),
          ),
      );
      return failed.flat();
    },
  };
}

function linksOf({ spec: { page } }: Environment, { release }: Announcement): Pick<Announcement, 'links'> {
  return page === undefined ? {} : { links: { page: `${page.replace(/\/$/u, '')}/r/${encodeURIComponent(release)}` } };
}
