// The HTTP API, one line per route, in the order of the reference.
import type { Dependencies } from '../request/dependencies.ts';
import type { ApiRoute } from './route.ts';
import { submitAction, advanceClock } from './routes/actions.ts';
import { listReleases, startRelease } from './routes/countdowns.ts';
import { listLeftovers, pruneEvidence, readEvidence } from './routes/evidence.ts';
import { health, readOpenApi, whoami } from './routes/meta.ts';
import { followRelease, readEvents, readProgress, readRelease, readReport } from './routes/status.ts';

export function apiRoutes(dependencies: Dependencies): ApiRoute[] {
  const routes: ApiRoute[] = [
    startRelease(dependencies),
    listReleases(dependencies),
    readRelease(dependencies),
    readProgress(dependencies),
    readEvents(dependencies),
    followRelease(dependencies),
    submitAction(dependencies),
    advanceClock(dependencies),
    readReport(dependencies),
    listLeftovers(dependencies),
    pruneEvidence(dependencies),
    readEvidence(dependencies),
    whoami(),
    readOpenApi(dependencies, () => routes),
    health(),
  ];
  return routes;
}
