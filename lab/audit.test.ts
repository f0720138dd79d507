import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditWrites, parseAuditLine } from './audit.ts';

interface Change {
  stage?: string;
  verb?: string;
  user?: string;
  code?: number;
  namespace?: string;
  name?: string;
  resource?: string;
  subresource?: string;
  requestURI?: string;
  at?: string;
  id?: string;
}

const line = ({
  stage = 'ResponseComplete',
  verb = 'patch',
  user = 'tminus',
  code = 200,
  namespace = 'shop',
  name = 'go-api',
  resource = 'deployments',
  subresource,
  requestURI,
  at,
  id,
}: Change = {}) =>
  JSON.stringify({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'RequestResponse',
    auditID: id ?? '199756f0',
    stage,
    requestURI: requestURI ?? '/apis/apps/v1/namespaces/shop/deployments/go-api?fieldManager=tminus',
    verb,
    user: { username: user, groups: ['system:authenticated'] },
    objectRef: { resource, namespace, name, apiGroup: 'apps', apiVersion: 'v1', ...(subresource ? { subresource } : {}) },
    responseStatus: { metadata: {}, code },
    responseObject: {
      kind: 'Deployment',
      metadata: { name, namespace, annotations: { 'tminus.dev/operation': 'go-api-1.4.0/1/launch/shop' } },
      spec: { template: { spec: { containers: [{ name: 'go-api', image: 'registry.local/go-api:sha-91d03ce' }] } } },
    },
    requestReceivedTimestamp: at ?? '2026-11-23T17:26:22.556741Z',
  });

const logOf = (...lines: string[]) => {
  const file = join(mkdtempSync(join(tmpdir(), 'tminus-auditlog-')), 'audit.log');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
};

const question = { namespace: 'shop', deployment: 'go-api' };

test('reports who wrote, with which operation and image', () => {
  expect(parseAuditLine(line())).toEqual({
    auditId: '199756f0',
    at: '2026-11-23T17:26:22.556741Z',
    user: 'tminus',
    verb: 'patch',
    object: 'shop/go-api',
    code: 200,
    annotations: { 'tminus.dev/operation': 'go-api-1.4.0/1/launch/shop' },
    image: 'registry.local/go-api:sha-91d03ce',
  });
});

test.each<[string, Change]>([
  ['a refused write', { code: 409 }],
  ['a forbidden write', { code: 403 }],
  ['a write whose answer has no status', { code: 0 }],
  ['a stage before the response', { stage: 'RequestReceived' }],
  ['a panic', { stage: 'Panic', code: 500 }],
  ['a read', { verb: 'get' }],
  ['a write to something else', { resource: 'replicasets' }],
  ['a dry run', { requestURI: '/apis/apps/v1/namespaces/shop/deployments/go-api?dryRun=All' }],
])('does not count %s', (_, change) => {
  expect(parseAuditLine(line(change))).toBeUndefined();
});

test('counts only writes to the Deployment asked for, by the tool', async () => {
  const log = logOf(
    line({ id: 'a' }),
    line({ id: 'b', user: 'admin' }),
    line({ id: 'c', namespace: 'shop-staging' }),
    line({ id: 'd', name: 'go-api-2' }),
  );
  expect((await auditWrites(question, log)).map(({ auditId }) => auditId)).toEqual(['a']);
  expect((await auditWrites({ ...question, user: 'admin' }, log)).map(({ auditId }) => auditId)).toEqual(['b']);
});

test('counts a scaling as a write, and names it', async () => {
  const log = logOf(line({ subresource: 'scale' }));
  expect((await auditWrites(question, log)).map(({ object }) => object)).toEqual(['shop/go-api/scale']);
});

test('counts only from the moment asked for', async () => {
  const log = logOf(line({ id: 'before', at: '2026-11-23T17:00:00.000000Z' }), line({ id: 'after', at: '2026-11-23T17:00:01.000000Z' }));
  expect((await auditWrites({ ...question, since: new Date('2026-11-23T17:00:00.500Z') }, log)).map(({ auditId }) => auditId)).toEqual([
    'after',
  ]);
});

test('fails on a damaged log instead of counting less', async () => {
  await expect(auditWrites(question, logOf(line(), '{"kind":"Event","audit'))).rejects.toThrow();
});

test('reports no writes before there is a log', async () => {
  expect(await auditWrites(question, '/nowhere/audit.log')).toEqual([]);
});
