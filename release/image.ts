// Container image references of a release. Free of zod.

const shape =
  /^(?<path>[a-z0-9][a-z0-9._-]*(?::[0-9]+)?(?:\/[a-z0-9][a-z0-9._-]*)*)(?::(?<tag>[a-zA-Z0-9_][a-zA-Z0-9_.-]*))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/;

/** Longest image reference: 255 for the repository, 128 for the tag, 71 for the digest, and their separators. */
const MAX_IMAGE_LENGTH = 456;

/** Null for an image with a fixed tag or digest; otherwise the reason why it is refused. */
export function explainImage(image: string): string | null {
  const hint = 'name a fixed tag or digest such as registry.example.com/shop/go-api:sha-91d03ce';
  const parts = image.length <= MAX_IMAGE_LENGTH ? shape.exec(image)?.groups : undefined;
  if (!parts) return `this is not a container image name; ${hint}`;
  if (parts['digest'] !== undefined) return null;
  // `host:5000` alone is read by the pattern as a path with a port; a port has nothing before it but a host, and an image needs a name.
  const lastPart = (parts['path'] ?? '').split('/').at(-1) ?? '';
  const tag = parts['tag'] ?? (lastPart.includes(':') ? lastPart.split(':')[1] : undefined);
  if (tag === undefined) return `the image has no tag and no digest, so the launched version would be unknown; ${hint}`;
  if (tag === 'latest') return `the tag "latest" does not identify one image; ${hint}`;
  return null;
}
