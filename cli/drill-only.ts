// The release of one drill alone: the same service and emergency plan, and nothing but the drill.
import { parse, stringify } from 'yaml';
import type { Release } from '../release/release.ts';
import { usageFailure } from './failure.ts';

interface Written {
  metadata: { name: string };
  spec: Record<string, unknown> & { checkpoints?: { steps?: { type: string; name?: string }[] }[] };
}

/**
 * The text of a release file, with the one drill at T-0 in place of its checkpoints. `text` has been loaded as `release`. Throws a usage failure
 * for a release without a drill, and for one with several where `step` names none of them.
 */
export function drillOnly(text: string, release: Release, step: string | undefined): string {
  const names = release.spec.checkpoints.flatMap(({ steps }) => steps.flatMap(({ type, name }) => (type === 'drill' ? [name] : [])));
  const wanted = step ?? (names.length === 1 ? names[0] : undefined);
  if (names.length === 0) throw usageFailure(`${release.metadata.name} has no drill step`, 'add one: docs/how-to/drill.md');
  if (wanted === undefined || !names.includes(wanted))
    throw usageFailure(
      wanted === undefined ? `${release.metadata.name} has ${names.length} drills` : `${release.metadata.name} has no drill ${wanted}`,
      `choose one: --step ${names.join(' or --step ')}`,
    );
  const written = parse(text) as Written;
  const drill = written.spec.checkpoints
    ?.flatMap(({ steps = [] }) => steps)
    .find((each) => each.type === 'drill' && (each.name ?? 'drill') === wanted);
  const { launchAt: _, checkpoints: __, ...spec } = written.spec;
  return stringify({
    ...written,
    metadata: { name: `${written.metadata.name}-${wanted}` },
    spec: { ...spec, countdown: '1s', checkpoints: [{ name: 'drill', at: 'T-0', steps: [drill] }] },
  });
}
