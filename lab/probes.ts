// Readiness probes. Each answers undefined when ready, else what is missing.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { succeeds } from './command.ts';
import type { LabPaths } from './paths.ts';

export type Probe = () => Promise<string | undefined>;

/** A component that does not respond within a second is probed again. */
const PROBE_TIMEOUT_MS = 1_000;

export interface Answer {
  status: number;
  body: string;
}

/** Ready when GET responds with 200. */
export function answers(url: string): Probe {
  return async () => {
    const answer = await get(url).catch((error: Error) => error.message);
    if (typeof answer === 'string') return `${url}: ${answer}`;
    return answer.status === 200 ? undefined : `${url} responds with ${answer.status}`;
  };
}

/** Ready when the exit code of the command is 0. */
export function ends(argv: string[], missing: string): Probe {
  return async () => ((await succeeds(argv, { timeoutMs: 5 * PROBE_TIMEOUT_MS })) ? undefined : missing);
}

/** Ready when the server's response to `request` begins with `expected`. */
export function replies(host: string, port: number, request: string, expected: string): Probe {
  return () =>
    new Promise((resolve) => {
      const socket = createConnection({ host, port, timeout: PROBE_TIMEOUT_MS }, () => socket.write(request));
      const finish = (missing: string | undefined) => {
        socket.destroy();
        resolve(missing);
      };
      socket.once('data', (bytes) =>
        finish(bytes.toString().startsWith(expected) ? undefined : `port ${port} responds with ${bytes.toString().trim()}`),
      );
      socket.once('timeout', () => finish(`port ${port} does not respond`));
      socket.once('error', (error) => finish(`port ${port}: ${error.message}`));
    });
}

/** GET of the apiserver as admin. */
function askApiserver(lab: LabPaths, path: string): Promise<Answer> {
  const key = (file: string) => readFileSync(join(lab.keys, file));
  return get(`${lab.apiserver}${path}`, { ca: key('ca.crt'), cert: key('admin.crt'), key: key('admin.key') });
}

/** Ready when `check` finds nothing missing in the apiserver's response. */
export function apiserverAnswers(lab: LabPaths, path: string, check: (answer: Answer) => string | undefined): Probe {
  return async () => {
    const answer = await askApiserver(lab, path).catch((error: Error) => error.message);
    return typeof answer === 'string' ? `${path}: ${answer}` : check(answer);
  };
}

function get(url: string, tls: object = { rejectUnauthorized: false }): Promise<Answer> {
  const secure = url.startsWith('https:');
  return new Promise((resolve, reject) => {
    const options = { timeout: PROBE_TIMEOUT_MS, agent: false as const, ...(secure ? tls : {}) };
    const request = (secure ? httpsRequest : httpRequest)(url, options, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (bytes: Buffer) => parts.push(bytes));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString() }));
    });
    request.once('timeout', () => request.destroy(new Error('no response within a second')));
    request.once('error', reject);
    request.end();
  });
}
