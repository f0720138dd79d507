// Which bytes a container runs. A node reports them in several spellings; only the digests in them can be compared.

/**
 * The digest in a `status.containerStatuses[].imageID`: `mirror.example.com/go-api@sha256:9f2a`, `docker-pullable://go-api@sha256:9f2a`,
 * `docker://sha256:9f2a` and `sha256:9f2a` are all `sha256:9f2a`. One digest under two repository names is the same bytes. Empty while the
 * container has no image yet.
 */
export function imageDigest(imageId: string): string {
  return imageId.replace(/^.*@/u, '').replace(/^.*:\/\//u, '');
}

/**
 * Digests of several image ids, sorted and unique. Empty when one of them is not known yet: a part of the bytes must not stand for all of
 * them.
 */
export function imageDigests(imageIds: readonly string[]): string[] {
  const digests = imageIds.map(imageDigest);
  return digests.includes('') ? [] : [...new Set(digests)].sort();
}
