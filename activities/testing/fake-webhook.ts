// For the lab tests: a real admission webhook of one namespace, as a policy engine installs it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdmissionregistrationV1Api, type KubeConfig, type V1MutatingWebhookConfiguration } from '@kubernetes/client-node';
import type { Deployment } from '../kubernetes/objects.ts';

export interface Admission {
  /** JSON patch (RFC 6902). */
  patch?: { op: string; path: string; value: unknown }[];
  denied?: string;
}

export interface FakeWebhook {
  /** Whether each question was a dry run. */
  asked: boolean[];
  close(): Promise<void>;
}

/** Answers for every update of a Deployment in the namespace. The rest of the cluster does not see it. */
export async function startWebhook(
  kubeconfig: KubeConfig,
  namespace: string,
  admit: (deployment: Deployment) => Admission,
): Promise<FakeWebhook> {
  const address = hostAddress(kubeconfig);
  const { key, cert } = certificateFor(address);
  const asked: boolean[] = [];
  const server = createServer({ key, cert }, (request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const { request: question } = JSON.parse(text) as { request: { uid: string; dryRun: boolean; object: Deployment } };
      asked.push(question.dryRun);
      const { patch, denied } = admit(question.object);
      const answer = {
        uid: question.uid,
        allowed: denied === undefined,
        ...(denied === undefined ? {} : { status: { message: denied } }),
        ...(patch === undefined ? {} : { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }),
      };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }));
    });
  });
  await new Promise<void>((done) => server.listen(0, address, done));
  const api = kubeconfig.makeApiClient(AdmissionregistrationV1Api);
  const url = `https://${address}:${(server.address() as AddressInfo).port}/`;
  await api.createMutatingWebhookConfiguration({ body: configurationOf(namespace, url, cert) });
  return {
    asked,
    close: async () => {
      await api.deleteMutatingWebhookConfiguration({ name: namespace });
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

function configurationOf(namespace: string, url: string, cert: string): V1MutatingWebhookConfiguration {
  return {
    metadata: { name: namespace },
    webhooks: [
      {
        name: 'images.example.org',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        clientConfig: { url, caBundle: Buffer.from(cert).toString('base64') },
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        rules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['deployments'] }],
      },
    ],
  };
}

/** Ours in the network of the API server. */
function hostAddress(kubeconfig: KubeConfig): string {
  const theirs = new URL(kubeconfig.getCurrentCluster()?.server ?? '').hostname;
  const network = theirs.slice(0, theirs.lastIndexOf('.') + 1);
  const ours = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ address }) => address.startsWith(network));
  if (!ours) throw new Error(`no address of this machine is in the network of ${theirs}`);
  return ours.address;
}

function certificateFor(address: string): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tminus-webhook-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=webhook', '-addext', `subjectAltName=IP:${address}`, '-days', '1'];
  try {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject], {
      stdio: 'ignore',
    });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
