import { expect, it } from '@jest/globals';
import { imageDigest, imageDigests } from './image-digest.ts';

it.each([
  ['registry.example.com/go-api@sha256:9f2a', 'sha256:9f2a'],
  ['mirror.example.com:5000/hub/go-api@sha256:9f2a', 'sha256:9f2a'],
  ['registry.example.com/go-api:v2@sha256:9f2a', 'sha256:9f2a'],
  ['docker-pullable://registry.example.com/go-api@sha256:9f2a', 'sha256:9f2a'],
  ['docker://sha256:9f2a', 'sha256:9f2a'],
  ['sha256:9f2a', 'sha256:9f2a'],
  ['', ''],
])('reads the digest of %s', (imageId, digest) => {
  expect(imageDigest(imageId)).toBe(digest);
});

it('takes one digest under two repository names for the same bytes', () => {
  expect(imageDigests(['registry.example.com/go-api@sha256:9f2a', 'mirror.example.com/go-api@sha256:9f2a'])).toEqual(['sha256:9f2a']);
});

it('has no digest when one pod has none yet', () => {
  expect(imageDigests(['sha256:9f2a', ''])).toEqual([]);
});
