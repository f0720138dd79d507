// Who is on call: a webhook receiver that notes when each message came in.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Received {
  at: Date;
  release: string;
  message: string;
}

export interface Receiver {
  url: string;
  /** First message about the release that came in at or after this time. */
  firstSince(release: string, since: Date): Received | undefined;
  close(): void;
}

/** Listens on a free port of this machine and answers 204 to everything. */
export async function openReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const at = new Date();
    void text(request).then((body) => {
      const { release, message } = JSON.parse(body) as { release: string; message: string };
      received.push({ at, release, message });
      response.writeHead(204).end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    firstSince: (release, since) => received.find((each) => each.release === release && each.at >= since),
    close: () => server.close(),
  };
}
