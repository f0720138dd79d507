// The real Prometheus on loopback, scraping pods that a test plays.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { prometheusProcess, type PrometheusProcess } from './prometheus-process.ts';

/** What a fake pod counts. */
export interface FakePod {
  requests: number;
  errors: number;
  slow: number;
  /** False: its scrapes fail. */
  up: boolean;
}

export interface RealPrometheus extends PrometheusProcess {
  /** Pods by name; change them as time goes on. */
  pods: Record<string, FakePod>;
}

interface RealPrometheusOptions {
  /** A second job scrapes the same pods. */
  doubled?: boolean;
  /** What the pods call the label of their answers' status. */
  codeLabel?: string;
  /** Rules and Alertmanagers, as prometheus.yml has them. */
  config?: object;
  scrapeInterval?: string;
}

export async function startRealPrometheus(
  names: readonly string[],
  { doubled = false, codeLabel = 'code', config = {}, scrapeInterval = '500ms' }: RealPrometheusOptions = {},
): Promise<RealPrometheus> {
  const pods: Record<string, FakePod> = Object.fromEntries(names.map((name) => [name, { requests: 0, errors: 0, slow: 0, up: true }]));
  const exporter = await listen((name) => (pods[name] ? metrics(pods[name], codeLabel) : null));
  const job = (jobName: string) => ({
    job_name: jobName,
    scrape_interval: scrapeInterval,
    scrape_timeout: '400ms',
    static_configs: names.map((pod) => ({
      targets: [`127.0.0.1:${exporter.port}`],
      labels: { namespace: 'shop', pod, __metrics_path__: `/${pod}` },
    })),
  });
  const closeExporter = async (): Promise<void> => {
    exporter.server.closeAllConnections();
    await new Promise((done) => exporter.server.close(done));
  };
  try {
    const prometheus = await prometheusProcess({ ...config, scrape_configs: [job('pods'), ...(doubled ? [job('again')] : [])] });
    return {
      ...prometheus,
      pods,
      async close() {
        await prometheus.close();
        await closeExporter();
      },
    };
  } catch (error) {
    await closeExporter();
    throw error;
  }
}

function metrics({ requests, errors, slow, up }: FakePod, codeLabel: string): string | null {
  if (!up) return null;
  const series = (code: string, count: number, late: number) =>
    [
      `http_request_duration_seconds_bucket{route="/api/order/create",${codeLabel}="${code}",le="0.1"} ${count - late}`,
      `http_request_duration_seconds_bucket{route="/api/order/create",${codeLabel}="${code}",le="0.3"} ${count - late}`,
      `http_request_duration_seconds_bucket{route="/api/order/create",${codeLabel}="${code}",le="1"} ${count}`,
      `http_request_duration_seconds_bucket{route="/api/order/create",${codeLabel}="${code}",le="+Inf"} ${count}`,
      `http_request_duration_seconds_count{route="/api/order/create",${codeLabel}="${code}"} ${count}`,
      `http_request_duration_seconds_sum{route="/api/order/create",${codeLabel}="${code}"} ${count * 0.1}`,
    ].join('\n');
  // Probes answer in a bucket of their own; they must count for nothing.
  const probes =
    `http_request_duration_seconds_count{route="/healthz",${codeLabel}="200"} 1000000\n` +
    `http_request_duration_seconds_bucket{route="/healthz",${codeLabel}="200",le="0.3"} 1000000`;
  const failed = errors > 0 ? `${series('500', errors, 0)}\n` : '';
  return `# TYPE http_request_duration_seconds histogram\n${series('200', requests - errors, slow)}\n${failed}${probes}\n`;
}

async function listen(page: (name: string) => string | null): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    const text = page((request.url ?? '').slice(1));
    if (text === null) response.writeHead(503).end();
    else response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { server, port: (server.address() as AddressInfo).port };
}
