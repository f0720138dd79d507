// The HTTP API, one line per route, in the order of the reference.
import type { World } from '../request/world.ts';
import type { ApiRoute } from './route.ts';
import { act, advanceClock } from './routes/actions.ts';
import { listReleases, startRelease } from './routes/countdowns.ts';
import { listLeftovers, pruneEvidence, readEvidence } from './routes/evidence.ts';
import { health, readOpenApi, whoami } from './routes/meta.ts';
import { followRelease, readEvents, readProgress, readRelease, readReport } from './routes/status.ts';

export function apiRoutes(world: World): ApiRoute[] {
  const routes: ApiRoute[] = [
    startRelease(world),
    listReleases(world),
    readRelease(world),
    readProgress(world),
    readEvents(world),
    followRelease(world),
    act(world),
    advanceClock(world),
    readReport(world),
    listLeftovers(world),
    pruneEvidence(world),
    readEvidence(world),
    whoami(),
    readOpenApi(world, () => routes),
    health(),
  ];
  return routes;
}
