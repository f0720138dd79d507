// Image digests of containers. Nodes report image ids in several forms; only the digests in them are comparable.

/**
 * `sha256:9f2a` of a container's imageID `mirror.example.com/go-api@sha256:9f2a`, `docker-pullable://go-api@sha256:9f2a` or
 * `docker://sha256:9f2a`. One digest in two repositories is the same image. Empty while the container has no image.
 */
export function imageDigest(imageId: string): string {
  return imageId.replace(/^.*@/u, '').replace(/^.*:\/\//u, '');
}

/** Digests of several image ids, sorted and unique. Empty when one of them is unknown: a part must not stand for all. */
export function imageDigests(imageIds: readonly string[]): string[] {
  const digests = imageIds.map(imageDigest);
  return digests.includes('') ? [] : [...new Set(digests)].sort();
}
