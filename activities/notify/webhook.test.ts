import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Announcement } from '../bookkeeping-contract.ts';
import { sendWebhook } from './webhook.ts';

const announcement: Announcement = {
  key: 'go-api/run/7',
  release: 'go-api',
  service: 'shop/go-api',
  checkpoint: 'final-poll',
  verdict: 'hold',
  message: '0 of 2 approvals',
  at: '2026-11-24T06:00:00Z',
  rehearsal: false,
  targets: ['oncall'],
  launchAt: '2026-11-24T09:00:00Z',
  waitsFor: ['release-managers'],
  deadlineAt: '2026-11-24T08:30:00Z',
  command: 'tminus approve go-api -m "…"',
};
const NOW = new Date('2026-11-24T06:00:00Z');

let server: Server;
afterEach(() => new Promise((resolve) => server.close(resolve)));

async function receiver(status: number): Promise<{ url: string; got: { headers: IncomingHttpHeaders; body: string }[] }> {
  const got: { headers: IncomingHttpHeaders; body: string }[] = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      got.push({ headers: request.headers, body });
      response.writeHead(status, status === 302 ? { location: 'http://127.0.0.1:1/elsewhere' } : {}).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/secret-path`, got };
}

describe('sendWebhook', () => {
  it('sends the announcement signed over id, time and body, so that a receiver can check and drop doubles', async () => {
    const { url, got } = await receiver(204);
    await sendWebhook({ url, secret: 's3cret' }, announcement, NOW);
    const { headers, body } = got[0]!;
    expect(JSON.parse(body)).toMatchObject({ kind: 'Announcement', verdict: 'hold', message: '0 of 2 approvals' });
    const expected = createHmac('sha256', 's3cret').update(`go-api/run/7.1795500000.${body}`).digest('base64');
    expect(headers).toMatchObject({
      'webhook-id': 'go-api/run/7',
      'webhook-timestamp': '1795500000',
      'webhook-signature': `v1,${expected}`,
    });
  });

  it.each([500, 404, 302])('fails with one sentence that does not give the path away when the receiver answers %d', async (status) => {
    const { url } = await receiver(status);
    const failure = await sendWebhook({ url }, announcement, NOW).catch((error: Error) => error);
    expect(failure).toBeInstanceOf(Error);
    expect((failure as Error).message).not.toContain('secret-path');
  });
});
