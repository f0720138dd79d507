import type { EvidenceStore } from './contract.ts';

/** All bytes of a small piece of evidence. */
export async function bytesOf(store: Pick<EvidenceStore, 'get'>, digest: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.get(digest)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
