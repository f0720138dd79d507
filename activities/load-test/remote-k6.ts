// k6 behind a Unix socket, for workers with keys and kubeconfigs: no load script runs beside them.
import { randomUUID } from 'node:crypto';
import { request, type IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { timedOut } from '../reason-of.ts';
import type { K6Ended, StartK6 } from './k6-run.ts';
import { ENDED_TRAILER, k6Ended, type RunRequest } from './runner-contract.ts';

/** Includes resolving the names of target and hosts. */
const START_TIMEOUT_MS = 30_000;
/** One message. */
const MAX_REFUSAL_BYTES = 4_096;

export interface RemoteK6 {
  /** Path of the runner's Unix socket. */
  socket: string;
  /** `name` or `name:port` that scripts may connect to besides their target. */
  hosts: readonly string[];
}

/** Runs k6 at a runner. Rejects when the runner does not respond or cannot start k6; a runner that exits later ends the run without an exit code. */
export function remoteK6({ socket, hosts }: RemoteK6): StartK6 {
  return async ({ script, stages, maxVus, targetUrl }) => {
    const id = randomUUID();
    const scriptBase64 = Buffer.from(script).toString('base64');
    const asked: RunRequest = { id, scriptBase64, stages: [...stages], maxVus, targetUrl, hosts: [...hosts] };
    const answer = await post(socket, '/runs', JSON.stringify(asked));
    if (answer.statusCode !== 200) throw new Error(`the k6 runner at ${socket} cannot start k6: ${await refusalIn(answer)}`);

    const points = new PassThrough();
    const ended = new Promise<K6Ended>((resolve) => {
      answer.once('close', () => {
        const reported = endedIn(answer.trailers[ENDED_TRAILER]);
        if (!points.writableEnded) points.end();
        resolve(reported ?? { exitCode: null, signal: null, lastError: `the k6 runner at ${socket} closed the connection` });
      });
    });
    // A broken connection ends without the trailer.
    answer.on('error', () => undefined);
    answer.pipe(points);
    const kill = (): void => void answer.destroy();
    return {
      points,
      ended,
      kill,
      async stop() {
        // A runner that does not respond has ended k6; closing the connection makes sure.
        await post(socket, `/runs/${id}/stop`, '').then((stopped) => stopped.resume(), kill);
        await ended;
      },
    };
  };
}

function post(socketPath: string, path: string, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, method: 'POST', timeout: START_TIMEOUT_MS }, (answer) => {
      // k6 may be silent for minutes; the timeout is for the start only.
      sent.setTimeout(0);
      resolve(answer);
    });
    sent.once('timeout', () => sent.destroy(new Error(timedOut(START_TIMEOUT_MS))));
    sent.once('error', (cause) => reject(new Error(`the k6 runner at ${socketPath} does not respond: ${cause.message}`, { cause })));
    sent.end(body);
  });
}

async function refusalIn(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer) text = (text + String(chunk)).slice(0, MAX_REFUSAL_BYTES);
  return text || `HTTP ${answer.statusCode}`;
}

/** Null when it is missing or invalid: the container runs untrusted scripts. */
function endedIn(trailer: string | undefined): K6Ended | null {
  try {
    return k6Ended.safeParse(JSON.parse(Buffer.from(trailer ?? '', 'base64').toString('utf8'))).data ?? null;
  } catch (error) {
    if ((error as Error).name === 'SyntaxError') return null;
    throw error;
  }
}
