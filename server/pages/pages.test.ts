import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chainRecord, EMPTY_CHAIN } from '../../verdict/audit-chain.ts';
import { exampleRefs } from '../testing/example-evidence.ts';
import {
  aOsei,
  EXAMPLE_EVIDENCE_DIGEST,
  EXAMPLE_NOW,
  exampleAudit,
  liWei,
  stopped,
  stoppedTwice,
  waiting,
  heldTwice,
  passedEnd,
  inLoadTest,
} from '../../workflows/testing/example-status.ts';
import { fakeCountdowns } from '../testing/fake-countdowns.ts';
import { exampleUndo } from '../testing/memory-folder.ts';
import { BASE, testApp } from '../testing/test-app.ts';

const PAGE = '/r/go-api-1.4.0';
const POLL = `${PAGE}/checkpoints/final-poll`;
const evil = '<script>alert(1)</script>';
const form = (csrf: string) => ({
  csrf,
  id: 'approval-1',
  action: 'approve',
  checkpoint: 'final-poll',
  revision: '3',
  evidenceDigest: EXAMPLE_EVIDENCE_DIGEST,
  comment: 'read',
});

it('says on the page of a release who could not be told', async () => {
  const message = 'the last message did not reach oncall: chat.example answered 500';
  const untold = {
    type: 'NotificationsDelivered' as const,
    status: 'False' as const,
    reason: 'Failed',
    message,
    lastTransitionTime: EXAMPLE_NOW,
  };
  const { signIn } = testApp({ countdowns: fakeCountdowns([{ ...waiting, conditions: [untold] }]) });
  expect(await (await (await signIn()).get(PAGE)).text()).toContain(`<strong>Notifications:</strong> ${message}.`);
});

describe('the list of releases', () => {
  it('says of a countdown whose worker version does not run that nothing of it goes on', async () => {
    const countdowns = fakeCountdowns();
    countdowns.hasWorker = false;
    const browser = await testApp({ countdowns }).signIn();
    expect(await (await browser.get('/')).text()).toContain('<strong>No worker</strong> of version 8c1f0a6d2b3e is running');
    countdowns.hasWorker = true;
    expect(await (await browser.get('/')).text()).not.toContain('No worker');
  });

  it('leads to older releases, with the same filter, and says nothing of them on the last page', async () => {
    const countdowns = fakeCountdowns();
    countdowns.nextPage = 'cGFnZSAy';
    const browser = await testApp({ countdowns }).signIn();
    expect(await (await browser.get('/?phase=waiting')).text()).toContain('href="/?phase=waiting&amp;page=cGFnZSAy"');
    countdowns.nextPage = null;
    expect(await (await browser.get('/')).text()).not.toContain('Older releases');
  });
});

it('says on the page what a step waits for that no worker has taken up', async () => {
  const countdowns = fakeCountdowns([inLoadTest]);
  const text = 'waiting for a load worker for 4 min: the worker is busy, 2 tasks in the queue';
  countdowns.steps = [
    {
      checkpoint: 'load-and-diagnosis',
      step: 'load-test',
      round: 1,
      activity: 'runLoadTest',
      attempt: 1,
      state: 'queued',
      progress: { text, done: 0, total: 0, unit: '' },
      heartbeatAt: null,
      lastFailure: null,
    },
  ];
  const browser = await testApp({ countdowns }).signIn();
  expect(await (await browser.get(`/r/${inLoadTest.release}`)).text()).toContain(text);
});

describe('forms', () => {
  it('carries a decision with what its reader saw', async () => {
    const { signIn, countdowns } = testApp();
    const browser = await signIn();
    const answer = await browser.post(`${PAGE}/actions`, form(browser.csrf));
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(POLL);
    expect(countdowns.requests[0]?.request).toMatchObject({
      action: 'approve',
      revision: 3,
      evidenceDigest: EXAMPLE_EVIDENCE_DIGEST,
      principal: { subject: 'a.osei' },
    });
    expect(await (await browser.get(POLL)).text()).toContain('Approve counts.');
    expect(await (await browser.get(POLL)).text()).not.toContain('Approve counts.');
  });

  it.each([
    ['without the token', { csrf: '' }, {}],
    ["with another session's token", { csrf: 'x'.repeat(43) }, {}],
    ['from another site', {}, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['from another port of this machine', {}, { origin: 'http://127.0.0.1:9999', 'sec-fetch-site': 'same-site' }],
    ['with a hidden origin', {}, { origin: 'null' }],
  ])('refuses a form %s', async (_, changed, headers) => {
    const { signIn, countdowns } = testApp();
    const browser = await signIn();
    const answer = await browser.post(`${PAGE}/actions`, { ...form(browser.csrf), ...changed }, headers as Record<string, string>);
    expect(answer.status).toBe(403);
    expect(countdowns.requests).toEqual([]);
  });

  it('refuses a form of a browser that says nothing of its origin', async () => {
    const { app, countdowns, signIn } = testApp();
    const { csrf, cookie } = await signIn();
    const answer = await app.request(`${BASE}${PAGE}/actions`, {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form(csrf)).toString(),
    });
    expect(answer.status).toBe(403);
    expect(countdowns.requests).toEqual([]);
  });

  it('signs nobody in for another site', async () => {
    const { app, token } = testApp();
    const answer = await app.request(`${BASE}/login`, {
      method: 'POST',
      headers: { origin: 'https://evil.example', 'content-type': 'application/x-www-form-urlencoded' },
      body: `token=${token}`,
    });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  const landsAt = async ({ app, token }: ReturnType<typeof testApp>, next: string): Promise<string | null> => {
    const answer = await app.request(`${BASE}/login`, {
      method: 'POST',
      headers: { origin: BASE, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ token, next }).toString(),
    });
    return answer.headers.get('location');
  };

  it.each([
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '\t//evil.example',
    '/\n/evil.example',
    '/.//evil.example',
    '/x/..//evil.example',
    `${BASE}//evil.example`,
    'https://127.0.0.1:7480/',
    'javascript:alert(1)',
    'http://[',
  ])('goes to no other site after signing in, wherever %j would lead', async (next) => {
    const app = testApp();
    // What a browser makes of it counts, not how it looks.
    expect(new URL((await landsAt(app, next)) ?? '', `${BASE}/login`).origin).toBe(BASE);
    const page = await (await app.app.request(`${BASE}/login?next=${encodeURIComponent(next)}`)).text();
    const [, given = ''] = /name="next" value="([^"]*)"/.exec(page) ?? [];
    expect(new URL(given, `${BASE}/login`).origin).toBe(BASE);
  });

  it('goes where its reader was going, question mark and all', async () => {
    const app = testApp();
    const sent = (await app.app.request(`${BASE}${PAGE}/evidence/x?at=0.1&before=y`)).headers.get('location') ?? '';
    const next = new URL(sent, BASE).searchParams.get('next') ?? '';
    expect(next).toBe(`${PAGE}/evidence/x?at=0.1&before=y`);
    expect(await landsAt(app, next)).toBe(next);
  });

  it('resumes as the command line does: who chooses nothing leaves the launch time to the countdown', async () => {
    const { signIn, countdowns } = testApp({
      countdowns: fakeCountdowns([{ ...waiting, phase: 'holding', holdSince: EXAMPLE_NOW }]),
    });
    const browser = await signIn();
    const [, options = ''] = /<select name="launchAt">(.*?)<\/select>/s.exec(await (await browser.get(PAGE)).text()) ?? [];
    const values = [...options.matchAll(/<option value="([^"]*)"/g)].map(([, value = '']) => value);
    expect(values).toEqual(['', 'keep', 'shift']);
    for (const launchAt of values) await browser.post(`${PAGE}/actions`, { ...form(browser.csrf), action: 'resume', launchAt });
    expect(countdowns.requests.map(({ request }) => request.launchAt)).toEqual([undefined, 'keep', 'shift']);
    // The hold that its reader saw: one that came since is not lifted.
    expect(await (await browser.get(PAGE)).text()).toContain(`<input type="hidden" name="holdSince" value="${EXAMPLE_NOW}" />`);
    await browser.post(`${PAGE}/actions`, { ...form(browser.csrf), action: 'resume', holdSince: EXAMPLE_NOW });
    expect(countdowns.requests.at(-1)?.request.holdSince).toBe(EXAMPLE_NOW);
  });

  it('changes nothing on GET', async () => {
    const { signIn, countdowns } = testApp();
    const browser = await signIn();
    for (const at of ['/', '/?waits=me', PAGE, POLL, `${PAGE}/events`, `${PAGE}/report`, '/logout', `${PAGE}/actions?action=abort`])
      await browser.get(at);
    expect([countdowns.requests, countdowns.held, countdowns.aborted, countdowns.started]).toEqual([[], [], [], []]);
    expect((await browser.get('/')).status).toBe(200);
  });

  it('says where a token is to be found, and promises nothing that is not so', async () => {
    const text = await (await testApp().app.request(`${BASE}/login`)).text();
    expect(text).toContain('your token is in <code>.tminus/token</code>; <code>tminus login</code> stores one for the command line');
    expect(text).not.toContain('prints');
  });

  it('signs out for good', async () => {
    const { signIn } = testApp();
    const browser = await signIn();
    expect((await browser.post('/logout', { csrf: browser.csrf })).status).toBe(303);
    expect((await browser.get('/')).status).toBe(303);
  });
});

describe('a signed-in browser', () => {
  const tokensOf = ({ folder }: ReturnType<typeof testApp>) => path.join(folder, 'tokens.yaml');

  it('is out at its next request once its token is taken back, and its forms count no more', async () => {
    const app = testApp();
    const browser = await app.signIn();
    writeFileSync(tokensOf(app), 'tokens: []\n');
    expect((await browser.post(`${PAGE}/actions`, form(browser.csrf))).status).toBe(401);
    expect((await browser.get(PAGE)).headers.get('location')).toBe(`/login?next=${encodeURIComponent(PAGE)}`);
    expect((await browser.get('/api/v1/countdowns/go-api-1.4.0/events')).status).toBe(401);
    expect(app.countdowns.requests).toEqual([]);
  });

  it('decides with the groups its person has now, and not with those of its sign-in', async () => {
    const app = testApp();
    const browser = await app.signIn();
    writeFileSync(tokensOf(app), readFileSync(tokensOf(app), 'utf8').replace('release-managers', 'readers'));
    await browser.post(`${PAGE}/actions`, form(browser.csrf));
    expect(app.countdowns.requests.map(({ request }) => request.principal)).toMatchObject([{ subject: 'a.osei', groups: ['readers'] }]);
    expect(await (await browser.get(PAGE)).text()).toContain('Ama Osei <span class="quiet">readers</span>');
  });
});

describe('what people read', () => {
  const hostile = {
    ...waiting,
    message: evil,
    reasons: [],
    service: { ...waiting.service, image: evil },
    checkpoints: waiting.checkpoints.map((each) =>
      each.name === 'final-poll'
        ? { ...each, approvals: each.approvals.map((given) => ({ ...given, comment: evil, principal: { ...liWei, displayName: evil } })) }
        : each,
    ),
  };

  it.each([PAGE, POLL, `${PAGE}/report`, '/'])('shows what others wrote as text at %s', async (at) => {
    const { signIn } = testApp({ countdowns: fakeCountdowns([hostile]) });
    const text = await (await (await signIn()).get(at)).text();
    expect(text).not.toContain(evil);
    if (at !== '/') expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  it('shows a refusal with its reason on the page of the decision, once, with the comment back in its form', async () => {
    const { signIn, countdowns } = testApp();
    const browser = await signIn();
    countdowns.refusal = 'Ama Osei requested this countdown; someone else has to approve it';
    const answer = await browser.post(`${PAGE}/actions`, { ...form(browser.csrf), comment: `numbers read ${evil}` });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, POLL]);
    // Another tab that follows its own release must not take it away.
    expect(await (await browser.get(PAGE)).text()).not.toContain('Not counted');
    const text = await (await browser.get(POLL)).text();
    expect(text).toContain(`role="alert">Refused: ${countdowns.refusal}.`);
    expect(text).toMatch(/<textarea id="comment"[^>]*>numbers read &lt;script&gt;/);
    expect(await (await browser.get(POLL)).text()).not.toContain('numbers read &lt;');
  });

  it.each([
    ['hold', { action: 'hold' }, PAGE, /<details class="act" open>[^]*<textarea id="comment-hold"[^>]*>too early<\/textarea>/],
    [
      'waiver',
      {
        action: 'waive',
        finding: 'RuntimeUnknown/runtime samples',
        expiresAt: '2026-11-25T08:05:00.000Z',
        checkpoint: 'load-and-diagnosis',
      },
      `${PAGE}/checkpoints/load-and-diagnosis`,
      /<details class="act" open><summary>Waive RuntimeUnknown\/runtime samples<[^]*>too early<\/textarea>/,
    ],
  ])('gives what was typed back into the form of a refused %s', async (_, act, at, given) => {
    const status = act.action === 'hold' ? waiting : stoppedTwice;
    const { signIn, countdowns } = testApp({ countdowns: fakeCountdowns([status]) });
    const browser = await signIn();
    countdowns.refusal = 'not now';
    const answer = await browser.post(`${PAGE}/actions`, {
      ...form(browser.csrf),
      ...(act as Record<string, string>),
      comment: 'too early',
    });
    expect(answer.headers.get('location')).toBe(at);
    const text = await (await browser.get(at)).text();
    expect(text).toMatch(given);
    expect(text.match(/too early/g)).toHaveLength(1);
  });

  it('keeps what was typed while no worker answers', async () => {
    const { signIn, countdowns } = testApp();
    const { CountdownFailure } = await import('../temporal/countdowns.ts');
    const browser = await signIn();
    countdowns.failure = new CountdownFailure('NoWorker', 'no worker answered', 'start a worker');
    expect((await browser.post(`${PAGE}/actions`, form(browser.csrf))).headers.get('location')).toBe(POLL);
    expect((await browser.get(POLL)).status).toBe(503);
    countdowns.failure = null;
    const text = await (await browser.get(POLL)).text();
    expect(text).toContain('role="alert">No worker answered. Reload this page before you decide again.');
    expect(text).toMatch(/<textarea id="comment"[^>]*>read<\/textarea>/);
  });

  it('says why a button is off, in the words of the rule table', async () => {
    const { signIn } = testApp();
    expect(await (await (await signIn()).get(PAGE)).text()).toContain(
      'Not now: only a countdown on hold can be resumed; it is waiting for approval.',
    );
  });

  it('offers a waiver for each finding that stands in the way, and for no approval', async () => {
    const { signIn } = testApp({ countdowns: fakeCountdowns([stoppedTwice]) });
    const text = await (await (await signIn()).get('/r/go-api-1.4.0/checkpoints/load-and-diagnosis')).text();
    expect(text.match(/<summary>Waive /g)).toHaveLength(2);
    expect(await (await (await testApp().signIn()).get(POLL)).text()).not.toContain('<summary>Waive ');
  });

  it('marks a rehearsal on every page of it', async () => {
    const { signIn } = testApp();
    const browser = await signIn();
    for (const at of [PAGE, POLL, `${PAGE}/events`, `${PAGE}/report`])
      expect(await (await browser.get(at)).text()).toContain('Rehearsal on virtual time');
  });

  it('shows no verdict in green before the countdown has earned it', async () => {
    const { signIn } = testApp({ countdowns: fakeCountdowns([{ ...waiting, phase: 'counting', verdict: 'go', reasons: [] }]) });
    const text = await (await (await signIn()).get(PAGE)).text();
    expect(text).toContain('class="verdict busy"');
    expect(text).not.toContain('class="verdict go"');
  });

  it('shows each hold with who, since when and why, and that the guard goes on', async () => {
    const { signIn } = testApp({ countdowns: fakeCountdowns([heldTwice]) });
    const text = await (await (await signIn()).get(PAGE)).text();
    for (const { since, by } of heldTwice.holds) expect(text).toContain(`Held by <strong>${by}</strong> since <time datetime="${since}">`);
    expect(text.match(/<q>(p99 looks odd|incident in payments)<\/q>/g)).toHaveLength(2);
    expect(text).toContain('The guard continues during the hold.');
    expect(text).toContain('Lift all 2 holds shown above');
    expect(text).toContain(`name="holdSince" value="${heldTwice.holdSince}"`);
    expect(text).toContain(`name="run" value="${heldTwice.run}"`);
  });

  it('offers a hold where the verdict is no-go and while the countdown is opened, and not while it rolls back', async () => {
    for (const [phase, offered] of [
      ['stopped', true],
      ['opening', true],
      ['undoing', false],
    ] as const) {
      const { signIn } = testApp({ countdowns: fakeCountdowns([{ ...stopped, phase }]) });
      expect((await (await (await signIn()).get(PAGE)).text()).includes('<textarea id="comment-hold"')).toBe(offered);
    }
  });

  it('calls a plan without a launch passed, in green, on page, list and report', async () => {
    const { signIn, countdowns } = testApp({ countdowns: fakeCountdowns([passedEnd]) });
    const browser = await signIn();
    for (const at of [PAGE, '/', `${PAGE}/report`]) {
      const text = await (await browser.get(at)).text();
      expect(text).toMatch(/<span class="chip go"><span class="symbol" aria-hidden="true">✔<\/span> passed<\/span>/);
      expect(text).not.toMatch(/<\/span> launched<\/span>/);
    }
    // By visibility alone, while no worker answers.
    countdowns.status = () => Promise.reject(new Error('worker gone'));
    expect(await (await browser.get('/')).text()).toMatch(/<\/span> passed<\/span>/);
  });

  it('shows what stands above the releases, and nothing of it where nothing stands', async () => {
    const { signIn, archive, countdowns } = testApp();
    const browser = await signIn();
    expect(await (await browser.get('/')).text()).not.toContain('What stands');
    archive.records = [exampleUndo];
    countdowns.owners.set(exampleUndo.countdown.firstRunId, {
      countdown: 'ended',
      phase: 'ended',
      ending: 'undo-incomplete',
      restorer: 'not running',
    });
    const text = await (await browser.get('/')).text();
    expect(text).toContain('<h2 id="stands">Leftovers</h2>');
    expect(text).toContain('rollback incomplete; restorer not running');
    expect(text).toContain('<code>tminus restore --from EVIDENCE-FOLDER</code>');
    expect(text.indexOf('What stands')).toBeLessThan(text.indexOf('<div id="releases"'));
  });

  it('lists the releases though the undo journal cannot be read, and says so', async () => {
    const { signIn, archive, faults } = testApp();
    const browser = await signIn();
    archive.failure = new Error('EACCES');
    const text = await (await browser.get('/')).text();
    expect(text).toContain('so leftovers are unknown');
    expect(text).toContain('href="/r/go-api-1.4.0"');
    expect(faults.length).toBeGreaterThan(0);
  });

  it('lists what visibility knows while no worker answers, and does not fail', async () => {
    const { signIn, countdowns } = testApp();
    const browser = await signIn();
    countdowns.statuses = new Map(countdowns.statuses);
    countdowns.status = () => Promise.reject(new Error('worker gone'));
    const answer = await browser.get('/');
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('go-api-1.4.0');
  });

  it.each([
    ['', ['asked', 'decided', 'held', 'ended', 'counting']],
    ['?phase=waiting', ['asked', 'decided']],
    ['?phase=ended', ['ended']],
    ['?phase=nonsense', ['asked', 'decided', 'held', 'ended', 'counting']],
    ['?waits=me', ['asked', 'held']],
    ['?waits=me&phase=waiting', ['asked']],
    ['?phase=undoing', []],
  ])('lists by phase and by whom it waits for: /%s', async (query, expected) => {
    const decided = waiting.checkpoints.map((each) =>
      each.name === 'final-poll' ? { ...each, approvals: each.approvals.map((given) => ({ ...given, principal: aOsei })) } : each,
    );
    const { signIn } = testApp({
      countdowns: fakeCountdowns([
        { ...waiting, release: 'asked' },
        { ...waiting, release: 'decided', checkpoints: decided },
        { ...waiting, release: 'held', phase: 'holding' },
        { ...waiting, release: 'ended', phase: 'ended', ending: 'launched', endedAt: EXAMPLE_NOW },
        { ...waiting, release: 'counting', phase: 'counting' },
      ]),
    });
    const text = await (await (await signIn()).get(`/${query}`)).text();
    expect([...text.matchAll(/<th scope="row"><a href="\/r\/([\w-]+)"/g)].map(([, name]) => name)).toEqual(expected);
    expect(text.includes('No matching releases')).toBe(expected.length === 0);
    // Nothing comes next where all is over: the time there is when it ended.
    expect(text.includes('>ended <time')).toBe(expected.includes('ended'));
  });

  it('does not list as waiting for me what I asked for myself, or what others decide', async () => {
    const own = { ...waiting, release: 'own', requestedBy: aOsei };
    const others = {
      ...waiting,
      release: 'others',
      checkpoints: waiting.checkpoints.map((each) => (each.approval ? { ...each, approval: { ...each.approval, groups: ['sre'] } } : each)),
    };
    const { signIn } = testApp({ countdowns: fakeCountdowns([own, others]) });
    const browser = await signIn();
    expect(await (await browser.get('/?waits=me')).text()).toContain('No matching releases');
    expect(await (await browser.get('/')).text()).toContain('href="/r/others"');
  });

  it('shows who did what, people and machine, with the chain checked on top', async () => {
    const { signIn, countdowns } = testApp();
    const browser = await signIn();
    expect(await (await browser.get(PAGE)).text()).toContain(`<a href="${PAGE}/events">Events</a>`);
    const rows = async (query = '') => {
      const text = await (await browser.get(`${PAGE}/events${query}`)).text();
      expect(text).toContain('href="/api/v1/countdowns/go-api-1.4.0/events" download="go-api-1.4.0-events.json"');
      return { text, numbers: [...text.matchAll(/<th scope="row" class="number">(\d+)</g)].map(([, seq]) => Number(seq)) };
    };
    const all = await rows();
    expect(all.numbers).toEqual([1, 2, 3, 4]);
    expect(all.text).toContain('4 records form an unbroken hash chain');
    expect(all.text.indexOf('unbroken chain')).toBeLessThan(all.text.indexOf('<table'));
    expect((await rows('?by=people')).numbers).toEqual([1, 4]);
    expect((await rows('?by=machine')).numbers).toEqual([2, 3]);
    countdowns.audits.set(
      'go-api-1.4.0',
      (countdowns.audits.get('go-api-1.4.0') ?? []).with(1, { ...exampleAudit[1], detail: evil } as never),
    );
    const broken = await rows('?by=people');
    expect(broken.text).toContain('The hash chain is broken: record 2 was changed');
    expect(broken.text).not.toContain(evil);
  });

  it('does not call a chain broken that has grown between two looks', async () => {
    const { signIn, countdowns } = testApp();
    const at = exampleAudit.at(-1) ?? EMPTY_CHAIN;
    const entry = { at: EXAMPLE_NOW, actor: 'tminus', action: 'step.started', object: 'launch/launch', detail: 'round 1' };
    countdowns.audits.set('go-api-1.4.0', [...exampleAudit, chainRecord(at, entry)]);
    const browser = await signIn();
    for (const page of ['events', 'report'])
      expect(await (await browser.get(`${PAGE}/${page}`)).text()).toContain('5 records form an unbroken hash chain');
    countdowns.audits.set('go-api-1.4.0', exampleAudit.slice(0, -1));
    for (const page of ['events', 'report'])
      expect(await (await browser.get(`${PAGE}/${page}`)).text()).toContain('the chain ends at record 3');
  });

  it('answers a page with a sentence when Temporal is away', async () => {
    const { signIn, countdowns } = testApp();
    const browser = await signIn();
    const { CountdownFailure } = await import('../temporal/countdowns.ts');
    countdowns.failure = new CountdownFailure(
      'Unreachable',
      'Temporal did not answer while listing countdowns',
      'try again in a few seconds',
    );
    const answer = await browser.get('/');
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(await answer.text()).toContain('Temporal did not answer while listing countdowns');
  });
});

describe('the page of a profile', () => {
  const [first, ...later] = stopped.checkpoints;
  const analysed = {
    ...stopped,
    checkpoints: [{ ...first, steps: [{ ...first?.steps[0], evidence: Object.values(exampleRefs) }] }, ...later],
  } as never;
  const at = (name: keyof typeof exampleRefs, query = '') => `${PAGE}/evidence/${exampleRefs[name].digest}${query}`;
  const open = async (where: string) => {
    const { signIn } = testApp({ countdowns: fakeCountdowns([analysed]) });
    return (await (await (await signIn()).get(where)).text()).replaceAll('&amp;', '&');
  };

  it('shows the sample type that is asked for, in picture and table alike, and the others beside it', async () => {
    const inUse = await open(at('heap'));
    expect(inUse).toContain('aria-current="page">inuse_space</a>');
    expect(inUse).toContain('Top functions by inuse_space');
    const allocated = await open(at('heap', '?type=alloc_objects'));
    expect([...allocated.matchAll(/<a href="([^"]*)"[^>]*>(alloc_\w+|inuse_\w+)</g)].map(([, href, type]) => [type, href])).toEqual(
      ['alloc_objects', 'alloc_space', 'inuse_objects', 'inuse_space'].map((type) => [type, at('heap', `?type=${type}`)]),
    );
    expect(allocated).toContain('aria-current="page">alloc_objects</a>');
    expect(allocated).toContain('Top functions by alloc_objects');
    expect(allocated).toContain('Flame graph of alloc_objects of');
    // A zoom stays within the type.
    expect(allocated).toContain(`href="${at('heap', '?type=alloc_objects&at=0')}#flame-root"`);
  });

  it('falls back to what the profile means by itself', async () => {
    for (const query of ['?type=nonsense', '?type=%3Cscript%3E', '?at=9.9.9'])
      expect(await open(at('heap', query))).toContain('aria-current="page">inuse_space</a>');
    expect(await open(at('heap', '?at=9.9.9'))).toContain(`id="flame-root" href="${at('heap')}#flame-root"`);
  });

  it('knows the way up from a frame, and none from the whole', async () => {
    expect(await open(at('cpu', '?at=0.0'))).toContain(`data-up="${at('cpu', '?at=0')}#flame-root"`);
    expect(await open(at('cpu', '?at=0'))).toContain(`data-up="${at('cpu')}#flame-root"`);
    expect(await open(at('cpu'))).not.toContain('data-up');
  });

  it('says so when there is nothing to compare with', async () => {
    expect(await open(at('heap', `?before=${exampleRefs.damaged.digest}`))).toContain('role="alert"');
    expect(await open(at('cpu', `?before=${exampleRefs.otherCpu.digest}`))).toContain('Flame graph, compared');
  });
});
