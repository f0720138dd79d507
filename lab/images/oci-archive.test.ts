import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { manifestDigest, ociArchive } from './oci-archive.ts';
import type { ImageContents } from './oci-archive.ts';

const image: ImageContents = {
  reference: 'registry.local/go-api:sha-91d03ce',
  program: Buffer.from('a static program'),
  path: '/go-api',
  env: ['FAULT=slow-order'],
  architecture: 'amd64',
};

interface Descriptor {
  digest: string;
  size: number;
  annotations?: Record<string, string>;
}

/** The archive as another program, tar, reads it. */
function unpacked(archive: Buffer) {
  const folder = mkdtempSync(join(tmpdir(), 'tminus-oci-'));
  writeFileSync(join(folder, 'image.tar'), archive);
  execFileSync('tar', ['-xf', 'image.tar'], { cwd: folder });
  const read = (path: string) => readFileSync(join(folder, path));
  const blob = ({ digest, size }: Descriptor) => {
    const bytes = read(`blobs/sha256/${digest.slice('sha256:'.length)}`);
    expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(digest);
    expect(bytes.length).toBe(size);
    return bytes;
  };
  const index = JSON.parse(read('index.json').toString()) as { manifests: [Descriptor] };
  const manifest = JSON.parse(blob(index.manifests[0]).toString()) as { config: Descriptor; layers: [Descriptor] };
  const config = JSON.parse(blob(manifest.config).toString()) as { config: object; rootfs: { diff_ids: string[] }; architecture: string };
  return { folder, index, manifest, config, layer: gunzipSync(blob(manifest.layers[0])) };
}

test('makes the same bytes from the same image, at any time', async () => {
  expect((await ociArchive(image)).equals(await ociArchive({ ...image, program: Buffer.from('a static program') }))).toBe(true);
});

test.each([
  ['program', { program: Buffer.from('another program') }],
  ['default environment', { env: ['FAULT=crash-loop'] }],
])('has another digest when the %s differs', async (_, change) => {
  expect(manifestDigest(await ociArchive({ ...image, ...change }))).not.toBe(manifestDigest(await ociArchive(image)));
});

test('carries program, entry point, user, environment and name, each blob under its own digest', async () => {
  const { folder, index, config, layer } = unpacked(await ociArchive(image));
  expect(index.manifests[0].annotations?.['io.containerd.image.name']).toBe(image.reference);
  expect(config.config).toEqual({ Entrypoint: ['/go-api'], User: '65535:65535', Env: ['FAULT=slow-order'] });
  expect(config.rootfs.diff_ids).toEqual([`sha256:${createHash('sha256').update(layer).digest('hex')}`]);
  writeFileSync(join(folder, 'layer.tar'), layer);
  execFileSync('tar', ['-xf', 'layer.tar'], { cwd: folder });
  expect(readFileSync(join(folder, 'go-api')).toString()).toBe('a static program');
  expect(statSync(join(folder, 'go-api')).mode & 0o777).toBe(0o755);
});

test('answers the digest of the manifest in the archive', async () => {
  const archive = await ociArchive(image);
  expect(manifestDigest(archive)).toBe(unpacked(archive).index.manifests[0].digest);
});
