// Configuration files of the components, rewritten by every `up`. JSON is YAML, so YAML readers get JSON.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupName } from './cgroups.ts';
import { pauseImage } from './images/images.ts';
import { kubeconfig } from './keys.ts';
import type { IdentityName } from './keys.ts';
import { network, ports } from './paths.ts';
import type { LabPaths } from './paths.ts';

/** Writes every configuration file; `kubeconfigOf` and `configFile` answer their paths. */
export function writeConfigs(lab: LabPaths): void {
  for (const folder of [lab.configs, join(lab.configs, 'cni'), lab.logs, lab.data]) mkdirSync(folder, { recursive: true });
  const files: Record<string, string> = {
    'containerd.toml': containerdConfig(lab),
    'cni/10-tminus-lab.conflist': json(cniConfig(lab)),
    'kubelet.yaml': json(kubeletConfig(lab)),
    // Pods of the lab get addresses and resolve no names.
    'resolv.conf': 'nameserver 127.0.0.1\n',
    'audit-policy.yaml': json(auditPolicy),
    'prometheus.yaml': json(prometheusConfig(lab)),
    'alertmanager.yaml': json(alertmanagerConfig),
  };
  for (const [file, content] of Object.entries(files)) writeFileSync(configFile(lab, file), content);
  const own: IdentityName[] = ['kubelet', 'controller-manager', 'scheduler', 'proxy', 'prometheus'];
  for (const identity of own) writeFileSync(kubeconfigOf(lab, identity), kubeconfig(lab, identity), { mode: 0o600 });
  writeFileSync(lab.adminKubeconfig, kubeconfig(lab, 'admin'), { mode: 0o600 });
  writeFileSync(lab.tminusKubeconfig, kubeconfig(lab, 'tminus'), { mode: 0o600 });
}

export const configFile = (lab: LabPaths, file: string) => join(lab.configs, file);
export const kubeconfigOf = (lab: LabPaths, identity: IdentityName) => configFile(lab, `${identity}.kubeconfig`);

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/**
 * restrict_oom_score_adj: without CAP_SYS_RESOURCE runc fails when it lowers a score.
 * netns_mounts_under_state_dir, runc's Root: `down` finds everything a pod left in the lab's own folder.
 */
function containerdConfig(lab: LabPaths): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = "${join(lab.data, 'containerd')}"
state = "${lab.containerdState}"
[grpc]
  address = "${lab.containerdSocket}"
[ttrpc]
  address = "${lab.containerdSocket}.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "${join(lab.data, 'containerd-opt')}"
[${cri}]
  sandbox_image = "${pauseImage}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [${cri}.cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${join(lab.configs, 'cni')}"
  [${cri}.containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [${cri}.containerd.runtimes.runc.options]
      SystemdCgroup = false
      Root = "${join(lab.run, 'runc')}"
`;
}

function cniConfig(lab: LabPaths) {
  const ipam = {
    type: 'host-local',
    dataDir: join(lab.run, 'cni-leases'),
    ranges: [[{ subnet: network.nodePodRange }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  return {
    cniVersion: '0.4.0',
    name: network.namespace,
    plugins: [
      { type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: false, hairpinMode: true, ipam },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}

function kubeletConfig(lab: LabPaths) {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroupName}`,
    cgroupsPerQOS: true,
    enforceNodeAllocatable: [],
    oomScoreAdj: 0,
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    containerRuntimeEndpoint: `unix://${lab.containerdSocket}`,
    podLogsDir: join(lab.data, 'pod-logs'),
    volumePluginDir: join(lab.run, 'volume-plugins'),
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: join(lab.keys, 'ca.crt') } },
    authorization: { mode: 'Webhook' },
    tlsCertFile: join(lab.keys, 'kubelet.crt'),
    tlsPrivateKeyFile: join(lab.keys, 'kubelet.key'),
    resolvConf: configFile(lab, 'resolv.conf'),
    clusterDNS: [],
    registerNode: true,
    // Images cannot be pulled again, so none is garbage collected.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    // A user's disk may be nearly full: pods are evicted only below 1 %.
    evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%', 'nodefs.inodesFree': '1%' },
  };
}

/** Logs who wrote which Deployment, and what; other requests would only make the log large. */
const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  omitManagedFields: true,
  rules: [
    {
      level: 'RequestResponse',
      verbs: ['create', 'update', 'patch', 'delete'],
      resources: [{ group: 'apps', resources: ['deployments', 'deployments/scale', 'deployments/rollback'] }],
    },
    { level: 'None' },
  ],
};

/** 2 s: a guard of one minute gets 30 samples per pod. The timeout is shorter, so a hanging pod does not delay its next sample. */
const SCRAPE_INTERVAL = '2s';
const SCRAPE_TIMEOUT = '1500ms';

function prometheusConfig(lab: LabPaths) {
  const relabel = (source: string, target: string) => ({ source_labels: [source], target_label: target });
  return {
    global: { scrape_interval: SCRAPE_INTERVAL, scrape_timeout: SCRAPE_TIMEOUT, evaluation_interval: SCRAPE_INTERVAL },
    alerting: { alertmanagers: [{ static_configs: [{ targets: [`${network.address}:${ports.alertmanager}`] }] }] },
    scrape_configs: [
      {
        job_name: 'pods',
        kubernetes_sd_configs: [{ role: 'pod', kubeconfig_file: kubeconfigOf(lab, 'prometheus') }],
        relabel_configs: [
          { source_labels: ['__meta_kubernetes_pod_label_app'], regex: '.+', action: 'keep' },
          // Pods serve metrics on the port named http; pending and ended pods serve none.
          { source_labels: ['__meta_kubernetes_pod_container_port_name'], regex: 'http', action: 'keep' },
          { source_labels: ['__meta_kubernetes_pod_phase'], regex: 'Running', action: 'keep' },
          relabel('__meta_kubernetes_pod_label_app', 'job'),
          relabel('__meta_kubernetes_namespace', 'namespace'),
          relabel('__meta_kubernetes_pod_name', 'pod'),
          relabel('__meta_kubernetes_pod_node_name', 'node'),
          relabel('__meta_kubernetes_pod_container_name', 'container'),
        ],
      },
    ],
  };
}

/** Alerts are stored and shown, and notify nobody: the lab has no on-call. */
const alertmanagerConfig = { route: { receiver: 'nobody', group_wait: '1s', group_interval: '5s' }, receivers: [{ name: 'nobody' }] };
