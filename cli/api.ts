// The HTTP API as the CLI uses it. Every failure becomes a CliFailure with a message and a hint.
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { EXIT } from './exit-codes.ts';
import { CliFailure, failureOfEnvelope, usageFailure } from './failure.ts';
import { RequestFailed, sendRequest, type Reply } from './send-request.ts';
import { readToken } from './token.ts';

/** A start takes a lock through a worker; the server waits for it up to 30 s. */
const TIMEOUT_MS = 60_000;
/** For requests that may be repeated. */
const ATTEMPTS = 3;
const RETRY_AFTER_MS = 1_000;

export interface Api {
  get<T>(path: string): Promise<T>;
  /**
   * `twice`: the request is idempotent, so it is repeated when its outcome is unknown; `when-lost`: only if the connection broke, not after
   * a 504, for which the server has already waited.
   */
  post<T>(path: string, body: unknown, options?: { twice: Twice }): Promise<T>;
  text(path: string): Promise<string>;
  /** The body as a stream. Throws `BrokenOff` if the connection breaks in the middle. */
  bytes(path: string): AsyncIterable<Uint8Array>;
  url: string;
}

type Twice = boolean | 'when-lost';

/** The API of the server in `--server` or TMINUS_SERVER, with the user's token. */
export function connect(command: Command): Api {
  return connectAs(command, readToken(command.optsWithGlobals<{ tokenFile?: string }>().tokenFile));
}

/** The same, with this token. */
export const connectAs = (command: Command, token: string): Api => api(serverUrl(command), token);

/** Without a trailing slash. */
export function serverUrl(command: Command): string {
  const { server } = command.optsWithGlobals<{ server: string }>();
  const url = URL.canParse(server) ? new URL(server) : null;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw usageFailure(`--server: "${server}" is not a URL`, 'write it as http://127.0.0.1:7480');
  if (url.username !== '' || url.password !== '')
    throw usageFailure('--server: the address contains a user name or password', 'the token is the only credential: see `tminus login`');
  return server.replace(/\/+$/, '');
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/;

/** Hint for a server that does not respond. One on this machine can be started. */
export const startHint = (url: string): string =>
  LOOPBACK.test(new URL(url).hostname)
    ? 'start it with `tminus dev`, or set --server or TMINUS_SERVER'
    : 'check that it runs and that this machine reaches it, or set --server or TMINUS_SERVER';

/** Path of a countdown, or of a resource under it. */
export const countdownPath = (countdown: string, under = ''): string => `/api/v1/countdowns/${encodeURIComponent(countdown)}${under}`;

function api(url: string, token: string): Api {
  const call = async (path: string, options: { body?: unknown; twice: Twice }): Promise<Reply> => {
    for (let attempt = 1; ; attempt += 1) {
      const reply = await send(url, token, path, options.body);
      // 503: nothing happened. 504, or no response at all: unknown.
      const isRepeated =
        reply instanceof CliFailure
          ? reply.code === 'OutcomeUnknown' && options.twice !== false
          : reply.status === 503 || (reply.status === 504 && options.twice === true);
      if (!isRepeated || attempt === ATTEMPTS) {
        if (reply instanceof CliFailure) throw reply;
        return reply;
      }
      if (!(reply instanceof CliFailure)) reply.close();
      await new Promise((done) => setTimeout(done, RETRY_AFTER_MS * attempt));
    }
  };
  const json = async <T>(reply: Reply): Promise<T> => {
    const content = parsed(await text(unbroken(url, reply.body)));
    if (typeof content?.apiVersion !== 'string') {
      throw new CliFailure(
        'Unreachable',
        `the server at ${url} is not a Tminus server (HTTP ${reply.status})`,
        'set --server or TMINUS_SERVER',
        EXIT.unexpected,
      );
    }
    if (!reply.ok) throw failureOfEnvelope(content);
    return content as T;
  };
  return {
    url,
    get: async (path) => json(await call(path, { twice: true })),
    post: async (path, body, { twice } = { twice: false }) => json(await call(path, { body, twice })),
    text: async (path) => {
      const reply = await call(path, { twice: true });
      return reply.ok ? text(unbroken(url, reply.body)) : json<string>(reply);
    },
    async *bytes(path) {
      const reply = await call(path, { twice: true });
      if (!reply.ok) await json(reply);
      yield* unbroken(url, reply.body);
    },
  };
}

/** The response, or a failure: `Unreachable` if nothing was sent, `OutcomeUnknown` if it may have been. */
async function send(url: string, token: string, path: string, body: unknown): Promise<Reply | CliFailure> {
  try {
    return await sendRequest({ url: `${url}${path}`, json: body, headers: { authorization: `Bearer ${token}` }, timeoutMs: TIMEOUT_MS });
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    if (error.neverSent)
      return new CliFailure('Unreachable', `the server at ${url} does not respond: ${error.message}`, startHint(url), EXIT.unexpected);
    return new CliFailure(
      'OutcomeUnknown',
      `the server at ${url} did not respond: ${error.message}`,
      body === undefined ? 'try again: the request changes nothing' : '`tminus status` shows whether it took effect',
      EXIT.unexpected,
    );
  }
}

/** The same chunks; throws `BrokenOff` if the connection breaks. */
async function* unbroken(url: string, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    const message = `the response of the server at ${url} is incomplete: ${error.message}`;
    throw new CliFailure('BrokenOff', message, 'the server log has the reason', EXIT.unexpected);
  }
}

type Envelope = Parameters<typeof failureOfEnvelope>[0] & { apiVersion?: string };

function parsed(body: string): Envelope | null {
  try {
    return JSON.parse(body) as Envelope | null;
  } catch {
    // Not JSON, so not a Tminus server: the caller reports it.
    return null;
  }
}
