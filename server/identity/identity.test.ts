import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { signedReader } from '../../activities/identity/read-signed.ts';
import { createIdentityActivities } from '../../activities/identity/verify-action.ts';
import { canonicalJson } from '../../verdict/digest.ts';
import type { ActionRequest } from '../../verdict/action.ts';
import { aOsei, RUN } from '../../workflows/testing/example-status.ts';
import { createSessions } from './sessions.ts';
import { loadSigner } from './signing.ts';
import { createToken, tokenFileIdentity } from './tokens.ts';

const folder = () => mkdtempSync(path.join(tmpdir(), 'tminus-identity-'));
/** A minute after the act was signed. */
const SOON = Date.parse('2026-11-24T08:06:00.000Z');
const act: ActionRequest = {
  id: 'approval-1',
  action: 'approve',
  countdown: 'countdown/a',
  checkpoint: 'final-poll',
  revision: 3,
  evidenceDigest: 'sha256:7c',
  principal: aOsei,
  comment: 'go',
  run: RUN,
  issuedAt: '2026-11-24T08:05:00.000Z',
  notAfter: '2026-11-24T08:10:00.000Z',
};

describe('tokens', () => {
  it('belong to a person, and only their hash is kept', async () => {
    const file = path.join(folder(), 'tokens.yaml');
    const token = createToken(file, aOsei);
    expect(await tokenFileIdentity(file).authenticate(token)).toEqual(aOsei);
    expect(readFileSync(file, 'utf8')).not.toContain(token.slice(7));
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('keep those given before', async () => {
    const file = path.join(folder(), 'tokens.yaml');
    const first = createToken(file, aOsei);
    createToken(file, { subject: 'mei', displayName: 'Mei Tan', groups: [] });
    expect(await tokenFileIdentity(file).authenticate(first)).toMatchObject({ subject: 'a.osei' });
  });

  it('are refused when unknown, empty, or a hash from the file', async () => {
    const file = path.join(folder(), 'tokens.yaml');
    createToken(file, aOsei);
    const [hash = ''] = /[0-9a-f]{64}/.exec(readFileSync(file, 'utf8')) ?? [];
    for (const wrong of ['', 'nothing', hash]) expect(await tokenFileIdentity(file).authenticate(wrong)).toBeNull();
  });

  it('end at once when they are taken out of the file', async () => {
    const file = path.join(folder(), 'tokens.yaml');
    const token = createToken(file, aOsei);
    const identity = tokenFileIdentity(file);
    expect(await identity.authenticate(token)).not.toBeNull();
    writeFileSync(file, 'tokens: []\n');
    expect(await identity.authenticate(token)).toBeNull();
  });

  it('are not read from a file that others may read', async () => {
    const file = path.join(folder(), 'tokens.yaml');
    const token = createToken(file, aOsei);
    chmodSync(file, 0o644);
    await expect(tokenFileIdentity(file).authenticate(token)).rejects.toThrow(/chmod 600/);
  });
});

describe('signed acts', () => {
  const world = (now = () => SOON) => {
    const at = folder();
    const publicKeysFolder = path.join(at, 'public');
    const signer = loadSigner({ signingKey: path.join(at, 'signing.pem'), publicKeys: publicKeysFolder });
    return { at, publicKeysFolder, signer, ...createIdentityActivities({ reader: signedReader(publicKeysFolder), now }) };
  };

  it('verify as they were signed, with an old key, too, after a restart', async () => {
    const { at, publicKeysFolder, signer, verifyAction } = world();
    expect(await verifyAction(signer.sign(act))).toEqual(act);
    const whole: Required<ActionRequest> = {
      ...act,
      finding: 'LatencyAboveLimit/GET /',
      expiresAt: '2026-11-24T09:00:00.000Z',
      to: 'T-72h',
      holdSince: '2026-11-23T09:00:00.000Z',
      launchAt: 'shift',
      step: 'load-test',
    };
    expect(await verifyAction(signer.sign(whole))).toEqual(whole);
    const again = loadSigner({ signingKey: path.join(at, 'signing.pem'), publicKeys: publicKeysFolder });
    expect(again.keyId).toBe(signer.keyId);
    expect(readdirSync(publicKeysFolder)).toEqual([`${signer.keyId}.pem`]);
    expect(statSync(path.join(at, 'signing.pem')).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['a changed word', (payload: string) => payload.replace('"approve"', '"waive"')],
    ['another person', (payload: string) => payload.replace('a.osei', 'li.wei')],
    ['another run', (payload: string) => payload.replace(RUN, RUN.replace('b', 'c'))],
    ['a later end', (payload: string) => payload.replace('T08:10:00', 'T23:10:00')],
    ['another revision', (payload: string) => payload.replace('"revision":3', '"revision":4')],
    ['a space', (payload: string) => `${payload} `],
  ])('do not survive %s', async (_, change) => {
    const { signer, verifyAction } = world();
    const signed = signer.sign(act);
    expect(change(signed.payload)).not.toBe(signed.payload);
    await expect(verifyAction({ ...signed, payload: change(signed.payload) })).rejects.toMatchObject({
      type: 'SignatureInvalid',
      nonRetryable: true,
    });
  });

  it('are refused from a key this worker does not trust, whatever file the key id points at', async () => {
    const { signer, verifyAction, publicKeysFolder } = world();
    const stranger = world().signer;
    await expect(verifyAction(stranger.sign(act))).rejects.toMatchObject({ type: 'SignatureInvalid' });
    await expect(verifyAction({ ...signer.sign(act), keyId: `../public/${signer.keyId}` })).rejects.toMatchObject({
      type: 'SignatureInvalid',
    });
    await expect(verifyAction({ ...stranger.sign(act), keyId: signer.keyId })).rejects.toMatchObject({ type: 'SignatureInvalid' });
    rmSync(path.join(publicKeysFolder, `${signer.keyId}.pem`));
    await expect(verifyAction(signer.sign(act))).rejects.toMatchObject({ type: 'SignatureInvalid' });
  });

  it('name the run they are for: an approval signed for an aborted run does not count in the next one', async () => {
    const { signer, verifyAction } = world();
    const signed = signer.sign(act);
    expect(JSON.parse(signed.payload)).toMatchObject({ run: RUN });
    expect((await verifyAction(signed)).run).toBe(RUN);
    const { run: _, ...unbound } = act;
    await expect(verifyAction(signer.sign(unbound as ActionRequest))).rejects.toMatchObject({ type: 'SignatureInvalid' });
  });

  it.each([
    ['counts until its end', '2026-11-24T08:10:00.000Z', true],
    ['counts with a clock that is a minute ahead', '2026-11-24T08:11:00.000Z', true],
    ['is refused when it was signed more than five minutes ago', '2026-11-24T08:11:00.001Z', false],
  ])('an action %s', async (_, now, counts) => {
    const { signer, verifyAction } = world(() => Date.parse(now));
    const answer = verifyAction(signer.sign(act));
    if (counts) expect(await answer).toEqual(act);
    else
      await expect(answer).rejects.toMatchObject({
        type: 'Expired',
        nonRetryable: true,
        message:
          'this approve was signed at 2026-11-24T08:05:00.000Z and expired at 2026-11-24T08:10:00.000Z; read the status and decide again',
      });
  });

  it('have no id that every object has as a key', async () => {
    const { signer, verifyAction } = world();
    for (const id of ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'a b', ''])
      await expect(verifyAction(signer.sign({ ...act, id }))).rejects.toMatchObject({ type: 'SignatureInvalid' });
  });

  it('are refused when a trusted server signed something that is no act', async () => {
    const { signer, verifyAction } = world();
    for (const wrong of [
      { ...act, action: 'launch' },
      { ...act, extra: 1 },
      { ...act, issuedAt: 'yesterday' },
    ]) {
      await expect(verifyAction(signer.sign(wrong as ActionRequest))).rejects.toMatchObject({ type: 'SignatureInvalid' });
    }
    expect(canonicalJson(act)).not.toContain('undefined');
  });
});

describe('sessions', () => {
  it('end by themselves', () => {
    let now = 0;
    const sessions = createSessions(() => now);
    const { id } = sessions.open('hash');
    expect(sessions.find(id)?.tokenHash).toBe('hash');
    now = 13 * 3_600_000;
    expect(sessions.find(id)).toBeNull();
  });

  it('are bounded: a flood of sign-ins drops the oldest', () => {
    const sessions = createSessions(() => 0);
    const { id } = sessions.open('hash');
    for (let count = 0; count < 1_000; count += 1) sessions.open('hash');
    expect(sessions.find(id)).toBeNull();
  });
});
