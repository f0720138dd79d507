import { loadEnvironment } from './load.ts';

const frame = `apiVersion: tminus.dev/v1alpha1
kind: Environment
spec:
  clusters: { lab: { kubeconfig: .lab/kubeconfig, prometheus: lab } }
  prometheus: { lab: { url: "http://127.0.0.1:9090" } }
  targets: { shop: { url: "http://127.0.0.1:30080" }, shop-staging: { url: "http://127.0.0.1:30081" } }
`;

function printed(text: string): string {
  const loaded = loadEnvironment(text, 'e.yaml');
  return loaded.ok ? '' : loaded.problems.map(({ text }) => text).join('\n');
}

test('fills in ports, folders and programs', () => {
  const loaded = loadEnvironment(frame, 'e.yaml');
  expect(loaded.ok && loaded.environment.spec).toMatchObject({
    clusters: { lab: { kubeconfig: '.lab/kubeconfig', prometheus: 'lab', pprofPort: 6060, metricsPort: 8080 } },
    evidence: { folder: 'evidence' },
    load: { k6: 'k6' },
    notify: {},
  });
});

test('takes secrets from variables and files, and addresses also as they are', () => {
  const notify = (url: string, secret: string): string =>
    `${frame}  notify: { oncall: { type: webhook, url: ${url}, secret: ${secret} } }\n`;
  expect(printed(notify('{ env: ONCALL_URL }', '{ file: secrets/oncall }'))).toBe('');
  expect(printed(notify('{ value: "http://127.0.0.1:9" }', '{ env: ONCALL_KEY }'))).toBe('');
});

test('refuses a secret in the file with a sentence, and does not print it', () => {
  const text = `${frame}  notify: { oncall: { type: webhook, url: { env: ONCALL_URL }, secret: hunter2 } }\n`;
  expect(printed(text)).toBe(
    'e.yaml:7:72 spec.notify.oncall.secret: secrets are not allowed in this file; reference one as { env: NAME } or { file: path }',
  );
});

test.each(['dingtalk', 'feishu', 'webhook', 'wecom', 'slack'])('takes %s as a notification target', (type) => {
  expect(printed(`${frame}  notify: { team: { type: ${type}, url: { env: TEAM_URL } } }\n`)).toBe('');
});

test.each(['wecom', 'slack'])('refuses a secret for %s, whose messages are not signed', (type) => {
  expect(printed(`${frame}  notify: { team: { type: ${type}, url: { env: TEAM_URL }, secret: { env: KEY } } }\n`)).toMatch(
    new RegExp(`^e\\.yaml:7:\\d+ spec\\.notify\\.team\\.secret: messages to ${type} are not signed; remove the line$`, 'u'),
  );
});

test('suggests the kind of a notification target that is mistyped', () => {
  expect(printed(`${frame}  notify: { team: { type: wecmo, url: { env: TEAM_URL } } }\n`)).toMatch(/spec\.notify\.team\.type: .*wecom/u);
});

test.each([
  ['a password as an unknown field', `${frame}  password: hunter2\n`],
  ['a password in an address', frame.replace('127.0.0.1:9090', 'me:hunter2@127.0.0.1:9090')],
  ['a secret in broken syntax', `${frame}  notify: { oncall: { secret: "hunter2 } }\n`],
  ['a secret given twice', `${frame}  secret: a\n  secret: hunter2\n`],
])('refuses %s without printing it', (_name, text) => {
  expect(printed(text)).toContain('e.yaml:');
  expect(printed(text)).not.toContain('hunter2');
});

test('takes a trace store for Jaeger unless it says another', () => {
  const stores = (text: string) => {
    const loaded = loadEnvironment(`${frame}  traces: { lab: ${text} }\n`, 'e.yaml');
    return loaded.ok ? loaded.environment.spec.traces['lab'] : loaded.problems.map(({ text }) => text).join('\n');
  };
  expect(stores('{ url: "http://jaeger:16686" }')).toEqual({ type: 'jaeger', url: 'http://jaeger:16686' });
  expect(stores('{ type: tempo, url: "http://tempo:3200" }')).toEqual({ type: 'tempo', url: 'http://tempo:3200' });
  expect(stores('{ type: tempoo, url: "http://tempo:3200" }')).toMatch(/^e\.yaml:7:26 spec\.traces\.lab\.type: .*tempo/u);
});

test('a cluster names a Prometheus that is there', () => {
  expect(printed(frame.replace('prometheus: lab }', 'prometheus: lba }'))).toContain(
    'e.yaml:4:63 spec.clusters.lab.prometheus: there is no Prometheus named "lba"; did you mean "lab"?',
  );
});

test('refuses a release where an environment is needed', () => {
  expect(printed(frame.replace('kind: Environment', 'kind: Release'))).toContain(
    'e.yaml:2:7 kind: this file is of kind "Release", not Environment; an environment file starts with',
  );
});

test.each([
  ['a token by reference', '{ token: { env: ALERT_BRIDGE_TOKEN } }', ''],
  ['no token where that is allowed', '{ allowUnauthenticated: true }', ''],
  ['neither', '{}', 'without a token anyone who reaches the bridge could write to the chats; set token: { env: NAME } or { file: path }'],
  [
    'both',
    '{ token: { env: ALERT_BRIDGE_TOKEN }, allowUnauthenticated: true }',
    'a token is set, so allowUnauthenticated has no effect; remove one of the two',
  ],
  ['a token in the file', '{ token: hunter2 }', 'secrets are not allowed in this file; reference one as { env: NAME } or { file: path }'],
])('the alert bridge with %s', (_name, bridge, refusal) => {
  const text = printed(`${frame}  alertBridge: ${bridge}\n`);
  if (refusal === '') expect(text).toBe('');
  else expect(text).toContain(refusal);
  expect(text).not.toContain('hunter2');
});

test('refuses an empty list of groups: with it a server off loopback would not start', () => {
  expect(printed(`${frame}  start: { groups: [] }\n`)).toContain(
    'e.yaml:7:12 spec.start.groups: this list is empty; name at least one, or remove the line',
  );
});
