// An undo as a step before the launch would register it: something was changed, and no candidate serves people.
import type { UndoEntry } from '../../verdict/undo.ts';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';

/** `key` names the target, and stands in the id and in the name for people. */
export function drillOf(
  workflowId: string,
  { run }: Pick<CountdownStatus, 'run'>,
  { key, ...change }: { key: string } & Partial<UndoEntry>,
): UndoEntry {
  return {
    id: `${workflowId}/${run}/load-and-diagnosis/drill/1/deployment-image/${key}`,
    kind: 'deployment-image',
    target: { cluster: 'test', key },
    generation: 1,
    name: `${key} back`,
    live: false,
    scope: 'countdown',
    order: 0,
    within: { restoreMs: 90_000, proveMs: 60_000 },
    before: { image: 'registry.local/go-api:sha-4f9c2ab' },
    ...change,
  };
}
