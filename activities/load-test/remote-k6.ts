// k6 in another process, behind a Unix socket: what a worker with keys and kubeconfigs uses, so that no load script runs beside them.
import { randomUUID } from 'node:crypto';
import { request, type IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import type { K6Ended, StartK6 } from './k6-run.ts';
import { ENDED_TRAILER, k6Ended, type RunRequest } from './runner-contract.ts';

/** Long enough for the names of target and hosts to be looked up. */
const START_TIMEOUT_MS = 30_000;
/** A refusal is one message. */
const MAX_REFUSAL_BYTES = 4_096;

export interface RemoteK6 {
  /** Path of the runner's Unix socket. */
  socket: string;
  /** `name` or `name:port` that scripts may reach beside their target. */
  hosts: readonly string[];
}

/** Runs k6 at a runner. Rejects when the runner does not answer or could not start k6; a runner that goes away later ends the run without an exit code. */
export function remoteK6({ socket, hosts }: RemoteK6): StartK6 {
  return async ({ script, stages, maxVus, targetUrl }) => {
    const id = randomUUID();
    const scriptBase64 = Buffer.from(script).toString('base64');
    const asked: RunRequest = { id, scriptBase64, stages: [...stages], maxVus, targetUrl, hosts: [...hosts] };
    const answer = await post(socket, '/runs', JSON.stringify(asked));
    if (answer.statusCode !== 200) throw new Error(`the k6 runner at ${socket} does not start k6: ${await refusalIn(answer)}`);

    const points = new PassThrough();
    const ended = new Promise<K6Ended>((resolve) => {
      answer.once('close', () => {
        const said = endedIn(answer.trailers[ENDED_TRAILER]);
        if (!points.writableEnded) points.end();
        resolve(said ?? { exitCode: null, signal: null, lastError: `the k6 runner at ${socket} went away` });
      });
    });
    // A connection that breaks shows as an end without the trailer.
    answer.on('error', () => undefined);
    answer.pipe(points);
    const kill = (): void => void answer.destroy();
    return {
      points,
      ended,
      kill,
      async stop() {
        // A runner that cannot be asked any more has ended k6, or closes the connection now.
        await post(socket, `/runs/${id}/stop`, '').then((stopped) => stopped.resume(), kill);
        await ended;
      },
    };
  };
}

function post(socketPath: string, path: string, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, method: 'POST', timeout: START_TIMEOUT_MS }, (answer) => {
      // k6 may be silent for long; only the start is timed.
      sent.setTimeout(0);
      resolve(answer);
    });
    sent.once('timeout', () => sent.destroy(new Error(`no answer within ${START_TIMEOUT_MS / 1_000} s`)));
    sent.once('error', (cause) => reject(new Error(`the k6 runner at ${socketPath} does not answer: ${cause.message}`, { cause })));
    sent.end(body);
  });
}

async function refusalIn(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer) text = (text + String(chunk)).slice(0, MAX_REFUSAL_BYTES);
  return text || `it answered ${answer.statusCode}`;
}

/** Null where there is none, or none that a runner of ours would send: the container runs strangers' scripts. */
function endedIn(trailer: string | undefined): K6Ended | null {
  try {
    return k6Ended.safeParse(JSON.parse(Buffer.from(trailer ?? '', 'base64').toString('utf8'))).data ?? null;
  } catch (error) {
    if ((error as Error).name === 'SyntaxError') return null;
    throw error;
  }
}
