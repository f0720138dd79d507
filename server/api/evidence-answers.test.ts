// Evidence as the API answers it when the folder under it is not what it was.
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderEvidenceStore } from '../../activities/evidence/folder-store.ts';
import type { Dependencies } from '../request/dependencies.ts';
import { sendEvidence } from './streams.ts';

const folder = mkdtempSync(join(tmpdir(), 'tminus-answers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const evidence = createFolderEvidenceStore(folder);
const put = (text: string) => evidence.put({ kind: 'k6-points', mediaType: 'application/x-ndjson', source: 'test' }, Buffer.from(text));
function fileOf(digest: string): string {
  const hex = digest.slice('sha256:'.length);
  const shard = join(folder, 'sha256', hex.slice(0, 2));
  return join(shard, readdirSync(shard).find((name) => name.startsWith(hex)) ?? '');
}
const send = (digest: string) =>
  sendEvidence(
    { evidence } as Dependencies,
    { header: () => undefined, body: (stream: ReadableStream) => new Response(stream) } as never,
    digest,
  );

it('sends whole evidence byte for byte', async () => {
  expect(await (await send((await put('whole')).digest)).text()).toBe('whole');
});

it.each([
  [
    'a changed byte',
    (file: string) => writeFileSync(file, readFileSync(file, 'utf8').replace('2', '3')),
    'Damaged',
    'the SHA-256 of its bytes differs',
  ],
  ['a lost tail', (file: string) => truncateSync(file, 3), 'Damaged', 'it has 3 bytes, 9 were stored'],
  ['a lost file', (file: string) => rmSync(file), 'NotFound', 'no evidence is stored under'],
])('sends nothing of evidence with %s, and says what is wrong before the first byte', async (_, harm, code, message) => {
  const { digest } = await put('p99 = 2 s');
  harm(fileOf(digest));
  await expect(send(digest)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  await expect(send(digest)).rejects.toMatchObject({ message: expect.stringContaining(digest) });
});
