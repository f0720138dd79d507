/** Host and port of `127.0.0.1:9480` or `[::1]:9480`. Throws an error with the name of the variable and an example where it is not one. */
export function listenAddress(address: string, variable: string, example: string): { host: string; port: number } {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(address) ?? [];
  if (host === '') throw new Error(`${variable} must be host:port, such as ${example}, not ${JSON.stringify(address)}`);
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
