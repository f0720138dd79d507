// Routes of the pages and their forms. Every state has an address; GET is read-only.
import type { Hono } from 'hono';
import type { AppEnv } from '../request/context.ts';
import { releaseNameOf } from '../request/release-name.ts';
import type { Dependencies } from '../request/dependencies.ts';
import { checkpointPage } from './checkpoint-page.ts';
import { answerDecision } from './decide-form.ts';
import { eventsPage, readBy } from './events-page.ts';
import { evidencePage } from './evidence-page.ts';
import { readEvidenceView } from './evidence-view.ts';
import { releasePage } from './release-page.ts';
import { findCheckpoint, viewOf } from './release-view.ts';
import { releasesPage } from './releases-page.ts';
import { releasesView } from './releases-view.ts';
import { signInRoutes } from './sign-in.ts';

export function pageRoutes(app: Hono<AppEnv>, dependencies: Dependencies): void {
  signInRoutes(app, dependencies);

  app.get('/', async (c) => c.html(releasesPage(await releasesView(dependencies, c))));

  app.get('/r/:name', async (c) => c.html(releasePage(await viewOf(dependencies, c))));

  app.get('/r/:name/checkpoints/:checkpoint', async (c) => {
    const view = await viewOf(dependencies, c, c.req.param('checkpoint'));
    return c.html(checkpointPage({ ...view, checkpoint: findCheckpoint(view.status, c.req.param('checkpoint')) }));
  });

  app.get('/r/:name/evidence/:digest', async (c) => c.html(evidencePage(await readEvidenceView(dependencies, c, c.req.param('digest')))));

  app.get('/r/:name/events', async (c) => {
    // The head first: records can only be added between both reads.
    const status = await dependencies.countdowns.status(releaseNameOf(c));
    const audit = await dependencies.countdowns.audit(status.release);
    return c.html(eventsPage({ status, audit, by: readBy(c.req.query('by')), visitor: c.get('visitor') }));
  });

  app.get('/r/:name/report', (c) => dependencies.report(c, releaseNameOf(c)));

  app.post('/r/:name/actions', async (c) => await answerDecision(dependencies, c));
}
