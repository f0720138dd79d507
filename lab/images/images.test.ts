import { parseImageList } from './images.ts';

test('reads the digest of each image from the table of ctr', () => {
  const table = [
    'REF                               TYPE                                       DIGEST                                                                  SIZE    PLATFORMS   LABELS',
    'registry.local/go-api:sha-91d03ce application/vnd.oci.image.index.v1+json    sha256:1e1f0f2e3c6b36f6c1b3a0d9a3f40c8c36d4b2f2f6df0a2f6a2f10a8c0a1b2c3 8.9 MiB linux/amd64 io.cri-containerd.image=managed',
    '',
  ].join('\n');
  expect([...parseImageList(table)]).toEqual([
    ['registry.local/go-api:sha-91d03ce', 'sha256:1e1f0f2e3c6b36f6c1b3a0d9a3f40c8c36d4b2f2f6df0a2f6a2f10a8c0a1b2c3'],
  ]);
});

test('reads an empty table as no images', () => {
  expect(parseImageList('REF TYPE DIGEST SIZE PLATFORMS LABELS\n').size).toBe(0);
});
