// A fake of the HTTP API: returns the given responses and records the requests.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  method: string;
  path: string;
  authorization: string | undefined;
  body: Record<string, unknown> | null;
}

/** Responses by method and path, such as `GET /api/v1/whoami`. A function is called for each request. */
export type Answers = Record<string, Answer | ((asked: Asked, times: number) => Answer)>;
/** `lost`: the connection breaks after the request was read, as if the server crashed before its response. */
export type Answer = { status?: number; body?: unknown; text?: string } | 'lost';

export interface FakeServer {
  url: string;
  asked: Asked[];
  close(): Promise<void>;
}

export async function fakeServer(answers: Answers): Promise<FakeServer> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += String(chunk)));
    request.on('end', () => {
      const each: Asked = {
        method: request.method ?? '',
        path: request.url ?? '',
        authorization: request.headers.authorization,
        body: text === '' ? null : (JSON.parse(text) as Record<string, unknown>),
      };
      asked.push(each);
      const row = answers[`${each.method} ${each.path}`];
      const times = asked.filter(({ method, path }) => method === each.method && path === each.path).length;
      send(
        response,
        typeof row === 'function'
          ? row(each, times)
          : (row ?? refusal(404, 'NotFound', `the fake has nothing at ${each.method} ${each.path}`)),
      );
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, answer: Answer): void {
  if (answer === 'lost') {
    response.destroy();
    return;
  }
  const { status = 200, body, text } = answer;
  response.writeHead(status, { 'content-type': text === undefined ? 'application/json' : 'text/html' });
  response.end(text ?? JSON.stringify(body));
}

export const refusal = (status: number, code: string, message: string, hint = 'do otherwise'): Answer => ({
  status,
  body: { apiVersion: 'tminus.dev/v1alpha1', kind: 'Error', code, message, hint },
});
