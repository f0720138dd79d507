// Every file that is made from the schemas: `scripts/generate-schema` writes them, a test compares them.
import { forEditors, schemas } from './json-schema.ts';
import { referencePage } from './reference.ts';

export interface GeneratedFile {
  /** From the top of the repository. */
  path: string;
  text: string;
}

const releaseIntroduction = `
One YAML file describes one release: the service, its candidate image, when it goes live, and what must pass before. \`tminus init\` writes one,
\`tminus validate\` reports every problem with its line and column. Ten lines are enough for the standard plan:

\`\`\`yaml
# yaml-language-server: $schema=../release/schema/release.v1alpha1.json
apiVersion: tminus.dev/v1alpha1
kind: Release
metadata:
  name: go-api-1.4.0
spec:
  service: { name: go-api, namespace: shop, image: "registry.example.com/go-api:sha-91d03ce" }
  cluster: lab
  countdown: 72h
  load: { script: k6/shop.js, target: shop-staging }
  approvers: { groups: [release-managers], count: 2 }
\`\`\`

Names such as \`lab\` and \`shop-staging\` stand for addresses that the worker's [environment file](environment-file.md) defines. Unknown fields are
errors. A countdown shorter than 72h moves the first checkpoint of the standard plan to its start, and prints that.
`;

const environmentIntroduction = `
The file of worker and server: maps the names in [release files](release-file.md) to addresses. It never holds credentials, only references to
them, as \`{ env: NAME }\` or \`{ file: path }\`.

Worker and server each read this file once, at their start: after a change restart both. The worker opens a kubeconfig at its first request to that cluster,
and again where the API server refuses its login (401). A file that \`{ file: path }\` names is read at each use.

\`\`\`yaml
apiVersion: tminus.dev/v1alpha1
kind: Environment
spec:
  clusters:
    lab: { kubeconfig: .lab/kubeconfig, prometheus: lab }
  prometheus:
    lab: { url: "http://127.0.0.1:9090" }
  targets:
    shop: { url: "http://127.0.0.1:30080" }
    shop-staging: { url: "http://127.0.0.1:30081" }
  notify:
    oncall: { type: webhook, url: { env: ONCALL_URL }, secret: { file: secrets/oncall } }
\`\`\`
`;

export function generatedFiles(): GeneratedFile[] {
  const release = schemas.release();
  const environment = schemas.environment();
  return [
    { path: 'release/schema/release.v1alpha1.json', text: json(forEditors(release)) },
    { path: 'release/schema/environment.v1alpha1.json', text: json(forEditors(environment)) },
    { path: 'docs/reference/release-file.md', text: referencePage({ title: 'The release file', introduction: releaseIntroduction, schema: release }) },
    {
      path: 'docs/reference/environment-file.md',
      text: referencePage({ title: 'The environment file', introduction: environmentIntroduction, schema: environment }),
    },
  ];
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
