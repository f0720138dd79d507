import { beforeEach, describe, expect, it } from '@jest/globals';
import { canonicalJson } from '../../verdict/digest.ts';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import { exampleAudit, RUN, passedEnd, waiting } from '../../workflows/testing/example-status.ts';
import { fakeCountdowns } from '../testing/fake-countdowns.ts';
import { testApp, type TestApp } from '../testing/test-app.ts';
import { CountdownFailure, type Countdowns } from './countdowns.ts';

const ended: CountdownStatus = {
  ...passedEnd,
  phase: 'ended',
  ending: 'launched',
  message: 'go-api runs sha-91d03ce, and the guard has passed',
  endedAt: '2026-11-24T09:10:00.000Z',
};
const NAME = ended.release;

/** A server whose evidence folder has the record of a countdown; Temporal keeps what `countdowns` has. */
async function served(countdowns = fakeCountdowns([])): Promise<TestApp> {
  const app = testApp({ countdowns });
  const bytes = new TextEncoder().encode(canonicalJson({ kind: 'CountdownRecord', status: ended, audit: exampleAudit }));
  const { digest } = await app.evidence.put({ kind: 'countdown-record', mediaType: 'application/json', source: 'test' }, bytes);
  app.archive.ended.push({
    release: NAME,
    run: RUN,
    digest,
    service: 'shop/go-api',
    verdict: 'go',
    ending: 'launched',
    rehearsal: false,
    launchAt: ended.launchAt,
    startedAt: ended.startedAt,
    endedAt: '2026-11-24T09:10:00.000Z',
  });
  return app;
}

const json = async (answer: Response | Promise<Response>) => (await (await answer).json()) as Record<string, unknown>;

describe('a countdown that Temporal does not keep any more', () => {
  let app: TestApp;
  beforeEach(async () => {
    app = await served();
  });

  it('still has its status', async () => {
    expect(await json(app.api(`/api/v1/countdowns/${NAME}`))).toMatchObject({
      ending: 'launched',
      message: ended.message,
      run: RUN,
    });
  });

  it('still has its audit, which verifies', async () => {
    const audit = await json(app.api(`/api/v1/countdowns/${NAME}/events`));
    expect(audit).toMatchObject({ items: exampleAudit, chain: { state: 'verified' } });
  });

  it('still has its report and its page', async () => {
    const report = await app.api(`/api/v1/countdowns/${NAME}/report`);
    expect(await report.text()).toContain('the guard has passed');
    const browser = await app.signIn();
    expect((await browser.get(`/r/${NAME}`)).status).toBe(200);
  });

  it('is listed as ended', async () => {
    expect(await json(app.api('/api/v1/countdowns'))).toMatchObject({ items: [{ name: NAME, state: 'ended', ending: 'launched' }] });
  });

  it('is listed on the last page, and only once', async () => {
    app.countdowns.nextPage = 'cGFnZSAy';
    expect(await json(app.api('/api/v1/countdowns'))).toMatchObject({ items: [], nextPage: 'cGFnZSAy' });
    app.countdowns.nextPage = null;
    expect(await json(app.api('/api/v1/countdowns?page=cGFnZSAy'))).toMatchObject({ items: [{ name: NAME }], nextPage: null });
  });

  it.each(['approve', 'hold', 'abort'])('refuses to %s as over, not as one that never was', async (action) => {
    for (const call of ['submit', 'hold', 'abort'] as const)
      app.countdowns[call] = async () => {
        throw new CountdownFailure('NotFound', 'there is no countdown with that name', '');
      };
    const again = await served(app.countdowns);
    const act = { id: 'approval-1', action, checkpoint: 'final-poll', revision: 3, evidenceDigest: 'sha256:7c', comment: 'go' };
    expect(await json(again.api(`/api/v1/countdowns/${NAME}/actions`, act))).toMatchObject({
      code: 'Refused',
      message: expect.stringContaining('it has ended'),
    });
  });

  it('is reported as damaged, not as another countdown, where the record was changed', async () => {
    app.archive.ended[0] = { ...app.archive.ended[0]!, digest: `sha256:${'0'.repeat(64)}` };
    expect((await app.api(`/api/v1/countdowns/${NAME}`)).status).not.toBe(200);
  });
});

describe('a countdown that Temporal still keeps', () => {
  /** Its own worker version does not run: every query fails. */
  function without(countdowns: Countdowns): void {
    countdowns.status = countdowns.audit = async () => {
      throw new CountdownFailure('NoWorker', 'no worker answered', 'start a worker');
    };
  }

  it.each([
    ['has ended', '2026-11-24T09:10:00.000Z'],
    ['is sending its last messages', undefined],
  ])('and that %s is answered from its record when its worker version does not run', async (_, endedAt) => {
    const { endedAt: _ended, ...open } = ended;
    const countdowns = fakeCountdowns([{ ...open, ...(endedAt ? { endedAt } : {}) }]);
    without(countdowns);
    expect(await json((await served(countdowns)).api(`/api/v1/countdowns/${NAME}`))).toMatchObject({ ending: 'launched' });
  });

  it('is asked itself while it is another run than the recorded one', async () => {
    const later = { ...waiting, run: 'a-later-run', message: 'counting again' };
    const app = await served(fakeCountdowns([later]));
    expect(await json(app.api(`/api/v1/countdowns/${NAME}`))).toMatchObject({ run: 'a-later-run', message: 'counting again' });
    expect(await json(app.api('/api/v1/countdowns'))).toMatchObject({ items: [{ name: NAME, state: 'running' }] });
  });

  it('is not answered from the record of an earlier run when its worker is away', async () => {
    const countdowns = fakeCountdowns([{ ...waiting, run: 'a-later-run' }]);
    without(countdowns);
    expect(await json((await served(countdowns)).api(`/api/v1/countdowns/${NAME}`))).toMatchObject({ code: 'NoWorker' });
  });

  it('is not answered from the record once it counts again: it was reset', async () => {
    const { endedAt: _ended, ...open } = ended;
    const countdowns = fakeCountdowns([{ ...open, phase: 'counting' }]);
    without(countdowns);
    expect(await json((await served(countdowns)).api(`/api/v1/countdowns/${NAME}`))).toMatchObject({ code: 'NoWorker' });
  });

  it('is not answered from the record while Temporal is away: a later run may have begun', async () => {
    const countdowns = fakeCountdowns([]);
    countdowns.failure = new CountdownFailure('Unreachable', 'Temporal did not answer', 'try again');
    expect(await json((await served(countdowns)).api(`/api/v1/countdowns/${NAME}`))).toMatchObject({ code: 'Unreachable' });
  });
});
