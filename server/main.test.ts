import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadSigner } from './identity/signing.ts';
import { createToken, tokenFileIdentity } from './identity/tokens.ts';
import { startServer, type ServerOptions } from './main.ts';
import { aOsei } from './testing/example-status.ts';
import { fakeCountdowns } from './testing/fake-countdowns.ts';
import { memoryEvidence } from './testing/memory-evidence.ts';
import { OPEN_HOUSE } from './testing/test-app.ts';

function options(): ServerOptions {
  const folder = mkdtempSync(path.join(tmpdir(), 'tminus-main-'));
  const tokens = path.join(folder, 'tokens.yaml');
  createToken(tokens, aOsei);
  return {
    port: 0,
    countdowns: fakeCountdowns(),
    evidence: memoryEvidence(),
    house: OPEN_HOUSE,
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
    await expect(startServer({ ...options(), host: '0.0.0.0' })).rejects.toThrow(/does not listen on 0\.0\.0\.0 without TLS/);
  });

  it('listens elsewhere when a TLS proxy stands in front', async () => {
    const { url, close } = await startServer({ ...options(), host: '0.0.0.0', pageBase: 'https://tminus.example.com/' });
    expect(url).toBe('https://tminus.example.com');
    await close();
  });

  it('says that its port is taken', async () => {
    const first = await startServer(options());
    await expect(startServer({ ...options(), port: Number(new URL(first.url).port) })).rejects.toThrow(/EADDRINUSE/);
    await first.close();
  });

  it('closes while a page is still listening to its stream', async () => {
    const world = options();
    const file = mkdtempSync(path.join(tmpdir(), 'tminus-main-'));
    const token = createToken(path.join(file, 'tokens.yaml'), aOsei);
    const { url, close } = await startServer({ ...world, identity: tokenFileIdentity(path.join(file, 'tokens.yaml')) });
    const answer = await fetch(`${url}/api/v1/releases/go-api-1.4.0/stream`, { headers: { authorization: `Bearer ${token}` } });
    const reader = answer.body?.getReader();
    await reader?.read();
    await close();
    await expect(reader?.read()).rejects.toThrow();
  });
});
