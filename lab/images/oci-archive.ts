// An image without registry or engine: one static program in an OCI archive for containerd. The same input gives the same bytes.
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

export interface ImageContents {
  /** Name with tag, such as `registry.local/go-api:sha-91d03ce`. */
  reference: string;
  /** The static program. */
  program: Uint8Array;
  /** Absolute path of the program in the image; it is the entry point. */
  path: string;
  /** `NAME=value`. */
  env: string[];
  /** As Go names it: `amd64`, `arm64`. */
  architecture: string;
}

/** Numeric, because the image has no /etc/passwd. */
const NOBODY = '65535:65535';

/** The archive's bytes: `oci-layout`, `index.json` and blobs (layer, configuration, manifest). */
export async function ociArchive(image: ImageContents): Promise<Buffer> {
  const blobs = new Map<string, Buffer>();
  const store = (mediaType: string, bytes: Buffer) => {
    const digest = sha256(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const platform = { architecture: image.architecture, os: 'linux' };
  const layer = await tar([[image.path.replace(/^\//, ''), Buffer.from(image.program)]], 0o755);
  // Node writes a gzip header without time; level and memory are zlib's defaults.
  const layers = [store('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(layer))];
  const config = store(
    'application/vnd.oci.image.config.v1+json',
    json({
      ...platform,
      config: { Entrypoint: [image.path], User: NOBODY, Env: image.env },
      rootfs: { type: 'layers', diff_ids: [sha256(layer)] },
      history: [{ created_by: 'tminus lab' }],
    }),
  );
  const manifest = store(
    'application/vnd.oci.image.manifest.v1+json',
    json({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config, layers }),
  );
  const annotations = {
    'io.containerd.image.name': image.reference,
    'org.opencontainers.image.ref.name': image.reference.split(':').at(-1),
  };
  const index = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ ...manifest, platform, annotations }],
  });
  const files: [string, Buffer][] = [
    ['oci-layout', json({ imageLayoutVersion: '1.0.0' })],
    ['index.json', index],
    ...[...blobs].map(([digest, bytes]): [string, Buffer] => [`blobs/sha256/${digest.slice('sha256:'.length)}`, bytes]),
  ];
  return tar(files, 0o644);
}

/** Digest of the manifest in an archive of ours: what containerd lists as the image's digest. */
export function manifestDigest(archive: Buffer): string {
  const found = /"manifests":\[\{"mediaType":"[^"]*","digest":"(sha256:[0-9a-f]{64})"/.exec(
    archive.subarray(0, MAX_INDEX_OFFSET_BYTES).toString('latin1'),
  );
  if (!found?.[1]) throw new Error('index.json is not at the beginning of the archive: it was not written by the lab');
  return found[1];
}

/** `oci-layout` and `index.json` come first and are small. */
const MAX_INDEX_OFFSET_BYTES = 4096;

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const sha256 = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Owned by root, of 1970: the time of making is no content. */
function tar(files: readonly [name: string, bytes: Buffer][], mode: number): Promise<Buffer> {
  const archive = pack();
  for (const [name, bytes] of files) archive.entry({ name, mode, mtime: new Date(0) }, bytes);
  archive.finalize();
  return buffer(archive);
}
