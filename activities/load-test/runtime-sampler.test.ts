import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runtimeByPod } from '../../analysis/runtime/summary.ts';
import { startRuntimeSampler } from './runtime-sampler.ts';

let server: Server;
let port: number;
let metrics = (): [number, string] => [200, 'go_goroutines 42\n'];
let pauses = '';

beforeEach(async () => {
  server = createServer((request, response) => {
    const [status, text] = request.url === '/metrics' ? metrics() : [200, pauses];
    response.writeHead(status).end(text);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const pods = [{ name: 'a', ip: '127.0.0.1' }];
// The timer never fires in a test: a look is taken at the start and one at the end.
const sampler = (listPods = () => Promise.resolve(pods)) =>
  startRuntimeSampler({ listPods, metricsPort: port, pprofPort: port, everyMs: 2_000_000_000 });

test('stores each pause once though Go shows the last 256 each time', async () => {
  const now = BigInt(Date.now() + 60_000) * 1_000_000n;
  pauses = `# PauseNs = [500 0]\n# PauseEnd = [${now} 0]\n# NumGC = 1\n`;
  const running = sampler();
  await running.finish();
  pauses = `# PauseNs = [500 700]\n# PauseEnd = [${now} ${now + 5n}]\n# NumGC = 2\n`;
  await running.finish();
  expect(running.samples.map((sample) => sample.pauses?.recent.length)).toEqual([1, 1]);
  expect(runtimeByPod(running.samples)[0]?.pausesMs).toEqual([0.0005, 0.0007]);
});

test('tells why a pod could not be read', async () => {
  metrics = () => [503, 'shutting down'];
  const running = sampler();
  await running.finish();
  expect(running.samples).toMatchObject([{ pod: 'a', unread: '/metrics of pod a: it answered 503: shutting down', goroutines: null }]);
});

test('tells that the pods could not be listed, and goes on', async () => {
  metrics = () => [200, 'go_goroutines 7\n'];
  let lists = 0;
  const running = sampler(() => ((lists += 1) === 1 ? Promise.reject(new Error('forbidden')) : Promise.resolve(pods)));
  await running.finish();
  await running.finish();
  expect(running.samples).toMatchObject([{ unread: 'the pods cannot be listed: forbidden' }, { goroutines: 7, unread: null }]);
});
