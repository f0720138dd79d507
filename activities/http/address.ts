import { RequestError } from './request-error.ts';

/** The URL of a request. Throws RequestError without quoting it, for its path or password may be a credential. */
export function addressOf(url: string): URL {
  const address = URL.canParse(url) ? new URL(url) : null;
  if (address === null || !/^https?:$/u.test(address.protocol)) throw new RequestError(null, 'the address is not one of http or https');
  if (address.username !== '' || address.password !== '')
    throw new RequestError(null, 'the address contains a user name or password, which is not supported');
  return address;
}
