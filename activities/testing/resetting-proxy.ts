// For the lab tests: a TCP proxy that loses answers. The request reaches the API server whole; the connection is reset instead of the answer.
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

export interface ResettingProxy {
  port: number;
  /** The next connection that carries an answer after this call is reset before the answer passes. */
  loseNextAnswer(): void;
  lost(): number;
  close(): Promise<void>;
}

/** Listens on loopback and passes bytes on to host:port. TLS stays end to end: the proxy sees only when bytes flow. */
export async function startResettingProxy(host: string, port: number): Promise<ResettingProxy> {
  let armed = false;
  let lost = 0;
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, host);
    open.add(near).add(far);
    let asked = false;
    near.on('data', (bytes: Buffer) => {
      asked = armed;
      far.write(bytes);
    });
    far.on('data', (bytes: Buffer) => {
      if (armed && asked) {
        armed = false;
        lost += 1;
        near.resetAndDestroy();
        far.destroy();
        return;
      }
      near.write(bytes);
    });
    // A reset on either side ends both; that is what this proxy is for.
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    loseNextAnswer: () => {
      armed = true;
    },
    lost: () => lost,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
