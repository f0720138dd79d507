// HTTP requests of the command line. Redirects are not followed, because the token is for one server. Proxies are not used.
import type { Readable } from 'node:stream';

export interface RequestToSend {
  url: string;
  /** Sent by POST as JSON; without it the request is a GET. */
  json?: unknown;
  headers?: Readonly<Record<string, string>>;
  /** Until the last byte of the response. */
  timeoutMs: number;
}

export interface Reply {
  status: number;
  /** True for 2xx. */
  ok: boolean;
  /** Throws RequestFailed if the connection breaks or the timeout passes. */
  body: AsyncIterable<Uint8Array>;
  /** Closes the connection; for a caller that does not read the body. */
  close(): void;
}

/** No response, or an incomplete one. Has no `cause`: the axios error contains the token. */
export class RequestFailed extends Error {
  /** The connection was never made, so the server has received nothing. */
  readonly neverSent: boolean;

  constructor(reason: string, neverSent: boolean) {
    super(reason);
    this.name = 'RequestFailed';
    this.neverSent = neverSent;
  }
}

/** Codes of connections that were never made. */
const NEVER_SENT: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH']);

/** Sends one request; a response has any status. Throws RequestFailed, whose message is `connect ECONNREFUSED 127.0.0.1:7480` and the like. */
export async function sendRequest({ url, json, headers = {}, timeoutMs }: RequestToSend): Promise<Reply> {
  // Loaded here, because it takes longer to load than all other modules of `tminus --version`.
  const { default: axios } = await import('axios');
  const timeout = AbortSignal.timeout(timeoutMs);
  const failure = (cause: unknown): RequestFailed =>
    timeout.aborted
      ? new RequestFailed(`timed out after ${timeoutMs / 1_000} s`, false)
      : new RequestFailed(reasonOf(cause), isNeverSent(cause));
  const { status, data } = await axios
    .request<Readable>({
      adapter: 'http',
      responseType: 'stream',
      maxRedirects: 0,
      proxy: false,
      validateStatus: () => true,
      url,
      method: json === undefined ? 'GET' : 'POST',
      headers: { accept: '*/*', 'user-agent': 'tminus', ...headers },
      data: json,
      signal: timeout,
    })
    .catch((cause: unknown) => {
      throw failure(cause);
    });
  return { status, ok: status >= 200 && status <= 299, body: chunksOf(data), close: () => void data.destroy() };

  async function* chunksOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* stream;
    } catch (cause) {
      throw failure(cause);
    }
  }
}

const isNeverSent = (cause: unknown): boolean => NEVER_SENT.has(String((cause as { code?: unknown } | null)?.code));

/** Message of the system error, or of all of them if the host has several addresses. */
function reasonOf(cause: unknown): string {
  const message = (cause as { message?: string } | null)?.message || String(cause);
  return BROKEN.get(message) ?? message;
}

/** Node messages that need a clearer text. */
const BROKEN: ReadonlyMap<string, string> = new Map([
  ['socket hang up', 'the connection was closed before a response'],
  ['aborted', 'the connection was closed in the middle of the response'],
]);
