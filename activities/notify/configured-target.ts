import type { Environment, SecretReference } from '../../release/environment.ts';
import { named } from '../refusal.ts';
import { readSecret } from '../secret.ts';
import type { NotifyTarget, Provider } from './provider.ts';
import { providers } from './providers.ts';

/** A target of the environment file with its credentials, read at each use. Throws where it is unknown, or a variable or file is missing. */
export async function configuredTarget(
  { spec }: Environment,
  environmentFolder: string,
  name: string,
): Promise<{ provider: Provider; target: NotifyTarget }> {
  const { type, url, secret } = named(spec.notify, 'notification target', name);
  const read = (reference: SecretReference | { value: string }) => readSecret(reference, environmentFolder);
  return { provider: providers[type], target: { url: await read(url), ...(secret ? { secret: await read(secret) } : {}) } };
}
