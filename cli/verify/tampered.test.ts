// End to end: evidence in a folder, a real server on it, and the command line as a process.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { createFolderEvidenceStore } from '../../activities/evidence/folder-store.ts';
import type { PreflightAnswer } from '../../analysis/preflight/answers.ts';
import { judgePreflight } from '../../analysis/preflight/judge.ts';
import { loadSigner } from '../../server/identity/signing.ts';
import { createToken, tokenFileIdentity } from '../../server/identity/tokens.ts';
import { startServer, type RunningServer } from '../../server/main.ts';
import { fakeCountdowns } from '../../server/testing/fake-countdowns.ts';
import type { EvidenceRef } from '../../verdict/finding.ts';
import type { StepStatus } from '../../verdict/countdown-status.ts';
import { counting, NAME } from '../../workflows/testing/example-status.ts';
import { tminus } from '../testing/tminus-process.ts';
import { OPEN_POLICY } from '../../server/testing/test-app.ts';
import { memoryFolder } from '../../server/testing/memory-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'tminus-tampered-'));
const evidence = createFolderEvidenceStore(join(folder, 'evidence'));
const tokens = join(folder, 'tokens.yaml');
const token = createToken(tokens, { subject: 'mei', displayName: 'Mei Tan', groups: [] });
const countdowns = fakeCountdowns([]);
let server: RunningServer;
beforeAll(async () => {
  server = await startServer({
    port: 0,
    countdowns,
    evidencePath: join(folder, 'evidence'),
    folder: memoryFolder(),
    startPolicy: OPEN_POLICY,
    identity: tokenFileIdentity(tokens),
    signer: loadSigner({ signingKey: join(folder, 'key.pem'), publicKeys: join(folder, 'keys') }),
  });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

type Title = PreflightAnswer['title'];
const answers = (title: Title): PreflightAnswer[] => [{ title, needs: 'the launch', facts: null, trouble: 'connection refused' }];
async function stored(title: Title): Promise<EvidenceRef> {
  const text = `${JSON.stringify({ input: {}, answers: answers(title) })}\n`;
  return evidence.put({ kind: 'preflight-answers', mediaType: 'application/x-ndjson', source: 'test' }, Buffer.from(text));
}
const stepOf = (name: string, title: Title, ref: EvidenceRef): StepStatus => ({
  name,
  type: 'preflight',
  round: 1,
  state: 'done',
  findings: judgePreflight(answers(title), [ref.digest]),
  facts: [],
  evidence: [ref],
});
const show = (steps: StepStatus[]): void => {
  const [first] = counting.checkpoints;
  if (first) countdowns.statuses.set(NAME, { ...counting, checkpoints: [{ ...first, steps }] });
};
const verify = async (...argv: string[]) => tminus(['verify', NAME, ...argv], { server: server.url, env: { TMINUS_TOKEN: token } });

let first: EvidenceRef;
let second: EvidenceRef;
beforeEach(async () => {
  [first, second] = [await stored('cluster'), await stored('not paused')];
  show([stepOf('first', 'cluster', first), stepOf('second', 'not paused', second)]);
});
function fileOf({ digest }: EvidenceRef): string {
  const hex = digest.slice('sha256:'.length);
  const shard = join(folder, 'evidence/sha256', hex.slice(0, 2));
  return join(shard, readdirSync(shard).find((name) => name.startsWith(hex)) ?? '');
}
type Verification = { outcome: string; steps: { step: string; result: string; sentences: string[] }[] };
const document = (stdout: string) => JSON.parse(stdout) as Verification;

it('verifies unchanged evidence', async () => {
  const { code, stdout } = await verify('--json');
  expect({ code, outcome: document(stdout).outcome }).toEqual({ code: 0, outcome: 'verified' });
});

it('reports step and digest of a changed piece, and checks the other step', async () => {
  writeFileSync(fileOf(first), readFileSync(fileOf(first), 'utf8').replace('refused', 'rEfused'));
  const { code, stdout, stderr } = await verify('--json');
  expect({ code, stderr, outcome: document(stdout).outcome }).toEqual({ code: 3, stderr: '', outcome: 'differs' });
  expect(document(stdout).steps).toMatchObject([
    {
      step: 'first',
      result: 'differs',
      sentences: [expect.stringContaining(`${first.digest} was changed: the SHA-256 of its bytes differs`)],
    },
    { step: 'second', result: 'same', sentences: [] },
  ]);
});

it('reports a deleted piece, and not as a bug of tminus', async () => {
  rmSync(fileOf(second));
  const { code, stdout, stderr } = await verify();
  expect(code).toBe(3);
  expect(stdout).toContain(`preflight-answers: no evidence is stored under ${second.digest}`);
  expect(stdout).toMatch(/first {4}1 finding from 1 piece of evidence: match/);
  expect(stdout.trimEnd().split('\n').at(-1)).toBe(`NOT VERIFIED: 1 of 2 steps of ${NAME} differ from their evidence`);
  expect(stderr).not.toContain('bug');
});

it('does not succeed if nothing was measured', async () => {
  show([]);
  expect(await verify('--json')).toMatchObject({ code: 5, stdout: expect.stringContaining('"outcome": "nothing-to-verify"') });
  show([stepOf('first', 'cluster', first), { ...stepOf('launch', 'not paused', second), state: 'failed-to-run', evidence: [] }]);
  const { code, stdout } = await verify();
  expect(code).toBe(5);
  expect(stdout).toContain(`NOT VERIFIED: 1 of 2 steps of ${NAME} have nothing to verify; the others match`);
});
