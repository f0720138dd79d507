import type { Environment, SecretReference } from '../../release/environment.ts';
import type { Announcement, BookkeepingActivities } from '../bookkeeping-contract.ts';
import { readSecret } from '../secret.ts';
import { sendWebhook } from './webhook.ts';

export interface NotifyDependencies {
  environment: Environment;
  environmentFolder: string;
  now?: () => Date;
}

/** Tells each target once; one that cannot be told is answered with the reason and does not keep the others from being told. */
export function createNotifyActivities({
  environment,
  environmentFolder,
  now = () => new Date(),
}: NotifyDependencies): Pick<BookkeepingActivities, 'notify'> {
  const read = (reference: SecretReference | { value: string }) => readSecret(reference, environmentFolder);
  const tell = async (target: string, announcement: Announcement): Promise<void> => {
    const notifier = Object.hasOwn(environment.spec.notify, target) ? environment.spec.notify[target] : undefined;
    if (!notifier) throw new Error(`the environment file names no way to tell ${target}`);
    await sendWebhook(
      { url: await read(notifier.url), ...(notifier.secret ? { secret: await read(notifier.secret) } : {}) },
      announcement,
      now(),
    );
  };
  return {
    async notify(announcement) {
      const failed = await Promise.all(
        announcement.targets.map((target) =>
          tell(target, announcement).then(
            () => [],
            (error: unknown) => [{ target, sentence: error instanceof Error ? error.message : String(error) }],
          ),
        ),
      );
      return failed.flat();
    },
  };
}
