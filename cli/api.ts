// The HTTP API as the CLI uses it. Everything that can go wrong becomes a CliFailure with a sentence.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { EXIT } from './exit-codes.ts';
import { CliFailure, failureOfEnvelope } from './failure.ts';

/** Starting a countdown takes a lock through a worker; beyond this nobody answers. */
const TIMEOUT_MS = 60_000;
/** An act whose answer was lost is sent again with the same id; it counts once. */
const ATTEMPTS = 3;
const RETRY_AFTER_MS = 1_000;
const OTHERS_MAY_READ = 0o077;

export interface Api {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  text(path: string): Promise<string>;
  /** The same server as another person. */
  as(token: string): Api;
  url: string;
}

/** The server that `--server` or TMINUS_SERVER names, as the owner of TMINUS_TOKEN or of the token file. */
export function connect(command: Command): Api {
  const { server } = command.optsWithGlobals<{ server: string }>();
  return api(server.replace(/\/$/, ''), readToken());
}

function readToken(): string {
  const given = process.env['TMINUS_TOKEN'];
  if (given) return given;
  const file = join(process.env['TMINUS_HOME'] ?? '.tminus', 'token');
  try {
    if ((statSync(file).mode & OTHERS_MAY_READ) !== 0) throw new CliFailure('NotSignedIn', `others can read the token file ${file}`, `chmod 600 ${file}`, EXIT.notSignedIn);
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    throw new CliFailure('NotSignedIn', `there is no token: neither in TMINUS_TOKEN nor in ${file}`, '`tminus dev` makes one; ask whoever runs the server for yours', EXIT.notSignedIn);
  }
}

function api(url: string, token: string): Api {
  const call = async (method: string, path: string, body?: unknown): Promise<Response> => {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await send(url, token, method, path, body);
      // 503 and 504 say that nothing or nobody knows what happened; the server takes the same id twice and counts it once.
      if ((answer.status !== 503 && answer.status !== 504) || attempt === ATTEMPTS) return answer;
      await answer.body?.cancel();
      await new Promise((again) => setTimeout(again, RETRY_AFTER_MS * attempt));
    }
  };
  const json = async <T>(answer: Response): Promise<T> => {
    const content: unknown = await answer.json().catch(() => ({}));
    if (!answer.ok) throw failureOfEnvelope(content as Parameters<typeof failureOfEnvelope>[0]);
    return content as T;
  };
  return {
    url,
    get: async (path) => json(await call('GET', path)),
    post: async (path, body) => json(await call('POST', path, body)),
    text: async (path) => {
      const answer = await call('GET', path);
      return answer.ok ? answer.text() : json<string>(answer);
    },
    as: (other) => api(url, other),
  };
}

async function send(url: string, token: string, method: string, path: string, body: unknown): Promise<Response> {
  try {
    return await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    const why = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
    throw new CliFailure('Unreachable', `the server at ${url} does not answer: ${why}`, 'start it with `tminus dev`, or name it with --server', EXIT.unexpected);
  }
}
