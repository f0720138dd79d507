import type { CountdownInput } from '../../release/countdown-input.ts';
import { randomUUID } from 'node:crypto';
import type { EvidenceStore } from '../../activities/evidence/contract.ts';
import type { StartPolicy, StartObjection } from '../../release/start-policy.ts';
import { loadRelease } from '../../release/load.ts';
import { planOf } from '../../release/plan.ts';
import type { Release } from '../../release/release.ts';
import { objectionsToStart, scriptsOf } from '../../release/startable.ts';
import type { Problem } from '../../release/problem.ts';
import { explainStart } from '../../verdict/can.ts';
import { inputDigest } from '../../verdict/digest.ts';
import type { Principal } from '../../verdict/verdict.ts';
import { countdownId } from '../../release/countdown-id.ts';
import type { Signer } from '../identity/signing.ts';
import { ApiError } from '../request/refusal.ts';
import type { Countdowns, OpenedPlan, StartedPlan } from '../temporal/countdowns.ts';
import type { StartRequest } from './requests.ts';

export interface StartDependencies {
  countdowns: Countdowns;
  evidence: EvidenceStore;
  /** Whether the server is reachable from this machine only. */
  loopback: boolean;
  startPolicy: StartPolicy;
  signer: Signer;
  now: () => number;
}

/** Above the time to start (30 s, plus 20 s for a countdown of the same name to close), short enough to make a stolen start useless. */
const START_LIFETIME_MS = 5 * 60_000;

export type SubmittedPlan = OpenedPlan & { started: StartedPlan['started'] | 'dry-run' };

/**
 * Starts a countdown from a release file: load, validate, store the file and its scripts as evidence, start. Nothing is stored or started
 * unless the whole file is valid.
 */
export async function submit(dependencies: StartDependencies, request: StartRequest, requestedBy: Principal): Promise<SubmittedPlan> {
  const barred = explainStart(requestedBy, dependencies.startPolicy.starters);
  if (barred !== null)
    throw new ApiError('NotAllowed', barred, 'ask a member of one of these groups, or the owner of the environment file');
  const { release, problemsOf } = readRelease(request);
  const now = dependencies.now();
  const { scripts } = request;
  const explainScript = (path: string) =>
    Object.hasOwn(scripts, path) ? null : { message: `the k6 script ${path} is not in the request`, hint: '' };
  const objections = [
    ...(release.spec.allowUnverified && !dependencies.loopback ? [UNVERIFIED_ELSEWHERE] : []),
    ...objectionsToStart(release, { startPolicy: dependencies.startPolicy, explainScript, nowMs: now }),
  ];
  if (objections.length > 0) throw invalid(problemsOf(objections));
  const plan = planOf(release, now);
  const planned: OpenedPlan = {
    release: release.metadata.name,
    launchAt: iso(plan.launchAtMs),
    checkpoints: plan.checkpoints.map(({ name, atMs }) => ({ name, at: iso(atMs) })),
  };
  if (request.dryRun) return { ...planned, started: 'dry-run' };
  return await dependencies.countdowns.start(signedInput(dependencies, await inputOf(dependencies, request, release, requestedBy)));
}

const UNVERIFIED_ELSEWHERE: StartObjection = {
  paths: [['spec', 'allowUnverified']],
  message: 'unverified approvals are allowed only on a laptop, and this server is reachable from other machines',
  hint: 'remove the field, or start the release on a machine that runs `tminus dev`',
};

function readRelease({ file, fileName, launchAt }: StartRequest) {
  const loaded = loadRelease(file, fileName);
  if (!loaded.ok) throw invalid(loaded.problems);
  const { release, problemsOf } = loaded;
  if (launchAt === undefined) return { release, problemsOf };
  const { countdownMs: _, ...spec } = release.spec;
  return { release: { ...release, spec: { ...spec, launchAtMs: Date.parse(launchAt) } }, problemsOf };
}

async function inputOf(
  dependencies: StartDependencies,
  request: StartRequest,
  release: Release,
  requestedBy: Principal,
): Promise<Omit<CountdownInput, 'start'>> {
  const keep = async (kind: 'release-file' | 'k6-script', mediaType: string, source: string, text: string) =>
    (await dependencies.evidence.put({ kind, mediaType, source }, Buffer.from(text, 'utf8'))).digest;
  const digests = await Promise.all(
    scriptsOf(release).map(async (path) => [path, await keep('k6-script', 'text/javascript', path, request.scripts[path] ?? '')] as const),
  );
  return {
    release,
    releaseDigest: await keep('release-file', 'application/yaml', request.fileName, request.file),
    scripts: Object.fromEntries(digests),
    requestedBy,
    rehearsal: request.rehearsal,
    ...(request.comment === '' ? {} : { comment: request.comment }),
  };
}

/** Adds the server's signature that this principal may start this input, once and soon. Workers refuse a start without it. */
export function signedInput(
  { signer, now }: Pick<StartDependencies, 'signer' | 'now'>,
  input: Omit<CountdownInput, 'start'>,
): CountdownInput {
  const { release } = input;
  const plan = planOf(release, now());
  const launching = release.spec.checkpoints.find(({ steps }) => steps.some(({ type }) => type === 'launch'))?.name;
  const start = signer.sign({
    kind: 'start',
    id: randomUUID(),
    countdown: countdownId(release.metadata.name),
    input: inputDigest(input),
    notBefore: iso(plan.checkpoints.find(({ name }) => name === launching)?.atMs ?? plan.launchAtMs),
    issuedAt: iso(now()),
    notAfter: iso(now() + START_LIFETIME_MS),
  });
  return { ...input, start };
}

function invalid(problems: Problem[]): ApiError {
  return new ApiError(
    'InvalidRelease',
    problems[0]?.text ?? 'the release file is not valid',
    'fix the file; `tminus validate` checks the same without a server, with the environment file beside it',
    problems,
  );
}

const iso = (ms: number): string => new Date(ms).toISOString();
