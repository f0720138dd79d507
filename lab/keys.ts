// The lab's certificate authority and one client certificate per identity. They stay in the lab's folder.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import { network, nodeName } from './paths.ts';
import type { LabPaths } from './paths.ts';

/** Common names and organisations, as the authorizers of Kubernetes expect them. */
const identities = {
  apiserver: '/CN=kube-apiserver',
  'apiserver-kubelet-client': '/O=system:masters/CN=kube-apiserver-kubelet-client',
  kubelet: `/O=system:nodes/CN=system:node:${nodeName}`,
  'controller-manager': '/CN=system:kube-controller-manager',
  scheduler: '/CN=system:kube-scheduler',
  proxy: '/CN=system:kube-proxy',
  prometheus: '/CN=prometheus',
  admin: '/O=system:masters/CN=admin',
  tminus: '/CN=tminus',
};

export type IdentityName = keyof typeof identities;

/** Longer than any lab runs. */
const VALID_DAYS = '365';

const addresses = [
  `IP:${network.address}`,
  'IP:127.0.0.1',
  `IP:${network.apiServiceAddress}`,
  'DNS:kubernetes.default.svc',
  `DNS:${nodeName}`,
];

/** P-256: 9 certificates take 0.2 s, with RSA-2048 several seconds. */
const newKey = (file: string) => run(['openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', file]);

/** Creates what is missing: authority, service account key pair, certificates. */
export async function makeKeys(lab: LabPaths): Promise<void> {
  const at = (file: string) => join(lab.keys, file);
  mkdirSync(lab.keys, { recursive: true, mode: 0o700 });
  if (existsSync(at('complete'))) return;
  await newKey(at('ca.key'));
  await run([
    'openssl',
    'req',
    '-x509',
    '-new',
    '-key',
    at('ca.key'),
    '-subj',
    '/CN=tminus-lab-ca',
    '-days',
    VALID_DAYS,
    '-out',
    at('ca.crt'),
  ]);
  await newKey(at('service-account.key'));
  await run(['openssl', 'pkey', '-in', at('service-account.key'), '-pubout', '-out', at('service-account.pub')]);
  await Promise.all(Object.entries(identities).map(([name, subject], index) => sign(at, name, subject, index + 1)));
  writeFileSync(at('complete'), '');
}

async function sign(at: (file: string) => string, name: string, subject: string, serial: number): Promise<void> {
  await newKey(at(`${name}.key`));
  await run(['openssl', 'req', '-new', '-key', at(`${name}.key`), '-subj', subject, '-out', at(`${name}.csr`)]);
  writeFileSync(at(`${name}.ext`), `subjectAltName=${addresses.join(',')}\n`);
  const request = ['-req', '-in', at(`${name}.csr`), '-extfile', at(`${name}.ext`), '-days', VALID_DAYS];
  const authority = ['-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-set_serial', String(serial)];
  await run(['openssl', 'x509', ...request, ...authority, '-out', at(`${name}.crt`)]);
}

/** A kubeconfig of one identity with everything in it; JSON is YAML. */
export function kubeconfig(lab: LabPaths, identity: IdentityName): string {
  const data = (file: string) => readFileSync(join(lab.keys, file)).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'lab',
    clusters: [{ name: 'lab', cluster: { server: lab.apiserver, 'certificate-authority-data': data('ca.crt') } }],
    users: [{ name: identity, user: { 'client-certificate-data': data(`${identity}.crt`), 'client-key-data': data(`${identity}.key`) } }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user: identity } }],
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
