import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import type { Announcement } from '../bookkeeping-contract.ts';
import { announcementMessage } from './announcement-message.ts';
import { deliver, NotDelivered } from './deliver.ts';
import { webhook } from './webhook.ts';

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
const message = announcementMessage(announcement);
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

async function failureOf(url: string): Promise<Error> {
  return deliver(webhook, { url }, message, { now: NOW }).then(
    () => {
      throw new Error('it was sent');
    },
    (error: Error) => error,
  );
}

describe('sendWebhook', () => {
  it.each(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 's3cret'])(
    'is accepted by a stock verifier that was given the secret %s',
    async (secret) => {
      const { url, got } = await receiver(204);
      await deliver(webhook, { url, secret }, message, { now: new Date() });
      const { headers, body } = got[0]!;
      const verifier = secret.startsWith('whsec_') ? new Webhook(secret) : new Webhook(Buffer.from(secret).toString('base64'));
      expect(verifier.verify(body, headers as Record<string, string>)).toMatchObject({ kind: 'Announcement' });
      expect(() => verifier.verify(`${body} `, headers as Record<string, string>)).toThrow('No matching signature');
    },
  );

  it('refuses a whsec_ secret that is not base64, and sends nothing', async () => {
    const { url, got } = await receiver(204);
    await expect(deliver(webhook, { url, secret: 'whsec_!' }, message, { now: NOW })).rejects.toThrow(
      'the text after whsec_ in the secret is not base64',
    );
    expect(got).toEqual([]);
  });

  it('sends the announcement signed over id, time and body, so that a receiver can verify it and drop duplicates', async () => {
    const { url, got } = await receiver(204);
    await deliver(webhook, { url, secret: 's3cret' }, message, { now: NOW });
    const { headers, body } = got[0]!;
    expect(JSON.parse(body)).toMatchObject({
      kind: 'Announcement',
      verdict: 'hold',
      message: '0 of 2 approvals',
      text: [
        'hold: go-api, shop/go-api, final-poll: 0 of 2 approvals',
        'waiting for release-managers',
        'deadline 2026-11-24 08:30 UTC (in 2 h 30 m)',
        'launch 2026-11-24 09:00 UTC (in 3 h)',
        'tminus approve go-api -m "…"',
      ].join('\n'),
    });
    const expected = createHmac('sha256', 's3cret').update(`go-api/run/7.1795500000.${body}`).digest('base64');
    expect(headers).toMatchObject({
      'webhook-id': 'go-api/run/7',
      'webhook-timestamp': '1795500000',
      'webhook-signature': `v1,${expected}`,
    });
  });

  it.each([
    [500, NotDelivered],
    [503, NotDelivered],
    [429, NotDelivered],
    [404, Error],
    [302, Error],
  ])('fails without quoting the path when the receiver answers %d', async (status, kind) => {
    const { url } = await receiver(status);
    const failure = await failureOf(url);
    expect(failure.constructor).toBe(kind);
    expect(failure.message).toMatch(new RegExp(`^127\\.0\\.0\\.1:[0-9]+ responded with HTTP ${status}$`));
  });

  it('reports that nothing listens without quoting the path, and allows a retry', async () => {
    const { url } = await receiver(204);
    await new Promise((resolve) => server.close(resolve));
    const failure = await failureOf(url);
    expect(failure).toBeInstanceOf(NotDelivered);
    expect(failure.message).toMatch(/^cannot reach 127\.0\.0\.1:[0-9]+: /);
    expect(failure.message).not.toContain('secret-path');
  });

  it.each([
    ['https://bot:s3cret@chat.example/secret-path', 'the address contains a user name or password, which is not supported'],
    ['chat.example/secret-path', 'the address is not one of http or https'],
    ['ftp://chat.example/secret-path', 'the address is not one of http or https'],
  ])('refuses an unusable address without quoting it', async (url, sentence) => {
    const failure = await failureOf(url);
    expect(failure).not.toBeInstanceOf(NotDelivered);
    expect(failure.message).toBe(sentence);
  });
});
