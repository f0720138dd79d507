import { expect, it } from '@jest/globals';
import { judgePodImages, judgeStaging } from './pod-images.ts';

const TEMPLATE = 'registry.example.com/go-api:v2';
const MIRROR = 'mirror.corp.internal/hub/go-api:v2';
const staged = (ids: string[], change: object = {}) => ({
  image: TEMPLATE,
  wanted: ids.length,
  pods: ids.map((id, index) => ({ name: `s-${index}`, image: MIRROR, templateImage: TEMPLATE, ready: true, ids: id, ...change })),
});

it('passes and names what a webhook makes of the image', () => {
  const pods = ['a', 'b'].map((name) => ({ name, image: MIRROR, templateImage: TEMPLATE }));
  expect(judgePodImages({ pods })).toMatchObject({
    outcome: 'pass',
    message: `a webhook rewrites ${TEMPLATE} to ${MIRROR} in 2 of 2 pods; images are compared by digest`,
  });
});

it('passes pods that have the image of their template', () => {
  expect(judgePodImages({ pods: [{ name: 'a', image: TEMPLATE, templateImage: TEMPLATE }] })).toMatchObject({
    outcome: 'pass',
    measured: 1,
  });
});

it('cannot compare where there is no pod', () => {
  expect(judgePodImages({ pods: [] })).toMatchObject({ outcome: 'inconclusive' });
});

it('passes a staging whose pods a webhook pointed at a mirror, with one digest under two names', () => {
  expect(judgeStaging(staged([`${MIRROR}@sha256:9f2a`, `${TEMPLATE}@sha256:9f2a`]))).toMatchObject({ outcome: 'pass' });
});

it('fails a staging of another template though a webhook gave its pods the image', () => {
  expect(judgeStaging(staged(['sha256:9f2a'], { image: TEMPLATE, templateImage: 'registry.example.com/go-api:v1' }))).toMatchObject({
    outcome: 'fail',
    message: expect.stringContaining('has a template with registry.example.com/go-api:v1'),
  });
});

it('fails a staging in which one name has two builds, and names both digests', () => {
  expect(judgeStaging(staged(['sha256:9f2a', 'sha256:77aa']))).toMatchObject({
    outcome: 'fail',
    message: expect.stringContaining('sha256:77aa, sha256:9f2a'),
  });
});

it('reads a record of an older version, which has no image of the template', () => {
  const pods = [{ name: 's-1', image: TEMPLATE, ready: true, ids: 'sha256:9f2a' }];
  expect(judgeStaging({ image: TEMPLATE, wanted: 1, pods })).toMatchObject({ outcome: 'pass' });
});
