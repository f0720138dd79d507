import { expect, it } from '@jest/globals';
import { chainRecord, EMPTY_CHAIN, type AuditRecord } from '../verdict/audit-chain.ts';
import { against, PATH, statusBody } from './testing/against.ts';
import { type Answers } from './testing/fake-server.ts';
import { launchedEnd, NAME } from '../workflows/testing/example-status.ts';

const records = ['countdown.started', 'checkpoint.reached', 'approve.refused', 'approve.accepted'].reduce<AuditRecord[]>(
  (chain, action, index) => [
    ...chain,
    chainRecord(chain.at(-1) ?? EMPTY_CHAIN, {
      at: `2026-11-24T08:0${index}:00.000Z`,
      actor: 'local/mei',
      action,
      object: 'final-poll',
      detail: index === 2 ? 'Mei Tan requested this countdown' : '',
    }),
  ],
  [],
);
const last = records.at(-1) ?? EMPTY_CHAIN;
const audit = (items: AuditRecord[], head = { seq: last.seq, hash: last.hash }): Answers => ({
  [`GET ${PATH}`]: statusBody({ ...launchedEnd, auditHead: head }),
  // What the server says of the chain is not believed.
  [`GET ${PATH}/events`]: {
    body: {
      apiVersion: 'tminus.dev/v1alpha1',
      kind: 'EventList',
      metadata: { name: NAME },
      chain: { state: 'verified', message: 'trust me' },
      items,
    },
  },
});

it('prints the audit log and verifies its chain', async () => {
  const { code, stdout } = await against(audit(records), ['events', NAME]);
  expect({ code, lines: stdout.trimEnd().split('\n') }).toEqual({
    code: 0,
    lines: [
      '   1  2026-11-24 08:00:00 UTC  local/mei          countdown.started      final-poll',
      '   2  2026-11-24 08:01:00 UTC  local/mei          checkpoint.reached     final-poll',
      '   3  2026-11-24 08:02:00 UTC  local/mei          approve.refused        final-poll   Mei Tan requested this countdown',
      '   4  2026-11-24 08:03:00 UTC  local/mei          approve.accepted       final-poll',
      `chain verified: 4 records, head ${last.hash.slice(0, 16)}…`,
    ],
  });
});

it.each([
  [
    'changed',
    records.map((each) => (each.seq === 3 ? { ...each, detail: 'fine' } : each)),
    'CHAIN BROKEN at record 3: record 3 was changed: its hash does not match its content',
  ],
  ['left out', records.filter(({ seq }) => seq !== 2), 'CHAIN BROKEN at record 2: record 2 is missing: the next one is numbered 3'],
  [
    'cut off at the end',
    records.slice(0, 3),
    "CHAIN BROKEN at record 4: the chain ends at record 3, but the countdown's head is record 4: records were cut off or added",
  ],
])('exits 3 and prints the first bad record if one is %s', async (_, items, sentence) => {
  const { code, stdout } = await against(audit(items), ['events', NAME]);
  expect({ code, last: stdout.trimEnd().split('\n').at(-1) }).toEqual({ code: 3, last: sentence });
});

it('prints one record per line until the countdown has ended', async () => {
  const { code, stdout } = await against(audit(records), ['events', NAME, '--follow', '--json']);
  expect(code).toBe(0);
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual(records.map((record) => ({ apiVersion: 'tminus.dev/v1alpha1', kind: 'Event', metadata: { name: NAME }, ...record })));
});
