import { createHash, timingSafeEqual } from 'node:crypto';
import type { Environment, SecretReference } from '../../release/environment.ts';
import { readSecret } from '../secret.ts';

/** The bridge is not configured so that it could run safely; the message includes the hint. */
export class BridgeRefused extends Error {
  override readonly name = 'BridgeRefused';
}

/** A shorter one could be guessed over a network, and an empty file would let everybody in. */
const MIN_TOKEN_LENGTH = 16;

const LOOPBACK: readonly string[] = ['127.0.0.1', '::1', '[::1]', 'localhost'];
/** Whether only this machine reaches a listen address, or means it with a host in a URL. */
export const isLoopback = (host: string): boolean => LOOPBACK.includes(host);

/** Null for a request that may write to the chats, else why not. Throws BridgeRefused where the token cannot be read. @param host of the requested URL */
export type Authenticate = (request: { authorization?: string | undefined; host: string }) => Promise<string | null>;

const UNAUTHORIZED = 'the bearer token is missing or wrong; set http_config.authorization of the webhook in Alertmanager';

/**
 * The rule of `spec.alertBridge`. A token is read at each request, so that a new one in the file takes effect. Without a token a request must name
 * loopback as its host: the name of another site may lead here (DNS rebinding).
 */
export function bridgeAuthentication({ token }: NonNullable<Environment['spec']['alertBridge']>, environmentFolder: string): Authenticate {
  if (token === undefined)
    return async ({ host }) => (isLoopback(host) ? null : 'without a token the bridge responds only to loopback hosts');
  return async ({ authorization = '' }) => {
    const expected = await readToken(token, environmentFolder);
    const [, sent] = /^Bearer +(\S+)$/iu.exec(authorization) ?? [];
    return sent !== undefined && timingSafeEqual(sha256(sent), sha256(expected)) ? null : UNAUTHORIZED;
  };
}

async function readToken(reference: SecretReference, environmentFolder: string): Promise<string> {
  const token = await readSecret(reference, environmentFolder).catch((error: Error) => {
    throw new BridgeRefused(`the token of spec.alertBridge cannot be read: ${error.message}`);
  });
  if (token.length >= MIN_TOKEN_LENGTH) return token;
  throw new BridgeRefused(`the token of spec.alertBridge has ${token.length} characters, at least ${MIN_TOKEN_LENGTH} are required`);
}

/** Of equal length, so that the comparison takes the same time for every token. */
const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
