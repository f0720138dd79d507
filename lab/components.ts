// The components of the lab, one function each. The runner is component.ts.
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { registerNamespace } from '../workers/namespace.ts';
import { writeTemporalConfig } from '../workers/temporal-server.ts';
import { inLab } from './command.ts';
import type { Component } from './component.ts';
import { configFile, kubeconfigOf } from './configs.ts';
import { provideImages } from './images/images.ts';
import type { ImageRecipe } from './images/images.ts';
import { makeDatabaseFolder, postgresArgv } from './postgres.ts';
import { network, nodeName, ports } from './paths.ts';
import type { LabPaths } from './paths.ts';
import { answers, apiserverAnswers, ends, replies } from './probes.ts';
import type { Probe } from './probes.ts';

const ETCD = 'http://127.0.0.1:2379';
const ANYWHERE = '0.0.0.0';

interface Place {
  lab: LabPaths;
  /** Path of a pinned tool. */
  tool: (name: string) => string;
  /** Imported before the kubelet starts. */
  images: ImageRecipe[];
  /** Path of a key or certificate. */
  key: (file: string) => string;
  /** Path of a data folder. */
  data: (folder: string) => string;
}

/** Each component after those it needs. `tool` answers the path of a tool; `images` are imported before the kubelet starts. */
export function components(lab: LabPaths, tool: (name: string) => string, images: ImageRecipe[] = []): Component[] {
  const place: Place = { lab, tool, images, key: (file) => join(lab.keys, file), data: (folder) => join(lab.data, folder) };
  return [
    etcd(place),
    containerd(place),
    postgres(place),
    redis(place),
    kubeApiserver(place),
    kubeControllerManager(place),
    kubeScheduler(place),
    kubelet(place),
    kubeProxy(place),
    prometheus(place),
    alertmanager(place),
    jaeger(place),
    temporalServer(place),
  ];
}

function etcd({ tool, data }: Place): Component {
  return {
    name: 'etcd',
    argv: inLab([
      tool('etcd'),
      `--data-dir=${data('etcd')}`,
      `--listen-client-urls=${ETCD}`,
      `--advertise-client-urls=${ETCD}`,
      '--listen-peer-urls=http://127.0.0.1:2380',
      // Health and metrics only, so that they can be read from outside the namespace; data stays on loopback.
      `--listen-metrics-urls=http://${network.address}:${ports.etcdHealth}`,
      // The data need not survive a power failure, and fsync of every write would slow the disk during measurements.
      '--unsafe-no-fsync',
    ]),
    ready: answers(`http://${network.address}:${ports.etcdHealth}/health`),
  };
}

function containerd({ lab }: Place): Component {
  return {
    name: 'containerd',
    argv: inLab(['containerd', '-c', configFile(lab, 'containerd.toml')]),
    ready: ends(['ctr', '-a', lab.containerdSocket, 'version'], 'its socket does not respond yet'),
  };
}

function postgres({ lab }: Place): Component {
  return {
    name: 'postgres',
    argv: inLab(postgresArgv(lab)),
    prepare: { what: 'creating the database folder', work: () => makeDatabaseFolder(lab) },
    endSignal: 'SIGINT',
    ready: ends(['pg_isready', '-q', '-h', network.address], 'PostgreSQL does not accept connections yet'),
  };
}

function redis({ lab }: Place): Component {
  return {
    name: 'redis',
    argv: inLab([
      'redis-server',
      '--bind',
      network.address,
      '--port',
      String(ports.redis),
      '--protected-mode',
      'no',
      '--save',
      '',
      '--appendonly',
      'no',
      '--daemonize',
      'no',
      '--dir',
      lab.data,
    ]),
    ready: replies(network.address, ports.redis, 'PING\r\n', '+PONG'),
  };
}

function kubeApiserver({ lab, tool, key, data }: Place): Component {
  return {
    name: 'kube-apiserver',
    after: ['etcd'],
    argv: inLab([
      tool('kube-apiserver'),
      `--etcd-servers=${ETCD}`,
      `--bind-address=${ANYWHERE}`,
      `--advertise-address=${network.address}`,
      `--secure-port=${ports.apiserver}`,
      `--tls-cert-file=${key('apiserver.crt')}`,
      `--tls-private-key-file=${key('apiserver.key')}`,
      `--client-ca-file=${key('ca.crt')}`,
      `--cert-dir=${data('apiserver-certs')}`,
      '--authorization-mode=Node,RBAC',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${key('service-account.pub')}`,
      `--service-account-signing-key-file=${key('service-account.key')}`,
      `--service-cluster-ip-range=${network.serviceRange}`,
      '--allow-privileged=true',
      `--kubelet-client-certificate=${key('apiserver-kubelet-client.crt')}`,
      `--kubelet-client-key=${key('apiserver-kubelet-client.key')}`,
      '--kubelet-preferred-address-types=InternalIP',
      // blocking-strict: no write is acknowledged before it is logged, so the log can prove that a write did not happen.
      `--audit-policy-file=${configFile(lab, 'audit-policy.yaml')}`,
      `--audit-log-path=${lab.auditLog}`,
      '--audit-log-mode=blocking-strict',
    ]),
    ready: apiserverAnswers(lab, '/readyz', ({ status }) => (status === 200 ? undefined : `/readyz responds with ${status}`)),
  };
}

function kubeControllerManager({ lab, tool, key }: Place): Component {
  return {
    name: 'kube-controller-manager',
    after: ['kube-apiserver'],
    argv: inLab([
      tool('kube-controller-manager'),
      `--kubeconfig=${kubeconfigOf(lab, 'controller-manager')}`,
      '--leader-elect=false',
      `--service-account-private-key-file=${key('service-account.key')}`,
      `--root-ca-file=${key('ca.crt')}`,
      '--use-service-account-credentials',
      '--allocate-node-cidrs=true',
      `--cluster-cidr=${network.podRange}`,
    ]),
    ready: answers(`https://${network.address}:${ports.controllerManager}/healthz`),
  };
}

function kubeScheduler({ lab, tool }: Place): Component {
  return {
    name: 'kube-scheduler',
    after: ['kube-apiserver'],
    argv: inLab([tool('kube-scheduler'), `--kubeconfig=${kubeconfigOf(lab, 'scheduler')}`, '--leader-elect=false']),
    ready: answers(`https://${network.address}:${ports.scheduler}/healthz`),
  };
}

function kubelet({ lab, tool, images }: Place): Component {
  return {
    name: 'kubelet',
    after: ['kube-apiserver', 'containerd'],
    // A node reports its images when it starts, and later ones only after half a minute.
    prepare: { what: 'building and importing images', work: async () => void (await provideImages(lab, images)) },
    argv: inLab([
      tool('kubelet'),
      `--config=${configFile(lab, 'kubelet.yaml')}`,
      `--kubeconfig=${kubeconfigOf(lab, 'kubelet')}`,
      `--hostname-override=${nodeName}`,
      `--node-ip=${network.address}`,
      `--root-dir=${join(lab.run, 'kubelet')}`,
      `--cert-dir=${join(lab.run, 'kubelet', 'pki')}`,
    ]),
    ready: nodeReady(lab),
  };
}

function kubeProxy({ lab, tool }: Place): Component {
  return {
    name: 'kube-proxy',
    // It waits 30 s for its node's address, and serves only loopback when there is none by then.
    after: ['kubelet'],
    argv: inLab([
      tool('kube-proxy'),
      `--kubeconfig=${kubeconfigOf(lab, 'proxy')}`,
      '--proxy-mode=iptables',
      `--cluster-cidr=${network.podRange}`,
      `--hostname-override=${nodeName}`,
      '--conntrack-max-per-core=0',
    ]),
    ready: answers(`http://${network.address}:${ports.kubeProxyHealth}/healthz`),
  };
}

function prometheus({ lab, tool, data }: Place): Component {
  return {
    name: 'prometheus',
    argv: inLab([
      tool('prometheus'),
      `--config.file=${configFile(lab, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${data('prometheus')}`,
      `--web.listen-address=${ANYWHERE}:${ports.prometheus}`,
    ]),
    ready: answers(`${lab.prometheus}/-/ready`),
  };
}

function alertmanager({ lab, tool, data }: Place): Component {
  return {
    name: 'alertmanager',
    argv: inLab([
      tool('alertmanager'),
      `--config.file=${configFile(lab, 'alertmanager.yaml')}`,
      `--storage.path=${data('alertmanager')}`,
      `--web.listen-address=${ANYWHERE}:${ports.alertmanager}`,
      // A single instance needs no gossip.
      '--cluster.listen-address=',
    ]),
    ready: answers(`${lab.alertmanager}/-/ready`),
  };
}

function jaeger({ lab, tool }: Place): Component {
  return {
    name: 'jaeger',
    argv: inLab([
      tool('jaeger'),
      // In memory: 20,000 traces of a dozen spans take about 200 MB.
      '--memory.max-traces=20000',
      `--collector.otlp.http.host-port=${network.address}:${ports.spans}`,
      `--query.http-server.host-port=${network.address}:${ports.traces}`,
    ]),
    ready: answers(`${lab.traces}/`),
  };
}

function temporalServer({ lab, tool, data }: Place): Component {
  return {
    name: 'temporal-server',
    argv: [
      tool('temporal-server'),
      '--config-file',
      writeTemporalConfig({ folder: data('temporal'), port: lab.temporalPort }),
      '--allow-no-auth',
      'start',
    ],
    ready: temporalServes(lab),
  };
}

interface NodeStatus {
  status?: { conditions?: { type: string; status: string; message: string }[] };
}

function nodeReady(lab: LabPaths): Probe {
  return apiserverAnswers(lab, `/api/v1/nodes/${nodeName}`, ({ status, body }) => {
    if (status !== 200) return 'the node is not registered yet';
    const condition = (JSON.parse(body) as NodeStatus).status?.conditions?.find(({ type }) => type === 'Ready');
    return condition?.status === 'True' ? undefined : `the node is not ready: ${condition?.message ?? 'no condition yet'}`;
  });
}

const NAMESPACE = 'default';
const CONNECT_TIMEOUT_MS = 1_000;

/** Ready when the namespace is served with our search attributes; an open port is not enough. */
function temporalServes(lab: LabPaths): Probe {
  return async () => {
    const connection = await Connection.connect({ address: lab.temporal, connectTimeout: CONNECT_TIMEOUT_MS }).catch(
      (error: Error) => error.message,
    );
    if (typeof connection === 'string') return `${lab.temporal}: ${connection}`;
    try {
      await registerNamespace(connection, NAMESPACE);
      return undefined;
    } catch (error) {
      return `namespace ${NAMESPACE}: ${(error as Error).message}`;
    } finally {
      await connection.close();
    }
  };
}
