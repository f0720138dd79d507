// The worker's environment file for the lab: it maps the names in a release to the lab's addresses.
import { join } from 'node:path';
import type { LabPaths } from './paths.ts';
import { stagingDatabaseUrl } from './shop.ts';

/** Text of `environment.yaml`; JSON is YAML. Paths are absolute, because the lab's folder may be anywhere. */
export function environmentFile(lab: LabPaths, k6: string, env: NodeJS.ProcessEnv = process.env): string {
  const home = env['TMINUS_HOME'] ?? join(lab.checkout, '.tminus');
  const environment = {
    apiVersion: 'tminus.dev/v1alpha1',
    kind: 'Environment',
    metadata: { name: 'lab' },
    spec: {
      clusters: { lab: { kubeconfig: lab.tminusKubeconfig, prometheus: 'lab', pprofPort: 6060, metricsPort: 8080, podLogs: true } },
      prometheus: { lab: { url: lab.prometheus } },
      alertmanager: { lab: { url: lab.alertmanager } },
      targets: Object.fromEntries(Object.entries(lab.targets).map(([name, url]) => [name, { url }])),
      postgres: { 'shop-staging': { url: { value: stagingDatabaseUrl } } },
      traces: { lab: { url: lab.traces } },
      evidence: { folder: join(home, 'evidence') },
      load: { k6 },
      // Tests of a failing launch have no approver.
      start: { unapprovedLaunch: true },
      identity: {
        tokens: join(home, 'identity', 'tokens.json'),
        signingKey: join(home, 'identity', 'signing-key.pem'),
        publicKeys: join(home, 'identity', 'public-keys'),
        workerKey: join(home, 'identity', 'worker-key.pem'),
        workerPublicKeys: join(home, 'identity', 'worker-public-keys'),
      },
    },
  };
  return `${JSON.stringify(environment, null, 2)}\n`;
}
