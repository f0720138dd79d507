import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runtimeByPod } from '../../analysis/runtime/summary.ts';
import { startRuntimeSampler, untilNextRoundMs } from './runtime-sampler.ts';

let server: Server;
let port: number;
let metrics = (): [number, string] => [200, 'go_goroutines 42\n'];
let pauses = '';

beforeEach(async () => {
  pauses = '';
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
const sampler = (listPods: () => Promise<{ name: string; ip: string }[]> = () => Promise.resolve(pods)) =>
  startRuntimeSampler({ listPods, metricsPort: port, pprofPort: port, everyMs: 2_000_000_000 });

test('stores each pause once though Go shows the last 256 each time', async () => {
  const now = BigInt(Date.now() + 60_000) * 1_000_000n;
  pauses = `# PauseNs = [500 0]\n# PauseEnd = [${now} 0]\n# NumGC = 1\n`;
  const running = sampler();
  await running.finish();
  pauses = `# PauseNs = [500 700]\n# PauseEnd = [${now} ${now + 5n}]\n# NumGC = 2\n`;
  await running.finish();
  expect(running.samples.map((sample) => sample.pauses?.recent.length)).toEqual([1, 1]);
  // The first was before the load, whatever the clock of the pod says.
  expect(runtimeByPod(running.samples)[0]).toMatchObject({ pausesMs: [0.0007], pausesLost: 0 });
});

test('stores a pause that ended before the last one, when the clock was set back', async () => {
  pauses = '# PauseNs = [500 0]\n# PauseEnd = [2000 0]\n# NumGC = 1\n';
  const running = sampler();
  await running.finish();
  pauses = '# PauseNs = [500 700]\n# PauseEnd = [2000 1000]\n# NumGC = 2\n';
  await running.finish();
  expect(runtimeByPod(running.samples)[0]).toMatchObject({ pausesMs: [0.0007], pausesLost: 0 });
});

test('reports why a pod could not be read', async () => {
  metrics = () => [503, 'shutting down'];
  const running = sampler();
  await running.finish();
  expect(running.samples).toMatchObject([{ pod: 'a', unread: '/metrics of pod a: HTTP 503: shutting down', goroutines: null }]);
});

test('reports that the pods could not be listed, and continues', async () => {
  metrics = () => [200, 'go_goroutines 7\n'];
  let lists = 0;
  const running = sampler(() => ((lists += 1) === 1 ? Promise.reject(new Error('forbidden')) : Promise.resolve(pods)));
  await running.finish();
  await running.finish();
  expect(running.samples).toMatchObject([{ unread: 'the pods cannot be listed: forbidden' }, { goroutines: 7, unread: null }]);
});

test('records a round without pods', async () => {
  const running = sampler(() => Promise.resolve([]));
  await running.finish();
  expect(running.samples).toMatchObject([{ pod: '', unread: 'no pod was found', goroutines: null }]);
});

test('samples more than fifty pods in turn, and omits none', async () => {
  metrics = () => [200, 'go_goroutines 7\n'];
  const many = Array.from({ length: 120 }, (_, i) => ({ name: `p${i}`, ip: '127.0.0.1' }));
  const running = sampler(() => Promise.resolve(many));
  for (let rounds = 0; rounds < 3; rounds += 1) await running.finish();
  expect(running.samples).toHaveLength(150);
  expect(new Set(running.samples.map(({ pod }) => pod)).size).toBe(120);
});

test('keeps its interval while there is room, then samples ever more rarely, to the end of a run of any length', () => {
  // Fifty pods of 1 kB each.
  const [everyMs, roundBytes, limitBytes] = [5_000, 50_000, 64 * 1024 * 1024];
  const roundsMs: number[] = [];
  let left = limitBytes;
  for (let at = 0; at < 24 * 3_600_000; at += untilNextRoundMs({ everyMs, roundBytes, leftBytes: left, lastedMs: at })) {
    roundsMs.push(at);
    left -= roundBytes;
  }
  expect(left).toBeGreaterThan(0);
  const gapAt = (hours: number) => {
    const i = roundsMs.findIndex((at) => at >= hours * 3_600_000);
    return ((roundsMs[i] as number) - (roundsMs[i - 1] as number)) / 1_000;
  };
  expect(gapAt(0.5)).toBe(5);
  expect(gapAt(1)).toBeLessThan(20);
  expect(24 * 3_600_000 - (roundsMs.at(-1) as number)).toBeLessThan(2 * 3_600_000);
  expect(untilNextRoundMs({ everyMs, roundBytes, leftBytes: 0, lastedMs: 1 })).toBe(Infinity);
});

test('samples more rarely when its record fills, and once more at the end', async () => {
  metrics = () => [200, 'go_goroutines 7\n'];
  const rounds: number[] = [];
  let enough = (): void => undefined;
  const seen = new Promise<void>((resolve) => (enough = resolve));
  const listPods = () => {
    if (rounds.push(performance.now()) === 10) enough();
    return Promise.resolve(pods);
  };
  const once = sampler();
  await once.finish();
  const everyMs = 20;
  const limitBytes = 10.5 * JSON.stringify(once.samples[0]).length;
  const running = startRuntimeSampler({ listPods, metricsPort: port, pprofPort: port, everyMs, limitBytes });
  await seen;
  await running.finish();
  // There is room for ten and a half rounds. At an even pace the tenth comes after 180 ms, at the pace that leaves room after 360.
  expect((rounds[9] as number) - (rounds[0] as number)).toBeGreaterThan(300);
  expect(running.samples.at(-1)?.goroutines).toBe(7);
});
