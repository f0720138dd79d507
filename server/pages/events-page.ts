import type { AuditRecord } from '../../verdict/audit-chain.ts';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import { markup, nothing, type Markup } from '../evidence/markup.ts';
import type { Visitor } from '../request/context.ts';
import { auditTable, chainSentence, isMachine } from './audit-trail.ts';
import { page } from './layout.ts';

export interface EventsView {
  status: CountdownStatus;
  /** All records: a part cannot be verified. */
  audit: readonly AuditRecord[];
  by: By;
  visitor: Visitor;
}

/** Filter by actor. */
export type By = 'all' | 'people' | 'machine';

const choices: readonly { by: By; text: string }[] = [
  { by: 'all', text: 'Everything' },
  { by: 'people', text: 'People' },
  { by: 'machine', text: 'Tminus' },
];

/** The filter of the query string; unknown values mean all. */
export const readBy = (text: string | undefined): By => choices.find(({ by }) => by === text)?.by ?? 'all';

/** The audit log of a release, with the verification first. */
export function eventsPage({ status: { release, rehearsal, auditHead }, audit, by, visitor }: EventsView): Markup {
  const here = `/r/${release}/events`;
  const shown = audit.filter((record) => by === 'all' || isMachine(record) === (by === 'machine'));
  const count = shown.length === audit.length ? `${audit.length} events` : `${shown.length} of ${audit.length} events`;
  return page(
    { title: `Events of ${release}`, visitor, rehearsal, streamPath: `/api/v1/countdowns/${release}/stream` },
    markup`<p class="crumbs"><a href="/">Releases</a> / <a href="/r/${release}">${release}</a></p>
      <h1>Events</h1>
      <nav class="choices" aria-label="Filter by actor">${choices.map((choice) => {
        const address = choice.by === 'all' ? here : `${here}?by=${choice.by}`;
        return markup`<a href="${address}" ${choice.by === by ? markup`aria-current="page"` : nothing}>${choice.text}</a>`;
      })}</nav>
      <section id="events" data-live class="card" aria-label="Audit">
        ${chainSentence(audit, auditHead)}
        <p><span data-announce>${count}</span> · <a href="/api/v1/countdowns/${release}/events" download="${release}-events.json">Save as JSON</a></p>
        ${shown.length === 0 ? markup`<p class="quiet">No matching records.</p>` : auditTable(shown)}
      </section>`,
  );
}
