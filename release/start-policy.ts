// What a release may use on this installation: release files come from teams, the environment file from the operators.
import type { Environment } from './environment.ts';
import { nearName } from './near-name.ts';
import { shortWord } from './problem.ts';
import type { Path } from './problem.ts';
import type { Release } from './release.ts';
import type { Step } from './steps/registry.ts';

/** Names that releases use, by their section under `spec` of the environment file. */
type Kind = 'clusters' | 'targets' | 'postgres' | 'traces' | 'notify';

/** The part of an environment file that limits what may be started. */
export interface StartPolicy {
  /** What the environment file has under each kind. */
  names: Readonly<Record<Kind, readonly string[]>>;
  /** Groups that may start a countdown. Empty: everybody who is authenticated; only a server on loopback accepts that. */
  starters: readonly string[];
  /** Whether a launch needs no approval before it. */
  unapprovedLaunch: boolean;
}

export function startPolicyOf({ spec }: Environment): StartPolicy {
  return {
    names: {
      clusters: Object.keys(spec.clusters),
      targets: Object.keys(spec.targets),
      postgres: Object.keys(spec.postgres),
      traces: Object.keys(spec.traces),
      notify: Object.keys(spec.notify),
    },
    starters: spec.start.groups,
    unapprovedLaunch: spec.start.unapprovedLaunch,
  };
}

/** Why a valid release cannot be started. `paths`: where the field may be, the closest place first. */
export interface StartObjection {
  paths: readonly Path[];
  message: string;
  hint: string;
}

/** Names that the environment file does not have, and a launch without an approval. Empty: the release can be started. */
export function objectionsByPolicy(release: Release, policy: StartPolicy): StartObjection[] {
  return [...unknownNames(release, policy), ...(policy.unapprovedLaunch ? [] : unapproved(release))];
}

interface Mention {
  kind: Kind;
  name: string;
  paths: readonly Path[];
}

const nounOf: Record<Kind, string> = {
  clusters: 'cluster',
  targets: 'target',
  postgres: 'database',
  traces: 'trace store',
  notify: 'notification target',
};

/** Checked at the start, not 72 hours later when the step needs the name. */
function unknownNames(release: Release, { names }: StartPolicy): StartObjection[] {
  const unknown = mentionsOf(release).filter(({ kind, name }) => !names[kind].includes(name));
  return unknown.map(({ kind, name, paths }) => {
    const near = nearName(name, names[kind]);
    return {
      paths,
      message: `the environment file has no ${nounOf[kind]} "${shortWord(name)}"`,
      hint: near === null ? addHint(kind, names[kind]) : `did you mean "${near}"?`,
    };
  });
}

function addHint(kind: Kind, known: readonly string[]): string {
  const optional = kind === 'clusters' || kind === 'targets' ? '' : ', or leave it out';
  return `it has ${known.map(shortWord).join(', ') || 'none'}; add it to spec.${kind} there${optional}`;
}

function mentionsOf({ spec }: Release): Mention[] {
  const { service, staging, cluster, notify, checkpoints } = spec;
  const asksForHealth = checkpoints.some(({ steps }) => steps.some(({ type }) => !['loadTest', 'diagnosis', 'drill'].includes(type)));
  return [
    { kind: 'clusters', name: cluster, paths: [['spec', 'cluster']] },
    ...(staging.cluster === cluster ? [] : [{ kind: 'clusters' as const, name: staging.cluster, paths: [['spec', 'staging', 'cluster']] }]),
    ...(asksForHealth
      ? [
          {
            kind: 'targets' as const,
            name: service.health.target,
            paths: [
              ['spec', 'service', 'health', 'target'],
              ['spec', 'service', 'namespace'],
            ],
          },
        ]
      : []),
    ...checkpoints.flatMap(({ steps }, index) => steps.flatMap((step, at) => stepMentions(step, index, at))),
    ...notify.map((name, index) => ({ kind: 'notify' as const, name, paths: [['spec', 'notify', index]] })),
  ];
}

function stepMentions(step: Step, checkpoint: number, at: number): Mention[] {
  const own = (...fields: string[]): Path => ['spec', 'checkpoints', checkpoint, 'steps', at, ...fields];
  const mention = (kind: Kind, name: string | undefined, field: string, shared: Path): Mention[] =>
    name === undefined ? [] : [{ kind, name, paths: [own(field), shared] }];
  if (step.type === 'loadTest')
    return [
      ...mention('targets', step.target, 'target', ['spec', 'load', 'target']),
      ...mention('postgres', step.postgres, 'postgres', ['spec', 'diagnosis', 'postgres']),
    ];
  if (step.type === 'diagnosis')
    return [
      ...mention('postgres', step.postgres, 'postgres', ['spec', 'diagnosis', 'postgres']),
      ...mention('traces', step.traces, 'traces', ['spec', 'diagnosis', 'traces']),
    ];
  if (step.type === 'drill' && step.load !== null)
    return [{ kind: 'targets', name: step.load.target, paths: [own('load', 'target'), ['spec', 'load', 'target']] }];
  return [];
}

function unapproved({ spec: { checkpoints } }: Release): StartObjection[] {
  const launches = checkpoints.findIndex(({ steps }) => steps.some(({ type }) => type === 'launch'));
  if (launches < 0 || checkpoints.slice(0, launches).some(({ approval }) => approval !== null)) return [];
  return [
    {
      paths: [['spec', 'checkpoints', launches], ['spec']],
      message: `no approval comes before the launch in "${checkpoints[launches]?.name ?? ''}"`,
      hint: 'give an earlier checkpoint an approval, or set spec.start.unapprovedLaunch in the environment file',
    },
  ];
}
