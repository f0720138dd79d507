// The worker's own file: names that releases use, to addresses and credentials. Credentials stand elsewhere; here is only where.
import { z } from 'zod';
import { count, formedText, label, text } from './fields.ts';
import { API_VERSION } from './release.ts';

const MAX_PORT = 65_535;
/** A script that needs more foreign hosts than this tests something else. */
const MAX_HOSTS = 20;
/** More groups than this are a mistake, and would not fit a sentence. */
const MAX_GROUPS = 32;

const envName = formedText(
  'Name of the environment variable that holds it.',
  '^[A-Za-z_][A-Za-z0-9_]*$',
  'this is not the name of an environment variable; use letters, digits and underscores, such as ONCALL_URL',
);
const fromEnv = z.strictObject({ env: envName }).meta({ description: 'Read from an environment variable of the worker.' });
const fromFile = z.strictObject({ file: text('Path of the file that holds it.') }).meta({ description: 'Read from a file on the worker.' });
const fromValue = z.strictObject({ value: text('The address itself, where it is no secret.') }).meta({ description: 'Written here.' });

const secret = (description: string) =>
  z
    .union([fromEnv, fromFile], { error: 'a secret is never written into this file; say where it stands: { env: NAME } or { file: path }' })
    .meta({ description });

const secretAddress = (description: string) =>
  z
    .union([fromEnv, fromFile, fromValue], {
      error: 'say where the address stands: { env: NAME }, { file: path }, or { value: address } where it is no secret',
    })
    .meta({ description });

/** An http address without credentials in it. */
const address = (description: string) =>
  text(description).superRefine((value, context) => {
    const url = URL.canParse(value) ? new URL(value) : null;
    if (url === null || !/^https?:$/.test(url.protocol)) {
      context.addIssue({ code: 'custom', message: 'this is not an address; write one such as http://127.0.0.1:9090' });
    } else if (url.username !== '' || url.password !== '') {
      context.addIssue({ code: 'custom', message: 'the address holds a name or password; credentials are never written into this file' });
    }
  });

const nameKey = (description: string) => label(description);

const clusterSchema = z
  .strictObject({
    kubeconfig: text('Path of the kubeconfig file.'),
    context: text('Context in the kubeconfig file.', { defaultText: 'its current context' }).optional(),
    prometheus: label('Prometheus that scrapes this cluster; a name under `spec.prometheus`.'),
    pprofPort: count('Port on which the pods answer pprof.', 1, MAX_PORT).default(6060),
    podLogs: z
      .boolean()
      .meta({
        description:
          'Whether the load test may read the logs of pods in staging, for slow statements that the database itself does not tell. ' +
          'Needs the right `get pods/log`.',
      })
      .default(false),
    metricsPort: count('Port on which the pods answer `/metrics`.', 1, MAX_PORT).default(8080),
  })
  .meta({ description: 'One cluster.' });

const notifierSchema = z
  .strictObject({
    type: z.literal('webhook').meta({ description: 'How people are told; a webhook is a POST of JSON.' }),
    url: secretAddress('Address of the webhook; it often is a secret, so it may stand in a variable or file.'),
    secret: secret('Key with which each message is signed (HMAC-SHA-256).').optional(),
  })
  .meta({ description: 'One way to tell people.' });

export const environmentSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).meta({ description: 'Version of this format.' }),
    kind: z.literal('Environment').meta({ description: 'Kind of this file.' }),
    metadata: z
      .strictObject({ name: label('Name of the environment, for people.').default('environment') })
      .meta({ description: 'How the environment is called.' })
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
        targets: z
          .record(
            nameKey('Name of a target.'),
            z.strictObject({ url: address('Address of the service, without a path.') }).meta({ description: 'One address of a service.' }),
          )
          .meta({ description: 'Addresses of services, for load and health, by the names releases use.' }),
        evidence: z
          .strictObject({ folder: text('Folder in which evidence is kept.').default('evidence') })
          .meta({ description: 'Where evidence is kept.' })
          .prefault({}),
        load: z
          .strictObject({
            k6: text('The k6 program: a path, or a name to be found in PATH.').default('k6'),
            runner: text('Unix socket of a k6 runner, which then runs load scripts in place of this worker.').optional(),
            hosts: z
              .array(
                formedText(
                  'Host, with a port or without.',
                  String.raw`^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*(:[1-9][0-9]{0,4})?$`,
                  'this is not a host; write a name or IPv4 address with a port or without, such as login.example.com or jslib.k6.io:443',
                ),
              )
              .max(MAX_HOSTS)
              .meta({ description: 'Hosts that load scripts may connect to beside their target; without a port, ports 80 and 443.' })
              .default([]),
          })
          .meta({ description: 'What makes load.' })
          .prefault({}),
        postgres: z
          .record(
            nameKey('Name of a database.'),
            z
              .strictObject({ url: secretAddress('Address of the database (`postgres://…`), which often holds a password.') })
              .meta({ description: 'One database of a service under test.' }),
          )
          .meta({
            description:
              'PostgreSQL databases by the names releases use. A role that may only read is enough, but for the proof of an index.',
          })
          .default({}),
        traces: z
          .record(
            nameKey('Name of a trace store.'),
            z
              .strictObject({
                type: z.enum(['jaeger', 'tempo']).default('jaeger').meta({ description: 'Whose query API it answers.' }),
                url: address('Address of the query API, such as http://127.0.0.1:16686 (Jaeger) or http://127.0.0.1:3200 (Tempo).'),
              })
              .meta({ description: 'One trace store.' }),
          )
          .meta({ description: 'Where traces are asked for, by the names releases use.' })
          .default({}),
        notify: z
          .record(nameKey('Name of a way to tell people.'), notifierSchema)
          .meta({ description: 'Ways to tell people, by the names releases use.' })
          .default({}),
        start: z
          .strictObject({
            groups: z
              .array(text('Name of a group.'))
              .min(1)
              .max(MAX_GROUPS)
              .meta({
                description:
                  'Groups whose members may start countdowns. Required where other machines can reach the server; on loopback, ' +
                  'without it anybody with a token may.',
              })
              .default([]),
            unapprovedLaunch: z
              .boolean()
              .meta({ description: 'Whether a release may launch without an approval in a checkpoint before; for a laboratory.' })
              .default(false),
          })
          .meta({ description: 'What may be started here.' })
          .prefault({}),
        page: address('Where people reach the pages; messages link there.').optional(),
        identity: z
          .strictObject({
            tokens: text('File with the tokens of people (laptop and demo).').default('identity/tokens.yaml'),
            signingKey: text('File with the Ed25519 private key (PEM) with which the server signs decisions.').default(
              'identity/signing-key.pem',
            ),
            publicKeys: text('Folder with the Ed25519 public keys (PEM) whose decisions count.').default('identity/public-keys'),
            workerKey: text(
              'File with the Ed25519 private key (PEM, mode 600) that workers sign captured and carried state with; created on first use.',
            ).default('identity/worker-key.pem'),
            workerPublicKeys: text('Folder with the Ed25519 public keys (PEM) that workers trust.').default('identity/worker-public-keys'),
          })
          .meta({ description: 'How people are known; paths only, never keys.' })
          .prefault({}),
      })
      .meta({ description: 'What the worker can reach.' }),
  })
  .meta({
    title: 'Tminus environment',
    description: 'What the names in releases stand for on this worker. Paths are relative to this file.',
  });

/** A checked environment with every default applied. Paths are as written: relative to the file. */
export type Environment = z.output<typeof environmentSchema>;
/** Where a secret stands. */
export type SecretReference = z.output<typeof fromEnv> | z.output<typeof fromFile>;
