import { examplesText, type Examples } from '../help.ts';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { ENVIRONMENT_FILE } from '../dev.ts';
import { usageFailure } from '../failure.ts';
import { API_VERSION, print } from '../output.ts';

const TEMPLATE = `# yaml-language-server: $schema=release.v1alpha1.json
# Editors complete and check this file once you have run: tminus schema > release.v1alpha1.json
apiVersion: tminus.dev/v1alpha1
kind: Release
metadata:
  name: my-service-1.0.0            # one name per launch
spec:
  service: { name: my-service, namespace: prod, image: "registry.example/my-service:sha-0000000" }
  cluster: prod                     # a name from the worker's environment file
  countdown: 72h                    # or launchAt: 2026-11-25T09:00:00Z
  load: { script: k6/load.js, target: staging }            # a k6 script beside this file; a target of the environment file
  approvers: { groups: [release-managers], count: 2 } # who decides at T-1h
  # For a trial by one person, replace the line above:
  # approvers: { groups: [release-managers], count: 1, allowRequester: true }
  # and add release-managers to your groups in .tminus/identity/tokens.yaml, which \`tminus dev\` creates at its first start.
`;

/** Environment file for `tminus dev`, with the names of the release file above. */
const environment = (): string => `# yaml-language-server: $schema=environment.v1alpha1.json
# Editors complete and check this file once you have run: tminus schema environment > .tminus/environment.v1alpha1.json
# Maps the names in release files to addresses. Paths are relative to this file. It holds no secrets, only references to them:
# { env: NAME } or { file: path }.
apiVersion: tminus.dev/v1alpha1
kind: Environment
spec:
  clusters:
    prod: { kubeconfig: ${JSON.stringify(join(homedir(), '.kube/config'))}, prometheus: prod }
  prometheus:
    prod: { url: "http://127.0.0.1:9090" }
  targets:                          # addresses for load and health checks
    prod: { url: "http://127.0.0.1:8080" }
    staging: { url: "http://127.0.0.1:8081" }
  # load: { k6: /path/to/k6 }       # default: k6 in PATH
  # notify:                         # type: webhook, wecom, dingtalk, feishu or slack
  #   oncall: { type: webhook, url: { env: ONCALL_URL } }
  evidence: { folder: evidence }
  identity: { tokens: identity/tokens.yaml, signingKey: identity/signing-key.pem, publicKeys: identity/public-keys }
`;

const EXAMPLES: Examples = [
  ['release.yaml and .tminus/environment.yaml', 'tminus init'],
  ['another name', 'tminus init go-api.yaml'],
  ['then check both', 'tminus validate release.yaml .tminus/environment.yaml'],
];

export function initCommand(program: Command): void {
  program
    .command('init')
    .description('Write a commented release file, and an environment file if there is none')
    .argument('[file]', 'release file to write', 'release.yaml')
    .addHelpText('after', examplesText(EXAMPLES))
    .action((file: string, _: unknown, command: Command) => {
      try {
        // `wx` fails if the file exists: no file is overwritten, not even in a race.
        writeFileSync(file, TEMPLATE, { flag: 'wx' });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        throw usageFailure(`${file} already exists; it was not changed`, 'use another name: tminus init FILE');
      }
      const environmentFile = writeEnvironment();
      const written = environmentFile === null ? [file] : [file, environmentFile];
      print(command, { apiVersion: API_VERSION, kind: 'File', file, environmentFile }, () =>
        [
          ...written.map((each) => `${each} written`),
          `Next:  edit ${written.length > 1 ? 'them' : 'it'}, write the k6 script k6/load.js, then tminus validate ${written.join(' ')}`,
        ].join('\n'),
      );
    });
}

/** Path of the new file; null if there already is one, which other releases of this folder may use. */
function writeEnvironment(): string | null {
  if (existsSync(ENVIRONMENT_FILE)) return null;
  mkdirSync(dirname(ENVIRONMENT_FILE), { recursive: true, mode: 0o700 });
  writeFileSync(ENVIRONMENT_FILE, environment(), { flag: 'wx' });
  return ENVIRONMENT_FILE;
}
