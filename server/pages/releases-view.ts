// Data of the list of releases: the rows, and the status of each where available.
import type { CountdownStatus } from '../../workflows/messages.ts';
import type { AppContext } from '../request/context.ts';
import type { World } from '../request/world.ts';
import { CountdownFailure, type CountdownSummary } from '../temporal/countdowns.ts';
import { readLeftovers, type Leftovers } from '../temporal/leftovers.ts';
import { mayShow, readFilter, waitsFor } from './releases-filter.ts';
import type { ReleaseRow } from './releases-page.ts';

// The status of a row costs one query; rows beyond this number show visibility only.
const DETAILED_ROWS = 25;

export async function releasesView(world: World, c: AppContext) {
  const { principal } = c.get('visitor');
  const filter = readFilter(c.req.query());
  const { items, nextPage } = await world.countdowns.list(c.req.query('page') || null);
  const found = items.filter((summary) => mayShow(summary, filter));
  const rows = await Promise.all(
    found.map(async (summary, index): Promise<ReleaseRow> => ({
      summary,
      status: index < DETAILED_ROWS ? await statusOrNull(world, summary) : null,
    })),
  );
  const shown = filter.waitsForMe ? rows.filter(({ status }) => waitsFor(status, principal)) : rows;
  return { rows: shown, filter, nextPage, leftovers: await leftoversOrNull(world), visitor: c.get('visitor'), nowMs: world.now() };
}

/** null if the folder cannot be read: the page shows a notice and still lists the releases. */
async function leftoversOrNull(world: World): Promise<Leftovers | null> {
  try {
    return await readLeftovers(world);
  } catch (error) {
    world.onFault(error);
    return null;
  }
}

/** One unreadable countdown must not fail the list. */
async function statusOrNull({ countdowns, onFault }: World, { release }: CountdownSummary): Promise<CountdownStatus | null> {
  try {
    return await countdowns.status(release);
  } catch (error) {
    if (!(error instanceof CountdownFailure)) onFault(error);
    return null;
  }
}
