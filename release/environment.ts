// The environment file of server and workers: maps the names in releases to addresses, and says where credentials are stored.
import { z } from 'zod';
import { count, formedText, label, text } from './fields.ts';
import { API_VERSION } from './release.ts';

const MAX_PORT = 65_535;
/** A script that needs more other hosts than this tests something else. */
const MAX_HOSTS = 20;
/** More groups than this are a mistake, and too long for a message. */
const MAX_GROUPS = 32;

const envName = formedText(
  'Name of the environment variable.',
  '^[A-Za-z_][A-Za-z0-9_]*$',
  'this is not an environment variable name; use letters, digits and underscores, such as ONCALL_URL',
);
const fromEnv = z.strictObject({ env: envName }).meta({ description: 'Read from an environment variable of the worker.' });
const fromFile = z.strictObject({ file: text('Path of the file.') }).meta({ description: 'Read from a file on the worker.' });
const fromValue = z.strictObject({ value: text('The address, if it is not a secret.') }).meta({ description: 'Value in this file.' });

const secret = (description: string) =>
  z
    .union([fromEnv, fromFile], { error: 'secrets are not allowed in this file; reference one as { env: NAME } or { file: path }' })
    .meta({ description });

const secretAddress = (description: string) =>
  z
    .union([fromEnv, fromFile, fromValue], {
      error: 'reference the address as { env: NAME } or { file: path }, or write { value: address } if it is not a secret',
    })
    .meta({ description });

/** An http address without credentials in it. */
const address = (description: string) =>
  text(description).superRefine((value, context) => {
    const url = URL.canParse(value) ? new URL(value) : null;
    if (url === null || !/^https?:$/.test(url.protocol)) {
      context.addIssue({ code: 'custom', message: 'this is not an address; write one such as http://127.0.0.1:9090' });
    } else if (url.username !== '' || url.password !== '') {
      context.addIssue({
        code: 'custom',
        message: 'the address contains a user name or password; credentials are not allowed in this file',
      });
    }
  });

const nameKey = (description: string) => label(description);

const clusterSchema = z
  .strictObject({
    kubeconfig: text('Path of the kubeconfig file.'),
    context: text('Context in the kubeconfig file.', { defaultText: 'its current context' }).optional(),
    prometheus: label('Prometheus that scrapes this cluster: a name under `spec.prometheus`.'),
    pprofPort: count('Port of the pods that serves pprof.', 1, MAX_PORT).default(6060),
    adminPort: count('Port of the pods that serves the switches and faults of the service, for drills.', 1, MAX_PORT)
      .meta({ description: 'Port of the pods that serves the switches and faults of the service, for drills.', defaultText: '`pprofPort`' })
      .optional(),
    podLogs: z
      .boolean()
      .meta({
        description:
          'Whether the logs of pods may be read: in staging by the load test, for slow statements that the database does not report, and where a ' +
          'trigger on logs is watched. Needs the right `get pods/log`.',
      })
      .default(false),
    metricsPort: count('Port of the pods that serves `/metrics`.', 1, MAX_PORT).default(8080),
  })
  .meta({ description: 'One cluster.' });

/** Their address is their only credential. */
const UNSIGNED_TYPES: readonly string[] = ['wecom', 'slack'];

const notifierSchema = z
  .strictObject({
    type: z.enum(['webhook', 'wecom', 'dingtalk', 'feishu', 'slack']).meta({
      description:
        'Type of the target: `webhook` (POST with JSON, signed as in Standard Webhooks), robot of `wecom`, `dingtalk` or `feishu` (or Lark), ' +
        'incoming webhook of `slack`.',
    }),
    url: secretAddress('Address of the webhook; often a secret, so it may be in a variable or file.'),
    secret: secret('Key that signs each message (HMAC-SHA-256). Not for `wecom` and `slack`, which have no signature.').optional(),
  })
  .superRefine(({ type, secret: key }, context) => {
    if (key === undefined || !UNSIGNED_TYPES.includes(type)) return;
    context.addIssue({ code: 'custom', path: ['secret'], message: `messages to ${type} are not signed; remove the line` });
  })
  .meta({ description: 'One notification target.' });

const alertBridgeSchema = z
  .strictObject({
    token: secret('Bearer token that Alertmanager sends, at least 16 characters.').optional(),
    allowUnauthenticated: z.boolean().meta({ description: 'Whether requests need no token. On a loopback address only.' }).default(false),
  })
  .superRefine(({ token, allowUnauthenticated }, context) => {
    if ((token === undefined) === allowUnauthenticated) return;
    const message = allowUnauthenticated
      ? 'a token is set, so allowUnauthenticated has no effect; remove one of the two'
      : 'without a token anyone who reaches the bridge could write to the chats; set token: { env: NAME } or { file: path }';
    context.addIssue({ code: 'custom', message });
  })
  .meta({ description: 'The alert bridge, which sends alerts of Alertmanager to the targets of `spec.notify`.' });

export const environmentSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).meta({ description: 'Version of this format.' }),
    kind: z.literal('Environment').meta({ description: 'Kind of this file.' }),
    metadata: z
      .strictObject({ name: label('Name of the environment, for people.').default('environment') })
      .meta({ description: 'Metadata of the environment.' })
      .prefault({}),
    spec: z
      .strictObject({
        clusters: z.record(nameKey('Name of a cluster.'), clusterSchema).meta({ description: 'Clusters by the names releases use.' }),
        prometheus: z
          .record(
            nameKey('Name of a Prometheus.'),
            z.strictObject({ url: address('Address of the Prometheus.') }).meta({ description: 'One Prometheus.' }),
          )
          .meta({ description: 'Prometheus servers by name.' }),
        alertmanager: z
          .record(
            nameKey('Name of an Alertmanager.'),
            z.strictObject({ url: address('Address of the Alertmanager.') }).meta({ description: 'One Alertmanager.' }),
          )
          .meta({ description: 'Alertmanagers by the names that triggers of releases use.' })
          .default({}),
        targets: z
          .record(
            nameKey('Name of a target.'),
            z.strictObject({ url: address('Address of the service, without a path.') }).meta({ description: 'One address of a service.' }),
          )
          .meta({ description: 'Addresses of services, for load and health, by the names releases use.' }),
        evidence: z
          .strictObject({ folder: text('Folder of the evidence store.').default('evidence') })
          .meta({ description: 'The evidence store.' })
          .prefault({}),
        load: z
          .strictObject({
            k6: text('The k6 program: a path, or a name in PATH.').default('k6'),
            runner: text('Unix socket of a k6 runner, which then runs load scripts instead of this worker.').optional(),
            hosts: z
              .array(
                formedText(
                  'Host with an optional port.',
                  String.raw`^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*(:[1-9][0-9]{0,4})?$`,
                  'this is not a host; write a name or IPv4 address with an optional port, such as login.example.com or jslib.k6.io:443',
                ),
              )
              .max(MAX_HOSTS)
              .meta({ description: 'Hosts besides their target that load scripts may connect to; without a port, ports 80 and 443.' })
              .default([]),
          })
          .meta({ description: 'The load generator.' })
          .prefault({}),
        postgres: z
          .record(
            nameKey('Name of a database.'),
            z
              .strictObject({ url: secretAddress('Address of the database (`postgres://…`), which often contains a password.') })
              .meta({ description: 'One database of a service under test.' }),
          )
          .meta({
            description: 'PostgreSQL databases by the names releases use. A read-only role is enough, except for proving an index.',
          })
          .default({}),
        traces: z
          .record(
            nameKey('Name of a trace store.'),
            z
              .strictObject({
                type: z.enum(['jaeger', 'tempo']).default('jaeger').meta({ description: 'Trace backend type.' }),
                url: address('Address of the query API, such as http://127.0.0.1:16686 (Jaeger) or http://127.0.0.1:3200 (Tempo).'),
              })
              .meta({ description: 'One trace store.' }),
          )
          .meta({ description: 'Trace stores by the names releases use.' })
          .default({}),
        notify: z
          .record(nameKey('Name of a notification target.'), notifierSchema)
          .meta({ description: 'Notification targets by the names releases use.' })
          .default({}),
        alertBridge: alertBridgeSchema.optional(),
        start: z
          .strictObject({
            groups: z
              .array(text('Name of a group.'))
              .min(1)
              .max(MAX_GROUPS)
              .meta({
                description:
                  'Groups whose members may start countdowns. Required if the server is reachable from other machines; on loopback, ' +
                  'the default is everyone with a token.',
              })
              .default([]),
            unapprovedLaunch: z
              .boolean()
              .meta({ description: 'Whether a release may launch without an approval in an earlier checkpoint; for test environments.' })
              .default(false),
          })
          .meta({ description: 'Start policy.' })
          .prefault({}),
        page: address('Address of the pages; messages link to it.').optional(),
        identity: z
          .strictObject({
            tokens: text('File with the SHA-256 of the token of each person.').default('identity/tokens.yaml'),
            signingKey: text('File with the Ed25519 private key (PEM) that signs the actions the server verified.').default(
              'identity/signing-key.pem',
            ),
            publicKeys: text('Folder with the Ed25519 public keys (PEM) that workers trust for actions.').default('identity/public-keys'),
            workerKey: text(
              'File with the Ed25519 private key (PEM, mode 600) that signs captured and carried state of workers; created on first use.',
            ).default('identity/worker-key.pem'),
            workerPublicKeys: text('Folder with the Ed25519 public keys (PEM) that workers trust.').default('identity/worker-public-keys'),
          })
          .meta({ description: 'Identity and signing; paths only, never keys.' })
          .prefault({}),
      })
      .meta({ description: 'Specification of the environment.' }),
  })
  .meta({
    title: 'Tminus environment',
    description: 'Addresses and credentials behind the names in releases. Paths are relative to this file.',
  });

/** A checked environment with every default applied. Paths are as written: relative to the file. */
export type Environment = z.output<typeof environmentSchema>;
export type NotifierType = Environment['spec']['notify'][string]['type'];
/** Where a secret is stored. */
export type SecretReference = z.output<typeof fromEnv> | z.output<typeof fromFile>;
