// The pages in a real browser: readable by people who cannot see, usable without a mouse, alive without losing focus.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { fail } from '../../verdict/finding.ts';
import { loadSigner } from '../identity/signing.ts';
import { tokenFileIdentity, createToken } from '../identity/tokens.ts';
import { startServer, type RunningServer } from '../main.ts';
import { exampleRefs } from '../testing/example-evidence.ts';
import { aOsei, EXAMPLE_NOW, heldTwice, passedEnd, inLoadTest, stoppedTwice, waiting } from '../../workflows/testing/example-status.ts';
import { fakeCountdowns } from '../testing/fake-countdowns.ts';
import { exampleEvidenceFolder } from '../testing/example-evidence-folder.ts';
import { exampleUndo, memoryFolder } from '../testing/memory-folder.ts';
import { OPEN_POLICY } from '../testing/test-app.ts';

const CHROMIUM = process.env['TMINUS_CHROMIUM'] ?? '/usr/bin/chromium';
const SCREENSHOTS = path.resolve('.tminus/screenshots');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// A cold browser on two busy cores takes seconds to start, and each page seconds to be checked.
const PATIENCE_MS = 60_000;

const [loadAndDiagnosis, ...later] = stoppedTwice.checkpoints as [(typeof stoppedTwice.checkpoints)[0], ...typeof stoppedTwice.checkpoints];
/** An endpoint without a place to break, and more evidence than one line holds. */
const longFinding = fail(
  'LatencyAboveLimit',
  'GET /api/v1/shops/{shop}/orders/{order}/recommendations',
  'p99 of GET /api/v1/shops/{shop}/orders/{order}/recommendations is 734 ms, limit 300 ms',
  { measured: 734, limit: 300, unit: 'ms', evidence: Object.values(exampleRefs).map(({ digest }) => digest) },
);
const withEvidence = {
  ...stoppedTwice,
  checkpoints: [
    {
      ...loadAndDiagnosis,
      steps: [
        ...loadAndDiagnosis.steps.map((step) => ({ ...step, findings: [...step.findings, longFinding] })),
        {
          ...(loadAndDiagnosis.steps[1] as (typeof loadAndDiagnosis.steps)[0]),
          name: 'diagnosis',
          type: 'diagnosis',
          findings: [],
          evidence: Object.values(exampleRefs),
        },
      ],
    },
    ...later,
  ],
};
const countdowns = fakeCountdowns([
  waiting,
  { ...stoppedTwice, release: 'go-api-1.5.0' },
  { ...inLoadTest, release: 'go-api-1.6.0' },
  { ...withEvidence, release: 'go-api-1.7.0' },
  {
    ...waiting,
    release: 'go-api-1.8.0',
    rehearsal: false,
    phase: 'holding',
    holds: [{ since: EXAMPLE_NOW, by: 'Li Wei', reason: 'p99 looks odd' }],
    holdSince: EXAMPLE_NOW,
    message: 'held by Li Wei: p99 looks odd',
  },
  { ...heldTwice, release: 'go-api-1.9.0' },
  { ...passedEnd, release: 'go-api-2.0.0' },
]);
countdowns.steps = [
  {
    checkpoint: 'load-and-diagnosis',
    step: 'load-test',
    round: 1,
    activity: 'runLoadTest',
    attempt: 1,
    progress: { text: 'load at 300 iterations/s', done: 23, total: 60, unit: 's' },
    state: 'running',
    heartbeatAt: EXAMPLE_NOW,
    lastFailure: null,
  },
];

/** `waitForFunction` polls inside the page by eval, which the policy of our pages forbids, and passes only when it need not poll. */
async function untilTrue(page: Page, expression: string): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end;) {
    if (await page.evaluate(expression)) return;
    await page.waitForTimeout(50);
  }
  throw new Error(`never true: ${expression}`);
}

let server: RunningServer;
let chrome: Browser;
let browser: BrowserContext;
let token: string;

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) throw new Error(`no browser at ${CHROMIUM}: install chromium or set TMINUS_CHROMIUM`);
  mkdirSync(SCREENSHOTS, { recursive: true });
  const folder = mkdtempSync(path.join(tmpdir(), 'tminus-pages-'));
  const tokens = path.join(folder, 'tokens.yaml');
  token = createToken(tokens, aOsei);
  server = await startServer({
    port: 0,
    countdowns,
    evidencePath: exampleEvidenceFolder().folder,
    folder: memoryFolder([exampleUndo]),
    startPolicy: OPEN_POLICY,
    identity: tokenFileIdentity(tokens),
    signer: loadSigner({ signingKey: path.join(folder, 'signing.pem'), publicKeys: path.join(folder, 'public') }),
    now: () => Date.parse(EXAMPLE_NOW),
  });
  // playwright gives each launch a new user-data-dir of its own and removes it.
  chrome = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  browser = await chrome.newContext({ viewport: { width: 1200, height: 900 } });
  browser.setDefaultTimeout(10_000);
}, PATIENCE_MS);

// A test that failed leaves its pages open; their streams would starve the pages of the next.
afterEach(async () => {
  await Promise.all(browser.pages().map((page) => page.close()));
});

afterAll(async () => {
  await chrome?.close();
  await server?.close();
});

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

interface Violation {
  id: string;
  nodes: { html: string; failureSummary: string }[];
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found = await page.evaluate<Violation[]>(
    `axe.run(document, ${JSON.stringify({ runOnly: RULES })}).then(({ violations }) => violations)`,
  );
  return found.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}

async function open(at: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${server.url}${at}`);
  return page;
}

/** Width of findings tables that is out of sight, in px. */
async function cutFindings(page: Page): Promise<number> {
  return await page.evaluate<number>(
    `Math.max(0, ...[...document.querySelectorAll('.scroll:has(.findings)')].map((each) => each.scrollWidth - each.clientWidth))`,
  );
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`), fullPage: true });
}

it(
  'sends who is not signed in to the sign-in page, and back to where they wanted to go',
  async () => {
    const page = await open('/r/go-api-1.4.0');
    expect(await violations(page)).toEqual([]);
    await shoot(page, 'login');
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    expect(await page.getByRole('alert').textContent()).toContain('Unknown token');
    await page.getByLabel('Token').fill(token);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${server.url}/r/go-api-1.4.0`);
  },
  PATIENCE_MS,
);

const pages: [name: string, at: string][] = [
  ['releases', '/'],
  ['releases-none', '/?phase=undoing'],
  ['events', '/r/go-api-1.4.0/events'],
  ['events-of-people', '/r/go-api-1.4.0/events?by=people'],
  ['release-waiting', '/r/go-api-1.4.0'],
  ['release-stopped', '/r/go-api-1.5.0'],
  ['release-held', '/r/go-api-1.8.0'],
  ['release-held-twice', '/r/go-api-1.9.0'],
  ['release-passed', '/r/go-api-2.0.0'],
  ['release-running', '/r/go-api-1.6.0'],
  ['checkpoint-waiting', '/r/go-api-1.4.0/checkpoints/final-poll'],
  ['checkpoint-stopped', '/r/go-api-1.5.0/checkpoints/load-and-diagnosis'],
  ['report', '/r/go-api-1.4.0/report'],
  ['report-stopped', '/r/go-api-1.5.0/report'],
  ['not-found', '/r/nowhere'],
  ['release-evidence', '/r/go-api-1.7.0'],
  ['report-evidence', '/r/go-api-1.7.0/report'],
  ['flame-graph', `/r/go-api-1.7.0/evidence/${exampleRefs.cpu.digest}`],
  ['flame-graph-compared', `/r/go-api-1.7.0/evidence/${exampleRefs.cpu.digest}?before=${exampleRefs.otherCpu.digest}`],
  ['flame-graph-zoomed', `/r/go-api-1.7.0/evidence/${exampleRefs.cpu.digest}?at=0.0`],
  ['heap', `/r/go-api-1.7.0/evidence/${exampleRefs.heap.digest}?type=alloc_space`],
  ['plan', `/r/go-api-1.7.0/evidence/${exampleRefs.plan.digest}`],
  ['trace', `/r/go-api-1.7.0/evidence/${exampleRefs.traces.digest}`],
  ['goroutines', `/r/go-api-1.7.0/evidence/${exampleRefs.goroutines.digest}`],
  ['damaged', `/r/go-api-1.7.0/evidence/${exampleRefs.damaged.digest}`],
];

describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
  it.each(pages)(
    '%s has no accessibility violation and throws nothing',
    async (name, at) => {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error' && name !== 'not-found') errors.push(message.text());
      });
      await page.emulateMedia({ colorScheme });
      await page.goto(`${server.url}${at}`);
      expect(page.url()).toBe(`${server.url}${at}`);
      await page.evaluate(`document.querySelectorAll('details.act').forEach((details) => details.setAttribute('open', ''))`);
      expect(await violations(page)).toEqual([]);
      await page.reload();
      await shoot(page, `${name}-${colorScheme}`);
      expect(errors).toEqual([]);
    },
    PATIENCE_MS,
  );
});

it(
  'fits a phone without scrolling sideways',
  async () => {
    const page = await browser.newPage();
    await page.setViewportSize({ width: 360, height: 844 });
    for (const [name, at] of pages) {
      await page.goto(`${server.url}${at}`);
      await page.evaluate(`document.querySelectorAll('details.act').forEach((details) => details.setAttribute('open', ''))`);
      const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      expect({ name, overflow }).toEqual({ name, overflow: 0 });
      expect({ name, cut: await cutFindings(page) }).toEqual({ name, cut: 0 });
      if (name === 'release-waiting' || name === 'checkpoint-stopped' || name === 'release-held') await shoot(page, `${name}-phone`);
    }
  },
  PATIENCE_MS,
);

it.each([1200, 1440])(
  'shows every column of the findings, and plots as wide as the page, at %d px',
  async (width) => {
    const page = await browser.newPage();
    await page.setViewportSize({ width, height: 900 });
    for (const at of ['', '/checkpoints/load-and-diagnosis', '/report']) {
      await page.goto(`${server.url}/r/go-api-1.7.0${at}`);
      expect(await page.locator('.findings').count()).toBeGreaterThan(0);
      expect({ at, cut: await cutFindings(page) }).toEqual({ at, cut: 0 });
    }
    const unused = `[...document.querySelectorAll('svg.plot, svg.flame')].map((each) => each.closest('section').clientWidth - each.clientWidth)`;
    const widths = await page.evaluate<number[]>(unused);
    expect(widths.length).toBeGreaterThan(1);
    // The padding of a card is 21 px on each side.
    expect(Math.max(...widths)).toBeLessThan(60);
  },
  PATIENCE_MS,
);

it(
  'lets a person approve with the keyboard alone',
  async () => {
    const page = await open('/r/go-api-1.4.0/checkpoints/final-poll');
    const tabTo = async (matches: () => Promise<boolean>): Promise<void> => {
      for (let presses = 0; presses < 30; presses += 1) {
        await page.keyboard.press('Tab');
        if (await matches()) return;
      }
      throw new Error('not reached with 30 presses of Tab');
    };
    await tabTo(() => page.evaluate<boolean>(`document.activeElement?.id === 'comment'`));
    await page.keyboard.type('rollback proven <script>41 s</script>');
    await tabTo(() => page.evaluate<boolean>(`document.activeElement?.textContent?.includes('Approve') ?? false`));
    await page.keyboard.press('Enter');
    await page.getByRole('status').filter({ hasText: 'Approve counts.' }).waitFor();
    expect(countdowns.requests.at(-1)?.request).toMatchObject({
      action: 'approve',
      checkpoint: 'final-poll',
      revision: 3,
      comment: 'rollback proven <script>41 s</script>',
      principal: { subject: 'a.osei' },
    });
    await shoot(page, 'checkpoint-approved');
  },
  PATIENCE_MS,
);

it(
  'shows a refusal where the person decided, with what they typed, and neither a reload nor live news breaks it',
  async () => {
    countdowns.refusal = 'Ama Osei has already approved final-poll; a person counts once';
    const page = await open('/r/go-api-1.4.0/checkpoints/final-poll');
    await page.locator('#comment').fill('numbers read');
    await page.getByRole('button', { name: 'Approve' }).click();
    expect(await page.getByRole('alert').textContent()).toContain(countdowns.refusal);
    expect(await page.locator('#comment').inputValue()).toBe('numbers read');
    expect(await violations(page)).toEqual([]);
    await shoot(page, 'checkpoint-refused');
    // As when its reader looks away and back: the live script asks for the page again.
    const again = page.waitForResponse((answer) => answer.url() === page.url() && answer.request().resourceType() === 'fetch');
    await page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`);
    expect((await again).status()).toBe(200);
    // Nothing shows when it is done with an answer that brings nothing new; it works on one in far less than the next.
    await page.evaluate(`fetch(location.href).then((answer) => answer.text())`);
    expect(await page.locator('#comment').inputValue()).toBe('numbers read');
    expect((await page.reload())?.status()).toBe(200);
    expect(await page.getByRole('alert').count()).toBe(0);
    countdowns.refusal = null;
  },
  PATIENCE_MS,
);

it(
  'filters the releases, and the list follows by itself',
  async () => {
    const page = await browser.newPage();
    await page.clock.install({ time: new Date(EXAMPLE_NOW) });
    await page.goto(`${server.url}/`);
    await page.getByLabel('Phase').selectOption('on hold');
    await page.getByLabel('waiting for me').check();
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.waitForURL('**/?phase=holding&waits=me');
    const names = () => page.locator('#releases').getByRole('rowheader').allTextContents();
    expect(await names()).toEqual(['go-api-1.8.0', 'go-api-1.9.0 rehearsal']);
    countdowns.statuses.set('go-api-1.4.0', { ...waiting, phase: 'holding' });
    await page.clock.fastForward(15_000);
    await page.locator('#releases').getByRole('link', { name: 'go-api-1.4.0' }).waitFor();
    expect(await names()).toEqual(['go-api-1.4.0 rehearsal', 'go-api-1.8.0', 'go-api-1.9.0 rehearsal']);
    await shoot(page, 'releases-filtered');
    countdowns.statuses.set('go-api-1.4.0', waiting);
  },
  PATIENCE_MS,
);

it(
  'follows changes by itself, says them, and keeps focus and typed text',
  async () => {
    const page = await open('/r/go-api-1.4.0/checkpoints/final-poll');
    await page.locator('#comment').fill('half a thought');
    countdowns.statuses.set('go-api-1.4.0', {
      ...waiting,
      checkpoints: waiting.checkpoints.map((each) =>
        each.name === 'final-poll' ? { ...each, state: 'hold', revision: 4, approvals: [] } : each,
      ),
    });
    await page.getByText('No decisions yet').waitFor();
    await page.getByText('The evidence has changed since you began.').first().waitFor();
    expect(await page.locator('#comment').inputValue()).toBe('half a thought');
    expect(await page.evaluate('document.activeElement?.id')).toBe('comment');
    await shoot(page, 'checkpoint-outdated');
    countdowns.statuses.set('go-api-1.4.0', waiting);
  },
  PATIENCE_MS,
);

it(
  'opens the report from a file, without any request',
  async () => {
    const page = await open('/r/go-api-1.4.0/report');
    const file = path.join(SCREENSHOTS, 'report.html');
    writeFileSync(file, await (await page.context().request.get(`${server.url}/r/go-api-1.4.0/report`)).text());
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(`file://${file}`);
    expect(requests).toEqual([`file://${file}`]);
    expect(await page.getByRole('img', { name: /POST \/api\/order\/create: p99/ }).isVisible()).toBe(true);
  },
  PATIENCE_MS,
);

it(
  'lets a person walk a flame graph with the keyboard alone, and zoom',
  async () => {
    const page = await open(`/r/go-api-1.7.0/evidence/${exampleRefs.cpu.digest}`);
    const focused = () => page.evaluate<string>(`document.activeElement?.querySelector('title')?.textContent ?? ''`);
    // The title is the name that a reader of the screen hears.
    await page.getByRole('link', { name: /^all: / }).focus();
    expect(await focused()).toMatch(/^all: /);
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toMatch(/^net\/http\.\(\*conn\)\.serve: /);
    await page.keyboard.press('ArrowRight');
    expect(await focused()).toMatch(/^runtime\.schedule: /);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await page.waitForURL(/at=0#flame-root$/);
    // The keyboard goes on where it was: at the new root, without a way through the whole page.
    await untilTrue(page, `document.activeElement?.id === 'flame-root'`);
    expect(await focused()).toMatch(/^net\/http\.\(\*conn\)\.serve: /);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Escape');
    await page.waitForURL((url) => url.search === '');
    await untilTrue(page, `document.activeElement?.id === 'flame-root'`);
    expect(await focused()).toMatch(/^all: /);
    await page.keyboard.press('Escape');
    expect(new URL(page.url()).search).toBe('');
    await page.goto(`${server.url}/r/go-api-1.7.0/evidence/${exampleRefs.cpu.digest}?at=0`);
    await page.getByRole('link', { name: 'Show all' }).click();
    await page.waitForURL((url) => url.search === '');
  },
  PATIENCE_MS,
);

it(
  'finds frames by name, says how many, and leaves them by Escape',
  async () => {
    const page = await open(`/r/go-api-1.7.0/evidence/${exampleRefs.cpu.digest}`);
    // A slash typed elsewhere is a slash: single letters count only in the graph.
    await page.keyboard.press('/');
    expect(await page.evaluate('document.activeElement?.id')).not.toBe('find');
    await page.getByRole('link', { name: /^all: / }).focus();
    await page.keyboard.press('/');
    expect(await page.evaluate('document.activeElement?.id')).toBe('find');
    await page.keyboard.type('encoding/JSON');
    const names = await page.locator('svg.flame a.found title').allTextContents();
    expect(names.length).toBeGreaterThan(2);
    for (const name of names) expect(name).toContain('encoding/json');
    await page
      .getByRole('status')
      .filter({ hasText: `${names.length} of ${await page.locator('svg.flame a').count()} frames match` })
      .waitFor();
    expect(await violations(page)).toEqual([]);
    await shoot(page, 'flame-graph-searched');
    await page.keyboard.press('Enter');
    expect(await page.evaluate<boolean>(`document.activeElement?.classList.contains('found')`)).toBe(true);
    await page.keyboard.press('/');
    await page.keyboard.type('nothing like it');
    await page.getByRole('status').filter({ hasText: '0 of' }).waitFor();
    await page.keyboard.press('Escape');
    expect(await page.locator('svg.flame a.found').count()).toBe(0);
    expect(await page.evaluate<boolean>(`document.activeElement?.closest('svg.flame') !== null`)).toBe(true);
  },
  PATIENCE_MS,
);

it(
  'sorts the table of a profile by any column, by keyboard, and says so',
  async () => {
    const page = await open(`/r/go-api-1.7.0/evidence/${exampleRefs.heap.digest}?type=alloc_space`);
    const table = page.getByRole('table', { name: 'Top functions by alloc_space' });
    const column = async (index: number) =>
      (await table.locator(`tbody td:nth-child(${index})`).allTextContents()).map((text) => text.trim());
    const numbers = async (index: number) => (await column(index)).map((text) => Number(text.replaceAll(',', '')));
    const down = (values: number[]) => [...values].sort((a, b) => b - a);
    await table.getByRole('button', { name: 'cum MiB' }).focus();
    await page.keyboard.press('Enter');
    expect(await table.locator('th[aria-sort="descending"]').textContent()).toContain('cum');
    expect(await numbers(4)).toEqual(down(await numbers(4)));
    expect(new Set(await numbers(4)).size).toBeGreaterThan(2);
    await page.getByRole('status').filter({ hasText: 'Sorted by cum MiB, descending' }).waitFor({ state: 'attached' });
    await page.keyboard.press('Enter');
    expect(await numbers(4)).toEqual(down(await numbers(4)).reverse());
    await table.getByRole('button', { name: 'function' }).click();
    expect(await column(1)).toEqual([...(await column(1))].sort((a, b) => a.localeCompare(b, 'en')));
    expect(await table.locator('th[aria-sort]').count()).toBe(1);
    expect(await violations(page)).toEqual([]);
    await shoot(page, 'heap-sorted');
  },
  PATIENCE_MS,
);

it(
  'opens a profile in the speedscope that is served here, and asks nobody else',
  async () => {
    const page = await browser.newPage();
    const asked = new Set<string>();
    page.on('request', (request) => asked.add(new URL(request.url()).origin));
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(`${server.url}/r/go-api-1.7.0/evidence/${exampleRefs.cpu.digest}`);
    await page.getByRole('link', { name: 'Open in speedscope' }).click();
    await untilTrue(page, `document.title.includes('cpu profile') || document.querySelector('canvas') !== null`);
    await page.waitForTimeout(500);
    await shoot(page, 'speedscope');
    expect([...asked].filter((origin) => origin.startsWith('http'))).toEqual([server.url]);
    expect(errors).toEqual([]);
  },
  PATIENCE_MS,
);
