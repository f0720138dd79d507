// Whether the last launch of the service has ended. A launch of a terminated countdown leaves an unwatched candidate live, which the next
// launch would record as the version to roll back to. Preflight and the capture before a launch both check it.
import { isRestoreId } from '../rollout/restore-id.ts';
import type { LastLaunch } from './answers.ts';
import { fail, pass, unknown, type Judgement } from './judgement.ts';

const STATES: readonly string[] = ['open', 'restored', 'kept'];

/**
 * Passes when there is no open operation, when the Lease records the end of the annotated launch, or when that launch is the open one of
 * the same countdown. A Lease that Tminus did not write is inconclusive.
 */
export function judgeLastLaunch(facts: LastLaunch): Judgement {
  const { service, countdown, deployment, lease } = facts;
  if (lease && !STATES.includes(lease.state ?? ''))
    return unknown(
      `Lease ${lease.name} has operation state ${lease.state ?? 'none'} where open, restored or kept is expected`,
      'find out who changed it; `tminus leftovers` lists open undos',
    );
  if (lease && Number.isNaN(generationOf(lease.generation)))
    return unknown(
      `Lease ${lease.name} has fencing generation ${lease.generation ?? 'none'} where a number is expected`,
      'find out who changed it; `tminus leftovers` lists open undos',
    );
  if (lease?.state === 'open' && lease.holder !== countdown)
    return fail(
      `the last launch of ${service} (countdown ${lease.holder ?? 'unknown'}) has no end`,
      '`tminus leftovers` lists who restores it; `tminus restore` restores it',
    );
  const { operation } = deployment;
  if (operation === null) return pass('no operation is open');
  if (isRestoreId(operation)) return pass('the last launch was rolled back');
  return judgeAnnotatedLaunch(facts, operation);
}

/** The Deployment is annotated with a launch, so a candidate runs unless the Lease records its end. */
function judgeAnnotatedLaunch({ service, deployment, lease }: LastLaunch, operation: string): Judgement {
  const [namespace, name] = service.split('/');
  const hint =
    `make sure that ${service} runs the version to roll back to, then remove the annotation: ` +
    `kubectl -n ${namespace} annotate deployment ${name} tminus.dev/operation-`;
  const launch = `the launch ${operation} (countdown ${deployment.countdown ?? 'unknown'})`;
  if (!lease)
    return fail(
      `${service} is annotated with ${launch}, and no Lease records its end: the Lease was removed, or an older version launched`,
      hint,
    );
  // `kubectl rollout undo` restores the annotations of an earlier launch and never changes the Lease. A later generation exists only after
  // the end of every earlier one.
  if (generationOf(lease.generation) > generationOf(deployment.generation))
    return pass(`${launch} ended before the operation in Lease ${lease.name}`);
  if (lease.operation !== operation)
    return fail(`${service} is annotated with ${launch}, and Lease ${lease.name} is of another operation, which is not later`, hint);
  if (generationOf(lease.generation) !== generationOf(deployment.generation))
    return unknown(
      `${service} is annotated with fencing generation ${deployment.generation ?? 'none'}, ` +
        `and Lease ${lease.name} of the same operation with ${lease.generation ?? 'none'}`,
      'find out who changed it; `tminus leftovers` lists open undos',
    );
  if (lease.state === 'restored')
    return fail(`${service} is annotated with ${launch}, which was restored, but its version runs again and is not watched`, hint);
  return pass(lease.state === 'open' ? 'the open launch is that of this countdown' : `the last launch ended as ${lease.state}`);
}

/** NaN for text that Tminus never writes. */
const generationOf = (text: string | null): number => (/^[0-9]{1,15}$/.test(text ?? '') ? Number(text) : NaN);
