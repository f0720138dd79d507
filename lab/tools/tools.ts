// The tools of the lab, pinned. One wrapper module each, so that the dependencies of one do not change those of another.

export interface ToolBinary {
  /** File name, and the name by which the lab asks for it. */
  name: string;
  /** Go package it is built from. */
  goPackage: string;
  /** Arguments that make the binary print its version. */
  versionArguments: string[];
}

export interface Tool {
  /** Folder of the wrapper module beside this file. */
  name: string;
  /** Version the wrapper module pins; what is built must report exactly this one. */
  version: string;
  /** `minor`: a binary in PATH may report any version with the same major and minor number. */
  acceptedInPath: 'exact' | 'minor';
  /** `countdown`: the demo needs it. `lab`: `scripts/lab up` adds it. `first use`: built when it is asked for. */
  neededBy: 'countdown' | 'lab' | 'first use';
  /** CPU seconds of a build with an empty cache. Long builds start first, so that none runs alone at the end. */
  buildCpuSeconds: number;
  binaries: ToolBinary[];
  /** Linker flags `-X package.variable=value`; some tools do not start, or do not report their version, without. */
  stamps: string[];
  /** For a tool whose main package is compiled with fewer imports than upstream's. */
  slimMain?: SlimMain;
}

/** The main package is copied at build time, with one import replaced. */
export interface SlimMain {
  /** The import that registers everything. */
  replaced: string;
  /** Packages imported in its place. */
  by: string[];
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

/** The discoveries of cloud vendors are half of Prometheus' CPU seconds (377 with them, 192 without), and the lab has no cloud. */
const fewDiscoveries: SlimMain = {
  replaced: 'github.com/prometheus/prometheus/plugins',
  by: ['file', 'http', 'kubernetes'].map((name) => `github.com/prometheus/prometheus/discovery/${name}`),
};

export const tools: Tool[] = [
  {
    name: 'etcd',
    version: '3.6.14',
    acceptedInPath: 'exact',
    neededBy: 'countdown',
    buildCpuSeconds: 90,
    stamps: [],
    binaries: [{ name: 'etcd', goPackage: 'go.etcd.io/etcd/server/v3', versionArguments: ['--version'] }],
  },
  {
    name: 'kubernetes',
    version: kubernetesVersion,
    acceptedInPath: 'minor',
    neededBy: 'countdown',
    buildCpuSeconds: 500,
    stamps: kubernetesStamps,
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
    acceptedInPath: 'exact',
    neededBy: 'countdown',
    buildCpuSeconds: 350,
    stamps: [],
    binaries: [{ name: 'temporal-server', goPackage: 'go.temporal.io/server/cmd/server', versionArguments: ['--version'] }],
  },
  {
    name: 'k6',
    version: '1.8.1',
    acceptedInPath: 'minor',
    neededBy: 'countdown',
    buildCpuSeconds: 100,
    stamps: [],
    binaries: [{ name: 'k6', goPackage: 'go.k6.io/k6', versionArguments: ['version'] }],
  },
  {
    name: 'prometheus',
    version: '3.7.3',
    acceptedInPath: 'minor',
    neededBy: 'countdown',
    buildCpuSeconds: 160,
    stamps: ['github.com/prometheus/common/version.Version=3.7.3'],
    binaries: [{ name: 'prometheus', goPackage: 'github.com/prometheus/prometheus/cmd/prometheus', versionArguments: ['--version'] }],
    slimMain: fewDiscoveries,
  },
  {
    // A module of its own: in that of prometheus a change of either would make both be built anew.
    name: 'promtool',
    version: '3.7.3',
    acceptedInPath: 'minor',
    neededBy: 'first use',
    buildCpuSeconds: 300,
    stamps: ['github.com/prometheus/common/version.Version=3.7.3'],
    binaries: [{ name: 'promtool', goPackage: 'github.com/prometheus/prometheus/cmd/promtool', versionArguments: ['--version'] }],
    slimMain: fewDiscoveries,
  },
  {
    name: 'alertmanager',
    version: '0.28.1',
    acceptedInPath: 'exact',
    neededBy: 'lab',
    buildCpuSeconds: 50,
    stamps: ['github.com/prometheus/common/version.Version=0.28.1'],
    binaries: [{ name: 'alertmanager', goPackage: 'github.com/prometheus/alertmanager/cmd/alertmanager', versionArguments: ['--version'] }],
  },
  {
    name: 'jaeger',
    version: '1.62.0',
    acceptedInPath: 'exact',
    neededBy: 'lab',
    buildCpuSeconds: 250,
    stamps: ['github.com/jaegertracing/jaeger/pkg/version.latestVersion=1.62.0'],
    binaries: [{ name: 'jaeger', goPackage: 'github.com/jaegertracing/jaeger/cmd/all-in-one', versionArguments: ['version'] }],
  },
  {
    name: 'compose',
    version: '2.40.3',
    acceptedInPath: 'exact',
    neededBy: 'first use',
    buildCpuSeconds: 250,
    stamps: ['github.com/docker/compose/v2/internal.Version=v2.40.3'],
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
