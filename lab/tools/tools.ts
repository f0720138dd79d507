// The tools of the lab, pinned. One wrapper module each, so that no tool's dependencies bend another's.

export interface ToolBinary {
  /** File name, and the name by which the lab asks for it. */
  name: string;
  /** Go package it is built from. */
  goPackage: string;
  /** Arguments that make the binary tell its version. */
  versionArguments: string[];
}

export interface Tool {
  /** Folder of the wrapper module beside this file. */
  name: string;
  /** Version the wrapper module pins; a binary found in PATH must tell exactly this one. */
  version: string;
  binaries: ToolBinary[];
  /** Linker stamps `package.variable=value`; some tools refuse to start, or do not know themselves, without. */
  stamps: string[];
  /** Core tools are made by `up`; the others on first use. */
  core: boolean;
}

const kubernetesVersion = '1.35.8';
const [kubernetesMajor, kubernetesMinor] = kubernetesVersion.split('.');

/** A malformed gitVersion makes every component panic at start. */
const kubernetesStamps = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((goPackage) => [
  `${goPackage}.gitVersion=v${kubernetesVersion}`,
  `${goPackage}.gitMajor=${kubernetesMajor}`,
  `${goPackage}.gitMinor=${kubernetesMinor}`,
  `${goPackage}.gitTreeState=clean`,
]);

const kubernetes = (name: string, versionArguments = ['--version']): ToolBinary => ({
  name,
  goPackage: `k8s.io/kubernetes/cmd/${name}`,
  versionArguments,
});

export const tools: Tool[] = [
  {
    name: 'etcd',
    version: '3.6.14',
    stamps: [],
    core: true,
    binaries: [
      { name: 'etcd', goPackage: 'go.etcd.io/etcd/server/v3', versionArguments: ['--version'] },
      { name: 'etcdctl', goPackage: 'go.etcd.io/etcd/etcdctl/v3', versionArguments: ['version'] },
    ],
  },
  {
    name: 'kubernetes',
    version: kubernetesVersion,
    stamps: kubernetesStamps,
    core: true,
    binaries: [
      kubernetes('kube-apiserver'),
      kubernetes('kube-controller-manager'),
      kubernetes('kube-scheduler'),
      kubernetes('kubectl', ['version', '--client']),
      kubernetes('kubelet'),
      kubernetes('kube-proxy'),
    ],
  },
  {
    name: 'temporal',
    version: '1.32.0',
    stamps: [],
    core: true,
    binaries: [{ name: 'temporal-server', goPackage: 'go.temporal.io/server/cmd/server', versionArguments: ['--version'] }],
  },
  {
    name: 'k6',
    version: '1.8.1',
    stamps: [],
    core: true,
    binaries: [{ name: 'k6', goPackage: 'go.k6.io/k6', versionArguments: ['version'] }],
  },
  {
    name: 'prometheus',
    version: '3.7.3',
    stamps: ['github.com/prometheus/common/version.Version=3.7.3'],
    core: true,
    binaries: [{ name: 'prometheus', goPackage: 'github.com/prometheus/prometheus/cmd/prometheus', versionArguments: ['--version'] }],
  },
  {
    // A module of its own: in that of prometheus it would make both be built anew.
    name: 'promtool',
    version: '3.7.3',
    stamps: ['github.com/prometheus/common/version.Version=3.7.3'],
    core: false,
    binaries: [{ name: 'promtool', goPackage: 'github.com/prometheus/prometheus/cmd/promtool', versionArguments: ['--version'] }],
  },
  {
    name: 'alertmanager',
    version: '0.28.1',
    stamps: ['github.com/prometheus/common/version.Version=0.28.1'],
    core: true,
    binaries: [{ name: 'alertmanager', goPackage: 'github.com/prometheus/alertmanager/cmd/alertmanager', versionArguments: ['--version'] }],
  },
  {
    name: 'jaeger',
    version: '1.62.0',
    stamps: ['github.com/jaegertracing/jaeger/pkg/version.latestVersion=1.62.0'],
    core: true,
    binaries: [{ name: 'jaeger', goPackage: 'github.com/jaegertracing/jaeger/cmd/all-in-one', versionArguments: ['version'] }],
  },
  {
    name: 'compose',
    version: '2.40.3',
    stamps: ['github.com/docker/compose/v2/internal.Version=v2.40.3'],
    core: false,
    binaries: [{ name: 'docker-compose', goPackage: 'github.com/docker/compose/v2/cmd', versionArguments: ['version'] }],
  },
];

/** The tool that a name means: its own, or one of its binaries. Undefined when there is none. */
export function findTool(name: string): { tool: Tool; binary: ToolBinary } | undefined {
  for (const tool of tools) {
    const binary = tool.binaries.find((candidate) => candidate.name === name) ?? (tool.name === name ? tool.binaries[0] : undefined);
    if (binary) return { tool, binary };
  }
  return undefined;
}

/** Version of a core tool, for the sentences people read. */
export function versionOf(name: string): string {
  const found = findTool(name);
  if (!found) throw new Error(`the lab knows no tool ${name}`);
  return found.tool.version;
}
