// Whether the last launch of the service has an end. One without, from a countdown that was terminated, leaves a candidate live that nobody watches,
// and the next launch would record it as the version to go back to.
import { isRestoreId } from '../rollout/restore-id.ts';
import type { LastLaunch } from './answers.ts';
import { fail, pass, unknown, type Judgement } from './judgement.ts';

const ENDED: readonly string[] = ['restored', 'kept'];

/**
 * Passes when nothing stands, when the end of the last launch is in the Lease, or when it is this countdown's own. A Lease state that Tminus does
 * not write is inconclusive.
 */
export function judgeLastLaunch({ service, countdown, deployment, lease }: LastLaunch): Judgement {
  if (lease?.state === 'open') {
    if (lease.holder === countdown) return pass('the open launch is that of this countdown');
    return fail(
      `the last launch of ${service} (countdown ${lease.holder ?? 'unknown'}) has no end`,
      '`tminus leftovers` lists who restores it; `tminus restore` restores it',
    );
  }
  if (lease && !ENDED.includes(lease.state ?? ''))
    return unknown(
      `Lease ${lease.name} has operation state ${lease.state ?? 'none'} where open, restored or kept is expected`,
      'find out who changed it; `tminus leftovers` lists what stands',
    );
  const { operation } = deployment;
  if (operation === null) return pass('nothing stands');
  if (deployment.countdown === countdown) return pass('the annotated launch is that of this countdown');
  if (isRestoreId(operation)) return pass('the last launch was rolled back');
  if (lease && endOf(lease, deployment)) return pass(`the last launch ended as ${lease.state}`);
  const [namespace, name] = service.split('/');
  return fail(
    `${service} is annotated with the launch ${operation} (countdown ${deployment.countdown ?? 'unknown'}), and ${lease ? `Lease ${lease.name} is of an earlier operation` : 'no Lease records its end'}: somebody removed the Lease, or an older version launched`,
    `make sure that ${service} runs the version to go back to, then remove the annotation: kubectl -n ${namespace} annotate deployment ${name} tminus.dev/operation-`,
  );
}

/**
 * Whether a closed Lease is the end of the annotated launch: it is of the same operation, or of a later generation, which could be claimed only
 * after the end of this one. `kubectl rollout undo` puts annotations of an earlier launch back, and never touches the Lease.
 */
function endOf(lease: NonNullable<LastLaunch['lease']>, { operation, generation }: LastLaunch['deployment']): boolean {
  if (lease.operation === operation) return true;
  const [closed, annotated] = [lease.generation, generation].map((text) => (/^[0-9]{1,15}$/.test(text ?? '') ? Number(text) : NaN));
  return closed !== undefined && annotated !== undefined && closed > annotated;
}
