// The HTTP interface of the alert bridge: POST /alerts/<target> with the body of Alertmanager's webhook, /healthz and /metrics.
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Environment } from '../../release/environment.ts';
import { readAlertGroup } from './alert-group.ts';
import { bridgeMetrics, REFUSALS, type Refusal } from './bridge-metrics.ts';
import { BridgeRefused, type Authenticate } from './bridge-token.ts';
import { createDeliverAlerts } from './deliver-alerts.ts';

/** About 4,000 alerts. Generous, because a group that is refused for its size is not delivered at all; `max_alerts` keeps it smaller. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Most characters of an unknown target that are repeated. */
const MAX_SHOWN_NAME = 40;

export interface AppOptions {
  environment: Environment;
  environmentFolder: string;
  authenticate: Authenticate;
  now?: () => number;
  timeoutMs?: number | undefined;
  /** Receives one line for each notification that was not delivered. */
  log: (line: string) => void;
}

/**
 * Responds with 200 only to what the target accepted. What it did not accept is 503, whatever the reason: Alertmanager retries 5xx within seconds, and
 * 4xx only after `group_interval`.
 */
export function createAlertBridge(options: AppOptions): Hono {
  const { environment, environmentFolder, authenticate, now = Date.now, timeoutMs, log } = options;
  const targets = Object.keys(environment.spec.notify);
  const metrics = bridgeMetrics(targets);
  const deliverAlerts = createDeliverAlerts({ environment, environmentFolder, now, timeoutMs });
  const refuse = (c: Context, reason: Refusal, message: string): Response => {
    metrics.refused(reason);
    log(`refused a request to ${c.req.path}: ${message}`);
    return c.text(`${message}\n`, REFUSALS[reason], reason === 'unauthorized' ? { 'WWW-Authenticate': 'Bearer' } : {});
  };

  const app = new Hono();
  app.get('/healthz', (c) => c.text('ok\n'));
  app.get('/metrics', async (c) => c.body(await metrics.registry.metrics(), 200, { 'Content-Type': metrics.registry.contentType }));
  app.use('/alerts/*', async (c, next) => {
    const problem = await authenticate({ authorization: c.req.header('authorization'), host: new URL(c.req.url).hostname });
    return problem === null ? await next() : refuse(c, 'unauthorized', problem);
  });
  app.use('/alerts/*', bodyLimit({ maxSize: MAX_BODY_BYTES, onError: (c) => refuse(c, 'too_large', TOO_LARGE) }));
  app.post('/alerts/:target', async (c) => {
    const startedMs = performance.now();
    const target = c.req.param('target');
    if (!targets.includes(target)) return refuse(c, 'unknown_target', unknownTarget(target, targets));
    // A page in a browser cannot send this type to another origin unasked.
    if (!/^application\/json\b/iu.test(c.req.header('content-type') ?? ''))
      return refuse(c, 'malformed', 'the content type is not application/json');
    const read = readAlertGroup(await c.req.text());
    if ('problem' in read) return refuse(c, 'malformed', read.problem);
    const { outcome, reason } = await deliverAlerts(target, read.group);
    metrics.delivered(target, outcome, (performance.now() - startedMs) / 1_000);
    if (reason === undefined) return c.text(`${outcome}\n`);
    log(`not delivered to ${target}: ${reason}`);
    return c.text(`not delivered to ${target}: ${reason}\n`, 503);
  });
  app.notFound((c) => c.text('send alerts as POST to /alerts/<target>\n', 404));
  app.onError((error, c) => {
    const refused = error instanceof BridgeRefused;
    log(refused ? error.message : (error.stack ?? error.message));
    return refused ? c.text(`${error.message}\n`, 503) : c.text('internal error\n', 500);
  });
  return app;
}

const TOO_LARGE = `the body is larger than ${MAX_BODY_BYTES / 1024 / 1024} MiB; set max_alerts of the webhook in Alertmanager`;

function unknownTarget(target: string, targets: readonly string[]): string {
  const shown = target.length > MAX_SHOWN_NAME ? `${target.slice(0, MAX_SHOWN_NAME)}…` : target;
  return `there is no notification target ${JSON.stringify(shown)}; spec.notify has ${targets.join(', ')}`;
}
