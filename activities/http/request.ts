// The one way out by HTTP. Every request has a time limit up to its last byte and a size limit; redirects are not followed and proxies not used.
import { Agent as HttpAgent, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import axios, { type AxiosResponse } from 'axios';
import { reasonOf, timedOut } from '../reason-of.ts';
import { addressOf } from './address.ts';
import { RequestError } from './request-error.ts';

export interface RequestOptions {
  url: string;
  headers?: Readonly<Record<string, string>>;
  /** Left out: a request with a body is a POST, one without a GET. */
  method?: 'PUT' | 'DELETE';
  body?: string;
  /** Until the last byte of the response. */
  timeoutMs: number;
  /** Of the decompressed body. */
  limitBytes: number;
  /** Cancellation: thrown as its own reason, never as a RequestError. */
  signal?: AbortSignal | undefined;
  /** Opens a connection for this request alone, instead of reusing an idle one. */
  newConnection?: boolean;
}

export interface HttpResponse {
  status: number;
  /** Names in lower case. */
  headers: IncomingHttpHeaders;
  /** Decompressed. Throws RequestError past a limit, or where the connection breaks. Leaving the loop closes the connection. */
  body: AsyncIterable<Uint8Array>;
  /** For a caller that does not read the body: closes the connection. */
  close(): void;
}

const client = axios.create({
  adapter: 'http',
  responseType: 'stream',
  // Followed, a request would go where no configuration sends it, headers included.
  maxRedirects: 0,
  proxy: false,
  validateStatus: () => true,
  // axios would reformat a JSON body, and signatures are over its exact bytes.
  transformRequest: (body: unknown) => body,
  headers: { accept: '*/*', 'user-agent': 'tminus' },
});
const singleUse = { httpAgent: new HttpAgent(), httpsAgent: new HttpsAgent() };

/** Sends one request and gives the response once its headers are there, whatever the status. Throws RequestError, or the reason of `signal`. */
export async function request(options: RequestOptions): Promise<HttpResponse> {
  const { url, method, headers = {}, body, timeoutMs, limitBytes, signal, newConnection = false } = options;
  const { host } = addressOf(url);
  // The timeout of axios ends with the headers of a streamed response.
  const timeout = AbortSignal.timeout(timeoutMs);
  const response = await client
    .request<Readable>({
      url,
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers,
      data: body,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      ...(newConnection ? singleUse : {}),
    })
    .catch((cause: unknown) => {
      throw failure(cause);
    });
  return {
    status: response.status,
    headers: Object.fromEntries(Object.entries(response.headers)) as IncomingHttpHeaders,
    body: limited(response),
    close: () => void response.data.destroy(),
  };

  async function* limited({ data }: AxiosResponse<Readable>): AsyncGenerator<Uint8Array> {
    let sizeBytes = 0;
    try {
      for await (const chunk of data as AsyncIterable<Uint8Array>) {
        sizeBytes += chunk.byteLength;
        if (sizeBytes > limitBytes) throw new RequestError(host, `the response exceeds ${limitBytes} bytes`);
        yield chunk;
      }
    } catch (cause) {
      throw failure(cause);
    }
  }

  function failure(cause: unknown): unknown {
    if (signal?.aborted) return signal.reason;
    if (cause instanceof RequestError) return cause;
    if (timeout.aborted) return new RequestError(host, timedOut(timeoutMs));
    const reason = reasonOf(cause);
    return new RequestError(host, BROKEN.get(reason) ?? reason);
  }
}

/** Unclear messages of Node. */
const BROKEN: ReadonlyMap<string, string> = new Map([
  ['socket hang up', 'the connection was closed before a response'],
  ['aborted', 'the connection was closed in the middle of the response'],
]);

/** The whole body. */
export const wholeBody = async ({ body }: HttpResponse): Promise<Buffer> => Buffer.concat(await Array.fromAsync(body));

/** `HTTP 503`, and of a redirect where it leads: a login page in front of the service is the usual cause. */
export function statusOf({ status, headers: { location } }: Pick<HttpResponse, 'status' | 'headers'>): string {
  const target = location !== undefined && URL.canParse(location) ? new URL(location).host : null;
  return target === null || status < 300 || status > 399 ? `HTTP ${status}` : `HTTP ${status} (redirect to ${target}, not followed)`;
}
