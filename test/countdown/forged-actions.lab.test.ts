// Decisions that are forged, copied or stale, sent to a real countdown by somebody who reaches Temporal: none counts, and each is answered and audited.
import type { SignedAction } from '../../verdict/signed.ts';
import type { ActionRequest } from '../../verdict/action.ts';
import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { advance } from '../../server/temporal/virtual-time.ts';
import { loadSigner } from '../../server/identity/signing.ts';
import { actionUpdate, auditQuery, statusQuery } from '../../workflows/messages.ts';
import { person, temporalWorld, type World } from '../temporal-world.ts';
import { refusal } from './run-countdown.ts';
import { trustedLab, type TrustedLab } from './trusted-lab.ts';

jest.setTimeout(120_000);

const HOUR = 3_600_000;

let temporal: World;
beforeAll(async () => {
  temporal = await temporalWorld();
});
afterAll(() => temporal.close());

const stranger = () => {
  const folder = mkdtempSync(join(tmpdir(), 'stranger-'));
  return loadSigner({ signingKey: join(folder, 'key.pem'), publicKeys: join(folder, 'public') });
};

type Forgery = [what: string, forge: (act: ActionRequest, lab: TrustedLab) => SignedAction, answer: RegExp];
const FORGERIES: Forgery[] = [
  [
    'another person in the payload',
    (act, { signer }) => ({ ...signer.sign(act), payload: signer.sign({ ...act, principal: person('a.osei') }).payload }),
    /^the signature of this action does not match any key that this worker trusts/,
  ],
  [
    'no signature',
    (act, { signer }) => ({ ...signer.sign(act), signature: '' }),
    /^the signature of this action does not match any key that this worker trusts/,
  ],
  [
    'the signature of another decision',
    (act, { signer }) => ({ ...signer.sign(act), signature: signer.sign({ ...act, action: 'reject' }).signature }),
    /^the signature of this action does not match any key that this worker trusts/,
  ],
  ['a stranger’s key', (act) => stranger().sign(act), /^the signature of this action does not match any key that this worker trusts/],
  [
    'a stranger’s key under a trusted name',
    (act, { signer }) => ({ ...stranger().sign(act), keyId: signer.keyId }),
    /^the signature of this action does not match any key that this worker trusts/,
  ],
  [
    'a key id that is a path',
    (act, { signer }) => ({ ...signer.sign(act), keyId: `../public-keys/${signer.keyId}` }),
    /^the signature of this action does not match any key that this worker trusts/,
  ],
  [
    'a start that the server signed',
    (_, lab) => lab.input({ countdownMs: HOUR }).start,
    /^the signature of this action does not match any key that this worker trusts/,
  ],
  [
    'a time that is over',
    (act, { signer }) => signer.sign({ ...act, notAfter: new Date(Date.now() - 120_000).toISOString() }),
    /expired at/,
  ],
  ['another countdown', (act, { signer }) => signer.sign({ ...act, countdown: 'countdown/other' }), /was signed for countdown\/other/],
  ['an earlier run', (act, { signer }) => signer.sign({ ...act, run: randomUUID() }), /was signed for another run/],
  ['another checkpoint', (act, { signer }) => signer.sign({ ...act, checkpoint: 'launch' }), /too early: launch/],
  ['an older revision', (act, { signer }) => signer.sign({ ...act, revision: 0 }), /^stale: based on revision 0/],
  [
    'other evidence',
    (act, { signer }) => signer.sign({ ...act, evidenceDigest: `sha256:${'0'.repeat(64)}` }),
    /^stale: the evidence of revision \d+ has changed/,
  ],
  ['the requester', (act, { signer }) => signer.sign({ ...act, principal: person('requester') }), /requested this countdown/],
  [
    'somebody outside the group',
    (act, { signer }) => signer.sign({ ...act, principal: person('x', ['visitors']) }),
    /who may approve here/,
  ],
  [
    'nobody who was verified',
    (act, { signer }) => signer.sign({ ...act, principal: { ...person('x'), verified: false } }),
    /not a verified person/,
  ],
];

it(`${FORGERIES.length} forged or stale approvals: none counts, each is answered and audited; a copy of one that counted counts once`, async () => {
  const lab = await trustedLab(temporal);
  await temporal.withWorkers(lab.activities, async () => {
    const handle = await lab.start(lab.input({ countdownMs: 72 * HOUR, poll: true, rehearsal: true }));
    await lab.until(handle, 'counting', ({ phase }) => phase === 'counting');
    await advance(temporal.client, handle.workflowId, 71.01 * 3_600_000);
    await lab.until(handle, 'waiting', ({ phase }) => phase === 'waiting');
    const send = (signed: SignedAction) => handle.executeUpdate(actionUpdate, { args: [signed], updateId: randomUUID() });
    const approvals = async () => (await handle.query(statusQuery)).checkpoints[0]?.approvals.length;
    for (const [what, forge, answer] of FORGERIES) {
      const before = (await handle.query(auditQuery)).length;
      expect([what, await refusal(send(forge(await lab.act(handle, { action: 'approve' }), lab)))]).toEqual([
        what,
        expect.stringMatching(answer),
      ]);
      expect([what, (await handle.query(auditQuery)).slice(before)]).toMatchObject([
        what,
        [{ action: expect.stringMatching(/^(action|approve)\.refused$/), detail: expect.stringMatching(answer) }],
      ]);
      expect([what, await approvals()]).toEqual([what, 0]);
    }
    const counted = lab.signer.sign(await lab.act(handle, { action: 'approve' }));
    const first = await send(counted);
    expect([await send(counted), await approvals()]).toEqual([first, 1]);
    expect(lab.writes()).toBe(0);
    await handle.terminate('test over');
  });
});
