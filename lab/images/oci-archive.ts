// An image without registry or engine: one static program in an OCI archive that containerd imports. The same input gives the same bytes.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

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

/** Nobody: numeric, for an image without /etc/passwd. */
const NOBODY = '65535:65535';

const TAR_BLOCK = 512;
/** A tar ends with two empty blocks. */
const TAR_END = Buffer.alloc(2 * TAR_BLOCK);

/** The archive's bytes: `oci-layout`, `index.json` and blobs (layer, configuration, manifest). */
export function ociArchive(image: ImageContents): Buffer {
  const blobs = new Map<string, Buffer>();
  const store = (mediaType: string, bytes: Buffer) => {
    const digest = sha256(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const platform = { architecture: image.architecture, os: 'linux' };
  const layer = Buffer.concat([...tarEntry(image.path.replace(/^\//, ''), Buffer.from(image.program), 0o755), TAR_END]);
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
  return Buffer.concat([...files.flatMap(([name, bytes]) => tarEntry(name, bytes, 0o644)), TAR_END]);
}

/** Digest of the manifest in an archive of ours: what containerd lists as the image's digest. */
export function manifestDigest(archive: Buffer): string {
  const found = /"manifests":\[\{"mediaType":"[^"]*","digest":"(sha256:[0-9a-f]{64})"/.exec(
    archive.subarray(0, INDEX_WITHIN_BYTES).toString('latin1'),
  );
  if (!found?.[1]) throw new Error('this is no archive of ours: its index.json is not at the beginning');
  return found[1];
}

/** `oci-layout` and `index.json` come first and are small. */
const INDEX_WITHIN_BYTES = 4096;

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const sha256 = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Names are at most 100 bytes in a plain ustar header; ours are digests and short paths. */
const TAR_NAME_BYTES = 100;

/** Header, bytes and padding of one file, owned by root, of 1970: the time of making is no content. */
function tarEntry(name: string, bytes: Buffer, mode: number): Buffer[] {
  if (Buffer.byteLength(name) > TAR_NAME_BYTES) throw new Error(`the path ${name} is longer than ${TAR_NAME_BYTES} bytes`);
  const header = Buffer.alloc(TAR_BLOCK);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;
  header.write(name, 0);
  header.write(octal(mode, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(bytes.length, 12), 124);
  header.write(octal(0, 12), 136);
  // The checksum is counted with its own field full of blanks.
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = (TAR_BLOCK - (bytes.length % TAR_BLOCK)) % TAR_BLOCK;
  return [header, bytes, Buffer.alloc(padding)];
}
