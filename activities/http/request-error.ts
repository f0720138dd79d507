/**
 * No usable response. It has no `cause`: the errors of axios hold the whole URL and all headers, which may be credentials, and would be printed
 * with it.
 */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  /** Without host and path, for a message of the caller: `timed out after 3 s`. */
  readonly reason: string;

  constructor(host: string | null, reason: string) {
    super(host === null ? reason : `no usable response from ${host}: ${reason}`);
    this.reason = reason;
  }
}
