// `tminus restore`: one block per open undo.
import type { DamagedRecord } from '../../activities/effects/offline-restore.ts';
import type { Finding } from '../../verdict/finding.ts';
import { eventTime } from '../../verdict/wording/index.ts';

export interface RestoreItem {
  name: string;
  target: { cluster: string; key: string };
  release: string;
  /** RFC 3339. */
  registeredAt: string;
  live: boolean;
  outcome: 'standing' | 'restored' | 'written' | 'failed';
  /** Result of the restore; null if none was attempted. */
  message: string | null;
  findings: Finding[];
  /** Null if the cluster could not be read. */
  runsNow: string | null;
  goesBackTo: string | null;
  requests: { method: string; path: string; contentType: string; bodyFile: string; kubectl: string }[];
  /** Why it cannot be restored now; null if it can. */
  problem: string | null;
}

interface Restores {
  from: string;
  items: readonly RestoreItem[];
  damaged: readonly DamagedRecord[];
}

/** One block per undo, then the damaged files of the journal, then what to do next. */
export function renderRestore({ from, items, damaged }: Restores): string {
  const standing = items.some(({ outcome }) => outcome === 'standing');
  return [
    ...items.flatMap(itemLines),
    ...damaged.map(({ problem }) => problem),
    ...(items.length + damaged.length === 0 ? [`no open undos in ${from}`] : []),
    ...(standing ? ['', 'nothing was changed; add --yes to restore'] : []),
  ].join('\n');
}

function itemLines(item: RestoreItem): string[] {
  const line = (title: string, text: string | null): string[] => (text === null ? [] : [`  ${title.padEnd(13)} ${text}`]);
  return [
    `${item.name}   cluster ${item.target.cluster}, countdown ${item.release}, registered ${eventTime(item.registeredAt)}${item.live ? ', live' : ''}`,
    ...line('runs now', item.runsNow),
    ...line('goes back to', item.goesBackTo),
    ...line('problem', item.message === null ? item.problem : null),
    ...item.requests.flatMap(({ method, path, contentType, bodyFile, kubectl }) => [
      ...line('kubectl', kubectl),
      ...line('request', `${method} ${path} (${contentType}), body ${bodyFile}`),
    ]),
    ...(item.outcome === 'standing' && item.problem === null && item.requests.length === 0
      ? line('write', 'none needed: it is as recorded')
      : []),
    ...line(item.outcome, item.message),
    ...item.findings.flatMap(({ outcome, message }) => line(outcome, message)),
  ];
}
