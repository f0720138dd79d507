// Questions of readiness. Each answers undefined when ready, else the sentence of what is still missing.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { succeeds } from './command.ts';
import type { LabPaths } from './paths.ts';

export type Probe = () => Promise<string | undefined>;

/** A component that does not answer within a second is asked again. */
const ANSWER_WITHIN_MS = 1_000;

export interface Answer {
  status: number;
  body: string;
}

/** Ready when GET answers 200. */
export function answers(url: string): Probe {
  return async () => {
    const answer = await get(url).catch((error: Error) => error.message);
    if (typeof answer === 'string') return `${url}: ${answer}`;
    return answer.status === 200 ? undefined : `${url} answers ${answer.status}`;
  };
}

/** Ready when the command ends with 0. */
export function ends(argv: string[], missing: string): Probe {
  return async () => ((await succeeds(argv, { timeoutMs: 5 * ANSWER_WITHIN_MS })) ? undefined : missing);
}

/** Ready when the server answers `question` with words that begin with `expected`. */
export function replies(host: string, port: number, question: string, expected: string): Probe {
  return () =>
    new Promise((resolve) => {
      const socket = createConnection({ host, port, timeout: ANSWER_WITHIN_MS }, () => socket.write(question));
      const finish = (missing: string | undefined) => {
        socket.destroy();
        resolve(missing);
      };
      socket.once('data', (bytes) =>
        finish(bytes.toString().startsWith(expected) ? undefined : `port ${port} answers ${bytes.toString().trim()}`),
      );
      socket.once('timeout', () => finish(`port ${port} does not answer`));
      socket.once('error', (error) => finish(`port ${port}: ${error.message}`));
    });
}

/** GET of the apiserver as admin. */
function askApiserver(lab: LabPaths, path: string): Promise<Answer> {
  const key = (file: string) => readFileSync(join(lab.keys, file));
  return get(`${lab.apiserver}${path}`, { ca: key('ca.crt'), cert: key('admin.crt'), key: key('admin.key') });
}

/** Ready when the apiserver's answer satisfies `check`, which says what is missing. */
export function apiserverSays(lab: LabPaths, path: string, check: (answer: Answer) => string | undefined): Probe {
  return async () => {
    const answer = await askApiserver(lab, path).catch((error: Error) => error.message);
    return typeof answer === 'string' ? `${path}: ${answer}` : check(answer);
  };
}

function get(url: string, tls: object = { rejectUnauthorized: false }): Promise<Answer> {
  const secure = url.startsWith('https:');
  return new Promise((resolve, reject) => {
    const options = { timeout: ANSWER_WITHIN_MS, agent: false as const, ...(secure ? tls : {}) };
    const request = (secure ? httpsRequest : httpRequest)(url, options, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (bytes: Buffer) => parts.push(bytes));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString() }));
    });
    request.once('timeout', () => request.destroy(new Error('no answer within a second')));
    request.once('error', reject);
    request.end();
  });
}
