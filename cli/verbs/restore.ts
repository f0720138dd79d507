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
import { API_VERSION, hint, print } from '../output.ts';
import { renderRestore, type RestoreItem } from '../render/restore.ts';
import { readEnvironment } from '../submission.ts';

const HELP = `
Needs no server, no worker and no Temporal: only the evidence folder and the cluster. Use it when they are gone for longer than a candidate
may stay live; a countdown that still runs restores by itself. What somebody else has changed since is left alone.

Examples:
  # what stands, what the clusters run now, and the commands that would restore it; changes nothing
  tminus restore --from .tminus/evidence
  # the same through the clusters and health addresses of the environment file
  tminus restore --from .tminus/evidence --environment .tminus/environment.yaml
  # restore all of it, prove it, and record it in the journal
  tminus restore --from .tminus/evidence --environment .tminus/environment.yaml --yes
  # with a kubeconfig alone: the write lands, is not proven, and stands until it is proven with --environment
  tminus restore --from /mnt/evidence --kubeconfig admin.kubeconfig --context prod --yes

Exit 0 nothing is left to restore, 2 wrong usage or folder, 3 something could not be restored or read, 5 something stands or is not proven.`;

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
    .requiredOption('--from <folder>', 'evidence folder of the worker (spec.evidence.folder); its folder undo is the journal')
    .option('--kubeconfig <file>', 'kubeconfig of the cluster (default: from the environment file, KUBECONFIG, ~/.kube/config)')
    .option('--context <name>', 'context in the kubeconfig')
    .option('--environment <file>', 'environment file with clusters and health addresses; required to prove a restore')
    .option('--yes', 'send the requests (default: only print them)')
    .addHelpText('after', HELP)
    .action(async (options: RestoreOptions, command: Command) => {
      await requireJournal(options.from);
      // Loaded here: the client of the cluster would cost every other verb half a second.
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

/** Without the journal "nothing is left to restore" would be a guess. */
async function requireJournal(folder: string): Promise<void> {
  const kindOf = (path: string): Promise<string> =>
    stat(path).then(
      (found) => (found.isDirectory() ? 'folder' : 'file'),
      (error: NodeJS.ErrnoException) => error.code ?? error.message,
    );
  const journal = await kindOf(join(folder, 'undo'));
  if (journal === 'folder') return;
  const why = (await kindOf(folder)) === 'ENOENT' ? 'no such folder' : 'it has no folder undo';
  throw usageFailure(
    `no undo journal in ${folder}: ${journal === 'ENOENT' ? why : `undo cannot be read (${journal})`}`,
    'give the evidence folder of the worker (spec.evidence.folder in its environment file); it has a folder undo after its first launch',
  );
}

/** One after the other, lower order first; one that fails does not stop the others. */
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
      `the journal names ${clusters.length} clusters (${clusters.join(', ')}), and one kubeconfig is one cluster`,
      'use --environment',
    );
}
