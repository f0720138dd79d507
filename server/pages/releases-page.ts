import { clock } from '../../verdict/wording/index.ts';
import { clockMs, headWord } from '../../verdict/words.ts';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import { columnHeads, markup, nothing, type Markup } from '../evidence/markup.ts';
import type { Visitor } from '../request/context.ts';
import { phases, type CountdownSummary } from '../temporal/countdowns.ts';
import type { Leftovers } from '../temporal/leftovers.ts';
import { page } from './layout.ts';
import { leftoversSection } from './leftovers-section.ts';
import type { ReleasesFilter } from './releases-filter.ts';
import { eventTimeTag, timeTag } from './time-tags.ts';
import { chip, textOf } from './words.ts';

// A list has up to 25 statuses, so this costs at most two queries per second and reader.
const REFRESH_SECONDS = 15;

/** A row. `status` is null if no worker answered; the row then shows visibility only. */
export interface ReleaseRow {
  summary: CountdownSummary;
  status: CountdownStatus | null;
}

export interface ReleasesView {
  rows: readonly ReleaseRow[];
  filter: ReleasesFilter;
  /** Token of the next page; null on the last. */
  nextPage: string | null;
  /** null if the journal cannot be read. */
  leftovers: Leftovers | null;
  visitor: Visitor;
  nowMs: number;
}

/** All releases, or those that match the filter. */
export function releasesPage({ rows, filter, nextPage, leftovers, visitor, nowMs }: ReleasesView): Markup {
  const filtered = filter.phase !== null || filter.waitsForMe;
  return page(
    { title: 'Releases', visitor, refreshSeconds: REFRESH_SECONDS },
    markup`<h1>Releases</h1>
      ${filterForm(filter)}
      <div id="leftovers" data-live>${leftoversSection(leftovers, nowMs)}</div>
      <div id="releases" data-live>${rows.length > 0 ? table(rows, nowMs) : filtered ? noneLikeThat : empty}</div>
      ${nextPage === null ? nothing : older(nextPage, filter)}`,
  );
}

function older(nextPage: string, { phase, waitsForMe }: ReleasesFilter): Markup {
  const query = new URLSearchParams({ ...(phase === null ? {} : { phase }), ...(waitsForMe ? { waits: 'me' } : {}), page: nextPage });
  return markup`<p><a href="/?${query.toString()}" rel="next">Older ended releases</a></p>`;
}

function filterForm({ phase, waitsForMe }: ReleasesFilter): Markup {
  const options = phases.map((each) => markup`<option value="${each}" ${each === phase ? 'selected' : ''}>${textOf(each)}</option>`);
  return markup`<form method="get" action="/" class="filter" role="search" aria-label="Filter releases">
    <label>Phase <select name="phase"><option value="">any</option>${options}</select></label>
    <label class="check"><input type="checkbox" name="waits" value="me" ${waitsForMe ? 'checked' : ''} /> waiting for me</label>
    <button>Filter</button>
  </form>`;
}

const noneLikeThat = markup`<section class="card"><p>No matching releases. <a href="/">Show all</a></p></section>`;

const empty = markup`<section class="card">
  <p>No countdown yet. Start one:</p>
  <pre><code>tminus init
tminus start release.yaml</code></pre>
</section>`;

function table(rows: readonly ReleaseRow[], nowMs: number): Markup {
  return markup`<div class="card scroll" tabindex="0" role="group" aria-label="Releases"><table>
    ${columnHeads('Release', 'Service', 'Verdict', 'Clock', 'Next', 'Waiting for')}
    <tbody>${rows.map((row) => releaseRow(row, nowMs))}</tbody>
  </table></div>`;
}

function releaseRow({ summary, status }: ReleaseRow, nowMs: number): Markup {
  const { release, service, phase, verdict, ending, launchAt, running } = summary;
  const indexed = { verdict: verdict ?? 'go', phase: phase ?? 'opening', ...(ending === null ? {} : { ending }) };
  const word = headWord(status ?? indexed);
  return markup`<tr>
    <th scope="row"><a href="/r/${release}">${release}</a>${summary.rehearsal ? markup` <span class="quiet">rehearsal</span>` : ''}</th>
    <td>${status ? `${status.service.namespace}/${status.service.name}` : (service ?? '—')}</td>
    <td>${chip(word)}</td>
    <td class="number">${running && launchAt !== null ? clock(status?.launchAt ?? launchAt, status ? clockMs(status, nowMs) : nowMs) : '—'}</td>
    <td>${summary.hasWorker === false ? withoutWorker(summary) : running ? next(status, summary) : over(summary)}</td>
    <td>${waitedFor(status)}</td>
  </tr>`;
}

function withoutWorker({ workerVersion }: CountdownSummary): Markup {
  return markup`<strong>No worker</strong> of version ${workerVersion ?? 'none'} is running, so that steps, holds and rollback stand still. Start one.`;
}

function over({ endedAt }: CountdownSummary): Markup {
  return markup`<span class="quiet">${endedAt === null ? 'ended' : markup`ended ${eventTimeTag(endedAt)}`}</span>`;
}

function next(status: CountdownStatus | null, { nextCheckpointAt }: CountdownSummary): Markup {
  if (!status) return nextCheckpointAt === null ? markup`—` : timeTag(nextCheckpointAt);
  const checkpoint = status.checkpoints.find(({ name }) => name === status.current);
  if (!checkpoint) return markup`—`;
  return markup`${checkpoint.offset} ${checkpoint.name}<br /><span class="quiet">${timeTag(checkpoint.at)}</span>`;
}

function waitedFor(status: CountdownStatus | null): string {
  const asked = status?.phase === 'waiting' ? status.checkpoints.find(({ name }) => name === status.current)?.approval : undefined;
  if (status?.phase === 'holding' || status?.phase === 'stopped') return 'a person to resume, recycle or abort';
  return asked ? `${asked.count} of ${asked.groups.join(' or ')}` : '—';
}
