import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { separateUser, describeSeparation } from '../../activities/load-test/k6-user.ts';
import type { Principal } from '../../verdict/verdict.ts';
import { connect, serverUrl, startHint } from '../api.ts';
import { ENVIRONMENT_FILE } from '../dev.ts';
import { EXIT } from '../exit-codes.ts';
import { CliFailure } from '../failure.ts';
import { API_VERSION, print } from '../output.ts';
import { readStatus } from '../read-status.ts';
import { readEnvironment } from '../submission.ts';
import { padded } from '../render/words.ts';

/** What `engines` in package.json asks for. */
const NODE_AT_LEAST = [22, 19] as const;
/** A server on the same network answers in milliseconds. */
const HEALTH_TIMEOUT_MS = 5_000;
const OUTCOME_WIDTH = 17;
const NAME_WIDTH = 10;

interface Check {
  name: string;
  outcome: 'pass' | 'fail' | 'inconclusive';
  sentence: string;
}

export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('what is missing between here and a countdown, in sentences')
    .action(async (_: unknown, command: Command) => {
      const items = [nodeCheck(), ...(await loadCheck()), ...(await serverChecks(command))];
      print(command, { apiVersion: API_VERSION, kind: 'Doctor', items }, (shown, look) =>
        shown.items
          .map(({ name, outcome, sentence }) => `${padded(outcome, OUTCOME_WIDTH, look)}${name.padEnd(NAME_WIDTH)} ${sentence}`)
          .join('\n'),
      );
      process.exitCode = items.some(({ outcome }) => outcome === 'fail') ? EXIT.unexpected : EXIT.done;
    });
}

function nodeCheck(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const good = major > NODE_AT_LEAST[0] || (major === NODE_AT_LEAST[0] && minor >= NODE_AT_LEAST[1]);
  return {
    name: 'node',
    outcome: good ? 'pass' : 'fail',
    sentence: good
      ? `Node ${process.versions.node}`
      : `Node ${process.versions.node} is too old; ${NODE_AT_LEAST.join('.')} or newer is needed`,
  };
}

/** Of the worker that `tminus dev` starts here. A worker elsewhere says it in its log. */
async function loadCheck(): Promise<Check[]> {
  if (!existsSync(ENVIRONMENT_FILE)) return [];
  const { runner } = (await readEnvironment(ENVIRONMENT_FILE)).spec.load;
  const user = runner === undefined ? separateUser() : null;
  return [
    {
      name: 'load',
      outcome: runner === undefined && user === null ? 'inconclusive' : 'pass',
      sentence: runner === undefined ? describeSeparation(user) : `load scripts run at the k6 runner ${runner}`,
    },
  ];
}

/** Each needs the one before: beyond the first that fails nothing can be known, and it says so once. */
async function serverChecks(command: Command): Promise<Check[]> {
  const checks: Check[] = [];
  for (const [name, ask] of questions(command)) {
    try {
      checks.push({ name, ...(await ask()) });
    } catch (error) {
      if (!(error instanceof CliFailure)) throw error;
      return [...checks, { name, outcome: 'fail', sentence: error.hint === '' ? error.message : `${error.message}; ${error.hint}` }];
    }
  }
  return checks;
}

type Answer = Omit<Check, 'name'>;
type Listed = { items: { name: string; state: string; workerVersion?: string | null; hasWorker?: boolean | null }[] };

const questions = (command: Command): [name: string, ask: () => Promise<Answer>][] => [
  ['server', () => health(serverUrl(command))],
  [
    'identity',
    async () => {
      const { principal } = await connect(command).get<{ principal: Principal }>('/api/v1/whoami');
      return { outcome: 'pass', sentence: `you are ${principal.displayName}, groups: ${principal.groups.join(', ') || 'none'}` };
    },
  ],
  [
    'temporal',
    async () => {
      const { items } = await connect(command).get<Listed>('/api/v1/releases');
      return {
        outcome: 'pass',
        sentence: `Temporal answers; ${items.length} countdowns, ${items.filter(({ state }) => state === 'running').length} of them running`,
      };
    },
  ],
  [
    'worker',
    async () => {
      const api = connect(command);
      const running = (await api.get<Listed>('/api/v1/releases')).items.filter(({ state }) => state === 'running');
      const stranded = running.filter(({ hasWorker }) => hasWorker === false);
      if (stranded.length > 0) return { outcome: 'fail', sentence: strandedSentence(stranded) };
      const [one] = running;
      if (!one) return { outcome: 'inconclusive', sentence: 'no countdown runs that a worker could be asked for' };
      await readStatus(api, one.name);
      return { outcome: 'pass', sentence: `a worker answers for ${one.name}` };
    },
  ],
];

/** A countdown stays on its version: a worker of another one does not help it. */
function strandedSentence(stranded: Listed['items']): string {
  const versions = [...new Set(stranded.map(({ workerVersion }) => workerVersion ?? 'none'))].join(', ');
  const names = stranded.map(({ name }) => name).join(', ');
  return `no worker of version ${versions} runs, so nothing goes on of ${names}: neither steps nor hold, deadline or rollback; start a worker of that version`;
}

async function health(url: string): Promise<Answer> {
  const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) }).catch(() => null);
  if (!answer) throw new CliFailure('Unreachable', `nothing answers at ${url}`, startHint(url), EXIT.unexpected);
  if (!answer.ok)
    throw new CliFailure(
      'Unreachable',
      `what answers at ${url} is not a healthy Tminus server (HTTP ${answer.status})`,
      'name the server with --server or TMINUS_SERVER',
      EXIT.unexpected,
    );
  return { outcome: 'pass', sentence: `${url} answers` };
}
