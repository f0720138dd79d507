import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { separateUser, describeSeparation } from '../../activities/load-test/k6-user.ts';
import type { Environment } from '../../release/environment.ts';
import type { Principal } from '../../verdict/verdict.ts';
import { connect, serverUrl, startHint } from '../api.ts';
import { ENVIRONMENT_FILE } from '../dev.ts';
import { environmentChecks, type Check } from '../environment-checks.ts';
import { EXIT } from '../exit-codes.ts';
import { CliFailure, usageFailure } from '../failure.ts';
import { examplesText, type Examples } from '../help.ts';
import { API_VERSION, print } from '../output.ts';
import { readStatus } from '../read-status.ts';
import { RequestFailed, sendRequest } from '../send-request.ts';
import { readEnvironment, readRelease } from '../submission.ts';
import { padded } from '../render/words.ts';

/** Same as `engines` in package.json. */
const MIN_NODE_VERSION = [22, 19] as const;
/** A server on the same network responds within milliseconds. */
const HEALTH_TIMEOUT_MS = 5_000;
const OUTCOME_WIDTH = 17;
const NAME_WIDTH = 10;

/** Default file of `init`. */
const RELEASE_FILE = 'release.yaml';

const HELP = `
Checks from this machine: Node, the user that load scripts run as, each
kubeconfig, Prometheus and target of the environment file (2 s each), the
members of the groups that start and approve, then the server, your token,
Temporal and a worker. Changes nothing.`;

const EXITS = `

Exit 0 no check fails, 1 a check fails, 2 a given file is missing or not valid.`;

const EXAMPLES: Examples = [
  ['with .tminus/environment.yaml and release.yaml, if they exist', 'tminus doctor'],
  ['other files', 'tminus doctor shop.yaml --environment /etc/tminus/environment.yaml'],
  ['failed checks, for a script', `tminus doctor --json | jq -r '.items[] | select(.outcome == "fail") | .message'`],
];

export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('Check the prerequisites for running a countdown')
    .argument('[file]', 'release file whose approvers are checked (default: release.yaml, if it exists)')
    .option('--environment <file>', `environment file to check (default: ${ENVIRONMENT_FILE}, if it exists)`)
    .addHelpText('after', `${HELP}\n${examplesText(EXAMPLES)}${EXITS}`)
    .action(async (file: string | undefined, { environment }: { environment?: string }, command: Command) => {
      const items = [nodeCheck(), ...(await fileChecks(file, environment)), ...(await serverChecks(command))];
      print(command, { apiVersion: API_VERSION, kind: 'Doctor', items }, (shown, style) =>
        shown.items
          .map(({ name, outcome, message }) => `${padded(outcome, OUTCOME_WIDTH, style)}${name.padEnd(NAME_WIDTH)} ${message}`)
          .join('\n'),
      );
      process.exitCode = items.some(({ outcome }) => outcome === 'fail') ? EXIT.unexpected : EXIT.done;
    });
}

function nodeCheck(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const good = major > MIN_NODE_VERSION[0] || (major === MIN_NODE_VERSION[0] && minor >= MIN_NODE_VERSION[1]);
  return {
    name: 'node',
    outcome: good ? 'pass' : 'fail',
    message: good
      ? `Node ${process.versions.node}`
      : `Node ${process.versions.node} is too old; ${MIN_NODE_VERSION.join('.')} or newer is needed`,
  };
}

/** Checks the given files, or the default files if they exist. */
async function fileChecks(release: string | undefined, environment: string | undefined): Promise<Check[]> {
  const environmentFile = environment ?? (existsSync(ENVIRONMENT_FILE) ? ENVIRONMENT_FILE : null);
  if (environmentFile === null) {
    if (release === undefined) return [];
    throw usageFailure(`${release} can be checked only with an environment file; ${ENVIRONMENT_FILE} not found`, 'set --environment');
  }
  const read = await readEnvironment(environmentFile);
  const releaseFile = release ?? (existsSync(RELEASE_FILE) ? RELEASE_FILE : null);
  const asked = releaseFile === null ? null : await readRelease(releaseFile);
  return [loadCheck(read), ...(await environmentChecks(environmentFile, read, asked))];
}

/** For the worker that `tminus dev` starts on this machine. Other workers log it at their start. */
function loadCheck({ spec }: Environment): Check {
  const { runner } = spec.load;
  if (runner !== undefined) return { name: 'load', outcome: 'pass', message: `load scripts run at the k6 runner ${runner}` };
  const user = separateUser();
  const apart = user === null ? '' : ' (separated from the worker)';
  return { name: 'load', outcome: user === null ? 'inconclusive' : 'pass', message: `${describeSeparation(user)}${apart}` };
}

/** Each check needs the one before, so the first failure ends the list. */
async function serverChecks(command: Command): Promise<Check[]> {
  const checks: Check[] = [];
  for (const [name, check] of serverCheckList(command)) {
    try {
      checks.push({ name, ...(await check()) });
    } catch (error) {
      if (!(error instanceof CliFailure)) throw error;
      return [...checks, { name, outcome: 'fail', message: error.hint === '' ? error.message : `${error.message}; ${error.hint}` }];
    }
  }
  return checks;
}

type Result = Omit<Check, 'name'>;
type Listed = { items: { name: string; state: string; workerVersion?: string | null; hasWorker?: boolean | null }[] };

const serverCheckList = (command: Command): [name: string, check: () => Promise<Result>][] => [
  ['server', () => health(serverUrl(command))],
  [
    'identity',
    async () => {
      const { principal } = await connect(command).get<{ principal: Principal }>('/api/v1/whoami');
      return { outcome: 'pass', message: `you are ${principal.displayName}, groups: ${principal.groups.join(', ') || 'none'}` };
    },
  ],
  [
    'temporal',
    async () => {
      const { items } = await connect(command).get<Listed>('/api/v1/countdowns');
      return {
        outcome: 'pass',
        message: `Temporal responds; running countdowns: ${items.filter(({ state }) => state === 'running').length} of ${items.length}`,
      };
    },
  ],
  [
    'worker',
    async () => {
      const api = connect(command);
      const running = (await api.get<Listed>('/api/v1/countdowns')).items.filter(({ state }) => state === 'running');
      const stranded = running.filter(({ hasWorker }) => hasWorker === false);
      if (stranded.length > 0) return { outcome: 'fail', message: strandedSentence(stranded) };
      const [one] = running;
      if (!one) return { outcome: 'inconclusive', message: 'not checked: no countdown runs' };
      await readStatus(api, one.name);
      return { outcome: 'pass', message: `a worker responds for ${one.name}` };
    },
  ],
];

/** A countdown is pinned to its version; workers of other versions do not run it. */
function strandedSentence(stranded: Listed['items']): string {
  const versions = [...new Set(stranded.map(({ workerVersion }) => workerVersion ?? 'none'))].join(', ');
  const names = stranded.map(({ name }) => name).join(', ');
  return `no worker of version ${versions} runs: no step, hold, deadline or rollback of ${names} proceeds; start a worker of that version`;
}

async function health(url: string): Promise<Result> {
  const { ok, status, close } = await sendRequest({ url: `${url}/healthz`, timeoutMs: HEALTH_TIMEOUT_MS }).catch((error: unknown) => {
    if (!(error instanceof RequestFailed)) throw error;
    throw new CliFailure('Unreachable', `the server at ${url} does not respond: ${error.message}`, startHint(url), EXIT.unexpected);
  });
  close();
  if (!ok)
    throw new CliFailure(
      'Unreachable',
      `the server at ${url} is not a healthy Tminus server (HTTP ${status})`,
      'set --server or TMINUS_SERVER',
      EXIT.unexpected,
    );
  return { outcome: 'pass', message: `${url} responds` };
}
