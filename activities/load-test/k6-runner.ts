// Runs load scripts for workers that must not run them: a process in its own container, without keys, kubeconfig or evidence, behind a Unix
// socket.
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { K6Process } from './k6-run.ts';
import { localK6, type LocalK6 } from './local-k6.ts';
import { ENDED_TRAILER, MAX_REQUEST_BYTES, runRequest, type RunRequest } from './runner-contract.ts';

export interface K6RunnerOptions extends Omit<LocalK6, 'hosts'> {
  /** Path of the Unix socket; an existing one is replaced. */
  socket: string;
}

/** Listens. Responds 400 with the reason to an invalid request, 503 when k6 cannot be started. */
export async function startK6Runner({ socket, ...local }: K6RunnerOptions): Promise<{ close(): Promise<void> }> {
  const running = new Map<string, K6Process>();
  const server = createServer((request, response) => {
    answer(request, response).catch((cause: Error) => {
      if (response.headersSent) response.destroy(cause);
      else response.writeHead(503).end(cause.message);
    });
  });
  await rm(socket, { force: true });
  await new Promise<void>((listening, failed) => server.once('error', failed).listen(socket, listening));
  return { close: () => closed(server, running) };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const stopped = /^\/runs\/([\w-]+)\/stop$/.exec(request.url ?? '')?.[1];
    if (request.method !== 'POST' || (request.url !== '/runs' && stopped === undefined)) return void response.writeHead(404).end();
    if (stopped !== undefined) {
      await running.get(stopped)?.stop();
      return void response.writeHead(204).end();
    }
    const asked = await requestIn(request);
    if (typeof asked === 'string') return void response.writeHead(400).end(asked);
    await run(asked, response);
  }

  async function run({ id, scriptBase64, hosts, ...rest }: RunRequest, response: ServerResponse): Promise<void> {
    const k6 = await localK6({ ...local, hosts })({ ...rest, script: Buffer.from(scriptBase64, 'base64') });
    running.set(id, k6);
    // Also when the worker is killed: that closes the connection.
    response.once('close', k6.kill);
    try {
      response.writeHead(200, { 'content-type': 'application/x-ndjson', trailer: ENDED_TRAILER });
      response.flushHeaders();
      await pipeline(k6.points, response, { end: false });
      const ended = await k6.ended;
      response.addTrailers({ [ENDED_TRAILER]: Buffer.from(JSON.stringify(ended)).toString('base64') });
      response.end();
    } finally {
      k6.kill();
      await k6.ended;
      running.delete(id);
    }
  }
}

/** The request, or the reason why it is invalid. */
async function requestIn(request: IncomingMessage): Promise<RunRequest | string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MAX_REQUEST_BYTES) return `the request exceeds ${MAX_REQUEST_BYTES} bytes`;
    chunks.push(chunk);
  }
  try {
    const parsed = runRequest.safeParse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
    return parsed.success ? parsed.data : `${parsed.error.issues[0]?.path.join('.')}: ${parsed.error.issues[0]?.message}`;
  } catch (cause) {
    if (cause instanceof SyntaxError) return 'the request body is not JSON';
    throw cause;
  }
}

async function closed(server: Server, running: ReadonlyMap<string, K6Process>): Promise<void> {
  const gone = new Promise<void>((done) => server.close(() => done()));
  for (const k6 of running.values()) k6.kill();
  await Promise.all([...running.values()].map(({ ended }) => ended));
  server.closeAllConnections();
  await gone;
}
