import { addressOf } from './address.ts';
import { RequestError } from './request-error.ts';
import { request, statusOf, wholeBody, type RequestOptions } from './request.ts';

/** An error page is quoted up to this many bytes of its first line. */
const QUOTED_BYTES = 300;

/** The whole body of a 200. Throws RequestError for every other response, with the first line of its body; `signal` is thrown as its reason. */
export async function readPage(options: RequestOptions): Promise<Uint8Array> {
  const response = await request(options);
  const body = await wholeBody(response);
  if (response.status === 200) return body;
  const firstLine = new TextDecoder().decode(body.subarray(0, QUOTED_BYTES)).split('\n')[0]?.trim() ?? '';
  throw new RequestError(addressOf(options.url).host, `${statusOf(response)}${firstLine === '' ? '' : `: ${firstLine}`}`);
}
