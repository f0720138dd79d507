import { mkdtempSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../activities/testing/free-port.ts';
import { loadSigner } from './identity/signing.ts';
import { createToken, tokenFileIdentity } from './identity/tokens.ts';
import { ServerRefused, startServer, type ServerOptions } from './main.ts';
import { aOsei } from '../workflows/testing/example-status.ts';
import { fakeCountdowns } from './testing/fake-countdowns.ts';
import { exampleEvidenceFolder } from './testing/example-evidence-folder.ts';
import { memoryFolder } from './testing/memory-folder.ts';
import { OPEN_POLICY } from './testing/test-app.ts';

function options(): ServerOptions {
  const folder = mkdtempSync(path.join(tmpdir(), 'tminus-main-'));
  const tokens = path.join(folder, 'tokens.yaml');
  createToken(tokens, aOsei);
  return {
    port: 0,
    countdowns: fakeCountdowns(),
    evidencePath: exampleEvidenceFolder().folder,
    folder: memoryFolder(),
    startPolicy: { ...OPEN_POLICY, starters: aOsei.groups },
    identity: tokenFileIdentity(tokens),
    signer: loadSigner({ signingKey: path.join(folder, 'key.pem'), publicKeys: path.join(folder, 'public') }),
  };
}

describe('startServer', () => {
  it('listens on loopback only, and answers', async () => {
    const { url, close } = await startServer(options());
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({ status: 'ok' });
    await close();
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  it('does not carry tokens in clear over a network', async () => {
    await expect(startServer({ ...options(), host: '0.0.0.0' })).rejects.toThrow(
      /does not listen on 0\.0\.0\.0 without TLS: .* set TMINUS_PAGE_BASE to its https address/,
    );
  });

  it('listens elsewhere when a TLS proxy stands in front', async () => {
    const { url, close } = await startServer({ ...options(), host: '0.0.0.0', pageBase: 'https://tminus.example.com/' });
    expect(url).toBe('https://tminus.example.com');
    await close();
  });

  it.each([
    ['accepts', 'on loopback', {}, 201],
    ['refuses', 'where the network reaches it', { host: '0.0.0.0', pageBase: 'https://tminus.example.com' }, 422],
    ['refuses', 'on loopback behind a proxy', { pageBase: 'https://tminus.example.com' }, 422],
  ])('%s a release that lets unverified people decide %s', async (_, _where, listens, status) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tminus-main-'));
    const token = createToken(path.join(folder, 'tokens.yaml'), aOsei);
    // Behind a proxy the server's own address does not tell its port.
    const port = await freePort();
    const identity = tokenFileIdentity(path.join(folder, 'tokens.yaml'));
    const { url, close } = await startServer({ ...options(), identity, port, ...listens });
    const file = readFileSync(new URL('../docs/release-example.yaml', import.meta.url), 'utf8').replace(
      'spec:\n',
      'spec:\n  allowUnverified: true\n',
    );
    const answer = await post(port, new URL(url).host, token, { file, scripts: { 'k6/shop.js': 'export default function () {}' } });
    await close();
    expect({ status: answer.status, text: answer.text }).toEqual({
      status,
      text:
        status === 201
          ? expect.anything()
          : expect.stringContaining(
              'spec.allowUnverified: unverified approvals are allowed only on a laptop, and this server is reachable',
            ),
    });
  });

  it.each([
    ['where it listens for the network', { host: '0.0.0.0', pageBase: 'https://tminus.example.com' }, 'https://tminus.example.com'],
    ['behind a proxy', { pageBase: 'https://tminus.example.com' }, 'https://tminus.example.com'],
    ['with a certificate of its own', { host: '0.0.0.0', tls: { cert: '', key: '' } }, '0.0.0.0'],
  ])('does not start %s while nobody said who may start countdowns', async (_, listens, reachedAt) => {
    const asked = startServer({ ...options(), startPolicy: OPEN_POLICY, ...listens });
    await expect(asked).rejects.toThrow(
      new RegExp(
        `^the server at ${reachedAt} is reachable from other machines and spec\\.start\\.groups is not set in its environment file`,
      ),
    );
    await expect(asked).rejects.toBeInstanceOf(ServerRefused);
  });

  it('asks for no such groups on loopback, which only this machine reaches', async () => {
    const { close } = await startServer({ ...options(), startPolicy: OPEN_POLICY });
    await close();
  });

  it('says that its port is taken', async () => {
    const first = await startServer(options());
    await expect(startServer({ ...options(), port: Number(new URL(first.url).port) })).rejects.toThrow(/EADDRINUSE/);
    await first.close();
  });

  it('closes while a page is still listening to its stream', async () => {
    const dependencies = options();
    const file = mkdtempSync(path.join(tmpdir(), 'tminus-main-'));
    const token = createToken(path.join(file, 'tokens.yaml'), aOsei);
    const { url, close } = await startServer({ ...dependencies, identity: tokenFileIdentity(path.join(file, 'tokens.yaml')) });
    const answer = await fetch(`${url}/api/v1/countdowns/go-api-1.4.0/stream`, { headers: { authorization: `Bearer ${token}` } });
    const reader = answer.body?.getReader();
    await reader?.read();
    await close();
    await expect(reader?.read()).rejects.toThrow();
  });
});

/** As a proxy sends it: to this port, with the host name that people use. `fetch` sets its own. */
function post(port: number, host: string, token: string, body: object): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { host, authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const sent = request({ port, host: '127.0.0.1', path: '/api/v1/countdowns', method: 'POST', headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });
}
