import { expect, it } from '@jest/globals';
import { changedFields } from '../../analysis/preflight/changed-fields.ts';
import { createRedactor } from './redact-template.ts';

const template = (secret: string, image = 'shop:1') => ({
  metadata: { labels: { app: 'shop' }, annotations: { 'tminus.dev/operation': 'launch', vault: secret } },
  spec: {
    replicas: 3,
    paused: false,
    nodeSelector: { disk: 'ssd' },
    containers: [
      {
        name: 'shop',
        image,
        command: ['/bin/sh', '-c', `token=${secret} exec shop`],
        env: [
          { name: 'A', value: secret },
          { name: 'B', value: secret },
        ],
        resources: { limits: { cpu: '500m' } },
      },
    ],
    volumes: [{ name: 'v', csi: { driver: 'd', volumeAttributes: { name: secret, key: secret } } }],
    aFieldOfTomorrow: { text: secret },
  },
});

it('keeps shape, numbers, names and images, and replaces every other text', () => {
  const shown = createRedactor().value(template('s3cret'));
  expect(JSON.stringify(shown)).not.toContain('s3cret');
  expect(shown).toMatchObject({
    metadata: { labels: { app: 'shop' }, annotations: { 'tminus.dev/operation': 'launch', vault: '(redacted 1)' } },
    spec: {
      replicas: 3,
      paused: false,
      nodeSelector: { disk: 'ssd' },
      containers: [{ name: 'shop', image: 'shop:1', resources: { limits: { cpu: '500m' } } }],
      volumes: [{ name: 'v', csi: { volumeAttributes: { name: '(redacted 1)', key: '(redacted 1)' } } }],
      aFieldOfTomorrow: { text: '(redacted 1)' },
    },
  });
});

it('keeps what is equal equal and what differs different, so that a comparison finds the same fields', () => {
  const [asked, got] = [template('one'), template('two', 'shop:2')];
  const redactor = createRedactor();
  const fieldsOf = (a: unknown, b: unknown) => changedFields(a, b).map(({ field }) => field);
  expect(fieldsOf(redactor.value(asked), redactor.value(got))).toEqual(fieldsOf(asked, got));
  expect(fieldsOf(asked, got)).toHaveLength(8);
});

it('takes out of a message what it replaced, the longest text first', () => {
  const redactor = createRedactor();
  redactor.value({ env: [{ value: 'abcd' }, { value: 'abcd-efgh' }, { value: 'on' }] });
  expect(redactor.message('env "abcd-efgh" is not allowed on this cluster, nor is abcd')).toBe(
    'env "(redacted 2)" is not allowed on this cluster, nor is (redacted 1)',
  );
});

it.each([
  [
    'escaped',
    'Invalid value: "{\\"user\\":\\"shop\\",\\"pass\\":\\"hunter2hunter2\\"}"',
    '{"user":"shop","pass":"hunter2hunter2"}',
    'hunter2',
  ],
  ['cut', 'value "postgres://shop:hunter2hunt..." is too long', 'postgres://shop:hunter2hunter2@db/shop', 'hunter2'],
  ['escaped as Go escapes HTML', 'Invalid value: {"value":"pa\\u003css\\u003ew\\u0026rd1"}', 'pa<ss>w&rd1', 'w\\u0026rd1'],
  ['with what is not printable', 'Invalid value: "pass\\x7fw\\aord"', 'pass\u007fw\u0007ord', 'ord"'],
  ['short and in quotation marks', 'env value "x9" is not one of ["on", "off"]', 'x9', 'x9'],
])('takes a text out of a message that has it %s', (_, message, secret, never) => {
  const redactor = createRedactor();
  redactor.value({ env: [{ value: secret }] });
  expect(redactor.message(message)).not.toContain(never);
  expect(redactor.message(message)).toContain('(redacted 1)');
});

it('keeps words of a message that are only similar', () => {
  const redactor = createRedactor();
  redactor.value({ env: [{ value: 'production-eu' }, { value: 'on' }] });
  expect(redactor.message('one of the products on this cluster is not allowed')).toBe('one of the products on this cluster is not allowed');
});
