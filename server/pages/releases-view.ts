// Data of the list of releases: the rows, and the status of each where available.
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import type { AppContext } from '../request/context.ts';
import type { Dependencies } from '../request/dependencies.ts';
import { CountdownFailure, type CountdownSummary } from '../temporal/countdowns.ts';
import { readLeftovers, type Leftovers } from '../temporal/leftovers.ts';
import { mayShow, readFilter, waitsFor } from './releases-filter.ts';
import type { ReleaseRow } from './releases-page.ts';

// The status of a row costs one query; rows beyond this number show visibility only.
const DETAILED_ROWS = 25;

export async function releasesView(dependencies: Dependencies, c: AppContext) {
  const { principal } = c.get('visitor');
  const filter = readFilter(c.req.query());
  const { items, nextPage } = await dependencies.countdowns.list(c.req.query('page') || null);
  const found = items.filter((summary) => mayShow(summary, filter));
  const rows = await Promise.all(
    found.map(async (summary, index): Promise<ReleaseRow> => ({
      summary,
      status: index < DETAILED_ROWS ? await statusOrNull(dependencies, summary) : null,
    })),
  );
  const shown = filter.waitsForMe ? rows.filter(({ status }) => waitsFor(status, principal)) : rows;
  return {
    rows: shown,
    filter,
    nextPage,
    leftovers: await leftoversOrNull(dependencies),
    visitor: c.get('visitor'),
    nowMs: dependencies.now(),
  };
}

/** null if the folder cannot be read: the page shows a notice and still lists the releases. */
async function leftoversOrNull(dependencies: Dependencies): Promise<Leftovers | null> {
  try {
    return await readLeftovers(dependencies);
  } catch (error) {
    dependencies.onFault(error);
    return null;
  }
}

/** One unreadable countdown must not fail the list. */
async function statusOrNull({ countdowns, onFault }: Dependencies, { release }: CountdownSummary): Promise<CountdownStatus | null> {
  try {
    return await countdowns.status(release);
  } catch (error) {
    if (!(error instanceof CountdownFailure)) onFault(error);
    return null;
  }
}
