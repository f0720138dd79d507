// The HTTP API as the CLI uses it. Everything that can go wrong becomes a CliFailure with a sentence.
import type { Command } from 'commander';
import { EXIT } from './exit-codes.ts';
import { CliFailure, failureOfEnvelope, usageFailure } from './failure.ts';
import { readToken } from './token.ts';

/** Starting a countdown takes a lock through a worker; the server gives up after 30 s itself, and beyond this nobody answers. */
const TIMEOUT_MS = 60_000;
/** What may be sent twice is sent again when its answer was lost. */
const ATTEMPTS = 3;
const RETRY_AFTER_MS = 1_000;

export interface Api {
  get<T>(path: string): Promise<T>;
  /**
   * `twice`: the server counts the same request once, so it is sent again when it is unknown whether it arrived; `when-lost`: only where
   * the connection broke, for a server that answers that it does not know has waited itself.
   */
  post<T>(path: string, body: unknown, options?: { twice: Twice }): Promise<T>;
  text(path: string): Promise<string>;
  /** The bytes as they come; a server that breaks off is the failure `BrokenOff`, after some of them. */
  bytes(path: string): AsyncIterable<Uint8Array>;
  url: string;
}

type Twice = boolean | 'when-lost';

/** The server that `--server` or TMINUS_SERVER names, as the owner of the token. */
export function connect(command: Command): Api {
  return connectAs(command, readToken(command.optsWithGlobals<{ tokenFile?: string }>().tokenFile));
}

/** The same server as the owner of this token. */
export const connectAs = (command: Command, token: string): Api => api(serverUrl(command), token);

/** Without a slash at its end. */
export function serverUrl(command: Command): string {
  const { server } = command.optsWithGlobals<{ server: string }>();
  const url = URL.canParse(server) ? new URL(server) : null;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw usageFailure(`--server: "${server}" is not the address of a server`, 'write it as http://127.0.0.1:7480');
  return server.replace(/\/+$/, '');
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/;

/** Where nothing answers: on this machine it can be started, elsewhere somebody else runs it. */
export const startHint = (url: string): string =>
  LOOPBACK.test(new URL(url).hostname)
    ? 'start it with `tminus dev`, or name another with --server or TMINUS_SERVER'
    : 'look whether it runs, and whether this machine reaches it; --server or TMINUS_SERVER names another';

/** The path of a release, and of what lies under it. */
export const releasePath = (release: string, under = ''): string => `/api/v1/releases/${encodeURIComponent(release)}${under}`;

function api(url: string, token: string): Api {
  const call = async (method: string, path: string, options: { body?: unknown; twice: Twice }): Promise<Response> => {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await send(url, token, method, path, options.body);
      // 503: nothing happened. 504, or no answer at all: unknown.
      const again =
        answer instanceof Response
          ? answer.status === 503 || (answer.status === 504 && options.twice === true)
          : answer.code === 'OutcomeUnknown' && options.twice !== false;
      if (!again || attempt === ATTEMPTS) {
        if (answer instanceof Response) return answer;
        throw answer;
      }
      if (answer instanceof Response) await answer.body?.cancel();
      await new Promise((done) => setTimeout(done, RETRY_AFTER_MS * attempt));
    }
  };
  const json = async <T>(answer: Response): Promise<T> => {
    const content = (await answer.json().catch(() => null)) as (Parameters<typeof failureOfEnvelope>[0] & { apiVersion?: string }) | null;
    if (typeof content?.apiVersion !== 'string') {
      throw new CliFailure(
        'Unreachable',
        `what answers at ${url} is not a Tminus server (HTTP ${answer.status})`,
        'name the server with --server or TMINUS_SERVER',
        EXIT.unexpected,
      );
    }
    if (!answer.ok) throw failureOfEnvelope(content);
    return content as T;
  };
  return {
    url,
    get: async (path) => json(await call('GET', path, { twice: true })),
    post: async (path, body, { twice } = { twice: false }) => json(await call('POST', path, { body, twice })),
    text: async (path) => {
      const answer = await call('GET', path, { twice: true });
      return answer.ok ? answer.text() : json<string>(answer);
    },
    async *bytes(path) {
      const answer = await call('GET', path, { twice: true });
      if (!answer.ok || !answer.body) await json(answer);
      try {
        yield* answer.body as AsyncIterable<Uint8Array>;
      } catch (error) {
        throw new CliFailure(
          'BrokenOff',
          `the server at ${url} broke off in the middle of its answer: ${error instanceof Error ? error.message : String(error)}`,
          'the log of the server says why',
          EXIT.unexpected,
        );
      }
    },
  };
}

/** The answer, or the failure of having none: `Unreachable` where nothing was sent, `OutcomeUnknown` where it may have been. */
async function send(url: string, token: string, method: string, path: string, body: unknown): Promise<Response | CliFailure> {
  try {
    return await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // Elsewhere our token is nobody's business.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    const cause = causeOf(error);
    const why = whyNoAnswer(error);
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    // Without a code it is fetch itself that objects: to the port, to a redirect.
    const nothingSent =
      code === undefined || code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EHOSTUNREACH';
    if (nothingSent) return new CliFailure('Unreachable', `the server at ${url} does not answer: ${why}`, startHint(url), EXIT.unexpected);
    return new CliFailure(
      'OutcomeUnknown',
      `the server at ${url} gave no answer: ${why}`,
      method === 'GET' ? 'it only reads: ask again' : '`tminus status` of the countdown shows whether it counted',
      EXIT.unexpected,
    );
  }
}

/** `fetch` itself says only that it failed. */
const causeOf = (error: unknown): unknown => (error instanceof Error && error.cause instanceof Error ? error.cause : error);

/** Why an address did not answer: `connect ECONNREFUSED 127.0.0.1:9090`. */
export function whyNoAnswer(error: unknown): string {
  const cause = causeOf(error);
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
