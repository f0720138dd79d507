import { mkdtemp, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type {
  ApiRequest,
  JournalRecord,
  OfflineOptions,
  OfflineOutcome,
  OfflineRestore,
} from '../../activities/effects/offline-restore.ts';
import { EXIT } from '../exit-codes.ts';
import { usageFailure } from '../failure.ts';
import { examplesText, type Examples } from '../help.ts';
import { API_VERSION, hint, print } from '../output.ts';
import { renderRestore, type RestoreItem } from '../render/restore.ts';
import { readEnvironment } from '../submission.ts';

const HELP = `
An undo is recorded before each change of a cluster. It is open until it is
settled: the change is restored with proof, or kept because the launch passed.
A running countdown restores by itself; use this command only if server, workers
or Temporal are gone for longer than a candidate may stay live. It needs the
evidence folder and the cluster. Later changes by others are kept.`;

const EXITS = `

Exit 0 no undo is open, 2 wrong usage or folder, 3 an undo could not be read or
restored, 5 an undo is open or not proven.`;

const EXAMPLES: Examples = [
  ['list open undos, with the commands that would restore them; changes nothing', 'tminus restore --from .tminus/evidence'],
  [
    'the same, with the clusters and health addresses of the environment file',
    'tminus restore --from .tminus/evidence --environment .tminus/environment.yaml',
  ],
  [
    'restore all of them, prove it, and record it in the journal',
    'tminus restore --from .tminus/evidence --environment .tminus/environment.yaml --yes',
  ],
  [
    'with a kubeconfig only: writes, but an undo stays open until it is proven with --environment',
    'tminus restore --from /mnt/evidence --kubeconfig admin.kubeconfig --context prod --yes',
  ],
];

interface RestoreOptions {
  from: string;
  kubeconfig?: string;
  context?: string;
  environment?: string;
  yes?: true;
}

export function restoreCommand(program: Command): void {
  program
    .command('restore')
    .description('Restore open undos from an evidence folder, without server or workers')
    .requiredOption('--from <folder>', 'evidence folder of the worker (spec.evidence.folder); the journal is its folder undo')
    .option('--kubeconfig <file>', 'kubeconfig of the cluster (default: from --environment, $KUBECONFIG, ~/.kube/config)')
    .option('--context <name>', 'context in the kubeconfig')
    .option('--environment <file>', 'environment file with clusters and health addresses; required to prove a restore')
    .option('--yes', 'send the requests (default: only print them)')
    .addHelpText('after', `${HELP}\n${examplesText(EXAMPLES)}${EXITS}`)
    .action(async (options: RestoreOptions, command: Command) => {
      await requireJournal(options.from);
      // Loaded here, because the Kubernetes client takes half a second to load.
      const { openOfflineRestore } = await import('../../activities/effects/offline-restore.ts');
      const offline = openOfflineRestore({
        evidenceFolder: resolve(options.from),
        clusters: await clustersOf(options),
        progress: (text) => hint(command, text),
      });
      const { records, damaged } = await offline.standing();
      refuseOneKubeconfigForMany(options, records);
      const items = await restoreAll(offline, records, options.yes === true);
      const document = { apiVersion: API_VERSION, kind: 'RestoreList', from: options.from, items, damaged };
      print(command, document, renderRestore);
      const failed = damaged.length > 0 || items.some(({ outcome }) => outcome === 'failed');
      process.exitCode = failed ? EXIT.noGo : items.every(({ outcome }) => outcome === 'restored') ? EXIT.done : EXIT.undecided;
    });
}

/** Without a journal, `no open undos` would be a guess. */
async function requireJournal(folder: string): Promise<void> {
  const kindOf = (path: string): Promise<string> =>
    stat(path).then(
      (found) => (found.isDirectory() ? 'folder' : 'file'),
      (error: NodeJS.ErrnoException) => error.code ?? error.message,
    );
  const journal = await kindOf(join(folder, 'undo'));
  if (journal === 'folder') return;
  const reason = (await kindOf(folder)) === 'ENOENT' ? 'no such folder' : 'it has no folder undo';
  throw usageFailure(
    `no undo journal in ${folder}: ${journal === 'ENOENT' ? reason : `undo cannot be read (${journal})`}`,
    'give the evidence folder of the worker (spec.evidence.folder in its environment file); it has a folder undo after its first launch',
  );
}

/** Restores one after the other, in order; a failure does not stop the others. */
async function restoreAll(offline: OfflineRestore, records: readonly JournalRecord[], write: boolean): Promise<RestoreItem[]> {
  const bodies = write ? null : await mkdtemp(join(tmpdir(), 'tminus-restore-'));
  const items: RestoreItem[] = [];
  for (const [index, record] of records.entries()) {
    const { entry, countdown, registeredAt } = record;
    const common = { name: entry.name, target: entry.target, release: countdown.release, registeredAt, live: entry.live };
    const shown = await previewOf(offline, record, bodies && join(bodies, `${index + 1}`));
    const done: OfflineOutcome | null = write ? await offline.restore(record) : null;
    items.push({
      ...common,
      ...shown,
      ...(done ?? { outcome: shown.problem === null ? 'standing' : 'failed', message: null, findings: [] }),
    });
  }
  return items;
}

async function previewOf(
  offline: OfflineRestore,
  record: JournalRecord,
  bodies: string | null,
): Promise<Pick<RestoreItem, 'runsNow' | 'goesBackTo' | 'requests' | 'problem'>> {
  try {
    const { runsNow, goesBackTo, requests } = await offline.preview(record);
    const steps =
      bodies === null ? [] : await Promise.all(requests.map((request, index) => stepOf(request, `${bodies}-${index + 1}.json`)));
    return { runsNow, goesBackTo, requests: steps, problem: null };
  } catch (error) {
    return { runsNow: null, goesBackTo: null, requests: [], problem: (error as Error).message };
  }
}

/** Readable by its owner only: a pod template may hold passwords. */
async function stepOf({ method, path, contentType, body, kubectl }: ApiRequest, file: string): Promise<RestoreItem['requests'][number]> {
  await writeFile(file, `${JSON.stringify(body, null, 2)}\n`, { mode: 0o600 });
  return { method, path, contentType, bodyFile: file, kubectl: kubectl(file) };
}

async function clustersOf({ kubeconfig, context, environment }: RestoreOptions): Promise<OfflineOptions['clusters']> {
  if (environment !== undefined) {
    if (kubeconfig !== undefined || context !== undefined)
      throw usageFailure('--environment already sets the kubeconfigs', 'leave out --kubeconfig and --context, or --environment');
    return { environment: await readEnvironment(environment), environmentFolder: dirname(resolve(environment)) };
  }
  const file = resolve(kubeconfig ?? process.env['KUBECONFIG'] ?? join(homedir(), '.kube', 'config'));
  return { kubeconfig: file, ...(context === undefined ? {} : { context }) };
}

/** The undo of one cluster must never be sent to another. */
function refuseOneKubeconfigForMany({ environment }: RestoreOptions, records: readonly JournalRecord[]): void {
  const clusters = [...new Set(records.map(({ entry }) => entry.target.cluster))];
  if (environment === undefined && clusters.length > 1)
    throw usageFailure(
      `the journal has undos of ${clusters.length} clusters (${clusters.join(', ')}); one kubeconfig is for one cluster`,
      'use --environment',
    );
}
