// One value, one text: forty values through CLI, page, report and message as they are really made (docs/explanation/principles.md).
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Announcement } from '../activities/bookkeeping-contract.ts';
import { createNotifyActivities } from '../activities/notify/notify.ts';
import { judgeReport } from '../analysis/load-report/judge.ts';
import type { PreflightAnswer } from '../analysis/preflight/answers.ts';
import { judgePreflight } from '../analysis/preflight/judge.ts';
import { renderStatus } from '../cli/render/status.ts';
import { PLAIN } from '../cli/render/words.ts';
import type { Environment } from '../release/environment.ts';
import { fakeCountdowns } from '../server/testing/fake-countdowns.ts';
import { testApp, type Browser } from '../server/testing/test-app.ts';
import type { Finding } from '../verdict/finding.ts';
import { judgeRollback } from '../verdict/rollback.ts';
import type { CountdownStatus, StepStatus } from '../verdict/countdown-status.ts';
import { stopped } from '../workflows/testing/example-status.ts';

const NOW = '2026-11-21T09:00:41.000Z';
const NOW_MS = Date.parse(NOW);
const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];

const countdowns = fakeCountdowns([]);
const app = testApp({ countdowns });
let browser: Browser;
let receiver: Server;
let received: { text: string } | null = null;

beforeAll(async () => {
  browser = await app.signIn();
  receiver = createServer((request, response) => {
    void Array.fromAsync(request as AsyncIterable<Uint8Array>).then((chunks) => {
      received = JSON.parse(Buffer.concat(chunks).toString()) as { text: string };
      response.writeHead(204).end();
    });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
});
afterAll(() => void receiver.close());

/** The example countdown with one step and what a value needs. */
function statusWith(change: Partial<CountdownStatus>, findings: Finding[] = []): CountdownStatus {
  const [checkpoint] = stopped.checkpoints;
  if (checkpoint === undefined) throw new Error('the example has no checkpoint');
  const step: StepStatus = { name: 'step', type: 'loadTest', round: 1, state: 'done', findings, facts: [], evidence: [] };
  const { evaluation: _, ...rest } = checkpoint;
  return { ...stopped, now: NOW, rehearsal: true, holds: [], heldMs: 0, checkpoints: [{ ...rest, steps: [step] }], ...change };
}

interface Surfaces {
  cli: string;
  page: string;
  report: string;
  message: string;
}

/** All four as people get them: the printed status, two HTML answers, the text of a webhook that was sent. */
async function surfacesOf(status: CountdownStatus, announced: Partial<Announcement> = {}): Promise<Surfaces> {
  countdowns.statuses.set(status.release, status);
  countdowns.audits.set(status.release, []);
  const html = async (at: string): Promise<string> => (await browser.get(at)).text();
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const { notify } = createNotifyActivities({
    environment: { spec: { notify: { chat: { type: 'webhook', url: { value: url } } } } } as unknown as Environment,
    environmentFolder: '.',
    attempt: () => ({ number: 1, settled: [], keep: () => undefined }),
  });
  received = null;
  const announcement: Announcement = {
    key: 'go-api/run/7',
    release: status.release,
    service: 'shop/go-api',
    checkpoint: status.current,
    verdict: 'hold',
    message: status.message,
    at: NOW,
    rehearsal: false,
    targets: ['chat'],
    launchAt: status.launchAt,
    ...announced,
  };
  expect(await notify(announcement)).toEqual([]);
  return {
    cli: renderStatus(status, { style: PLAIN, nowMs: NOW_MS, all: false, progress: [] }),
    page: await html(`/r/${status.release}`),
    report: await html(`/r/${status.release}/report`),
    message: (received as { text: string } | null)?.text ?? '',
  };
}

/** What the first group matches; a surface without it is an answer of its own, so that the comparison fails by name. */
const find = (text: string, pattern: RegExp): string => pattern.exec(text)?.[1] ?? `nothing like ${String(pattern)}`;
const unescaped = (html: string): string => html.replaceAll('&gt;', '>').replaceAll('&lt;', '<');

describe('a duration is the same text on CLI, page, report and message', () => {
  it.each([
    [41 * SECOND, '41 s'],
    [95 * SECOND, '1 m 35 s'],
    [31 * MINUTE + 20 * SECOND, '31 m 20 s'],
    [2 * HOUR + 10 * MINUTE, '2 h 10 m'],
    [50 * HOUR, '50 h'],
    [72 * HOUR, '72 h'],
    [98 * HOUR, '4 d 2 h'],
  ])('%d ms: %s', async (ms, text) => {
    const deadlineAt = new Date(NOW_MS + ms).toISOString();
    const { cli, page, report, message } = await surfacesOf(statusWith({ heldMs: ms }), { deadlineAt });
    const onPage = /<dt>Total hold<\/dt><dd>([^<]*)<\/dd>/;
    expect({
      cli: find(cli, /, held (.*) in all/),
      page: find(page, onPage),
      report: find(report, onPage),
      message: find(message, /deadline .* \(in (.*)\)/),
    }).toEqual({ cli: text, page: text, report: text, message: text });
  });
});

const LAUNCH_ON_PAGE = /<dt>Launch<\/dt><dd><time[^>]*>([^<]*)<\/time>/;

describe('a time is the same text on CLI, page, report and message', () => {
  it.each([
    ['2026-11-24T09:00:00.000Z', '2026-11-24 09:00 UTC'],
    ['2026-11-24T09:00:41.000Z', '2026-11-24 09:00:41 UTC'],
    ['2026-11-24T23:59:59.999Z', '2026-11-24 23:59:59 UTC'],
    ['2026-12-01T00:00:00Z', '2026-12-01 00:00 UTC'],
    ['2027-01-01T00:05:00Z', '2027-01-01 00:05 UTC'],
    ['2026-11-24T17:30:00+08:00', '2026-11-24 09:30 UTC'],
  ])('%s: %s', async (launchAt, text) => {
    const { cli, page, report, message } = await surfacesOf(statusWith({ launchAt }));
    expect({
      cli: find(cli, /launch (\S+ \S+ UTC)/),
      page: find(page, LAUNCH_ON_PAGE),
      report: find(report, LAUNCH_ON_PAGE),
      message: find(message, /launch (\S+ \S+ UTC)/),
    }).toEqual({ cli: text, page: text, report: text, message: text });
  });
});

describe('a relative time is the same text on CLI, page, report and message', () => {
  it.each([
    [41 * SECOND, 'in 41 s'],
    [59 * MINUTE + 59 * SECOND, 'in 59 m 59 s'],
    [72 * HOUR - 1, 'in 71 h 59 m'],
    [73 * HOUR, 'in 3 d 1 h'],
    [0, 'now'],
    [-9_900, '9 s ago'],
    [-25 * HOUR, '25 h ago'],
  ])('%d ms away: %s', async (ms, text) => {
    const { cli, page, report, message } = await surfacesOf(statusWith({ launchAt: new Date(NOW_MS + ms).toISOString() }));
    const onPage = /<dt>Launch<\/dt><dd><time[^>]*>[^<]*<\/time> <span class="quiet">([^<]*)<\/span>/;
    expect({
      cli: find(cli, /launch \S+ \S+ UTC \((.*?)\)/),
      page: find(page, onPage),
      report: find(report, onPage),
      message: find(message, /launch \S+ \S+ UTC \((.*)\)/),
    }).toEqual({ cli: text, page: text, report: text, message: text });
  });
});

const SUBJECT = 'GET /a';
const load = (p99Ms: number, limitMs: number, [failed, requests]: [number, number] = [0, 3_000], dropped = 0): Finding[] =>
  judgeReport(
    {
      tool: 'a tool',
      model: 'open',
      endpoints: [{ endpoint: SUBJECT, requests, failed, quantiles: [0.5, 0.99, 1].map((share) => ({ share, ms: p99Ms })) }],
      dropped,
      notes: [],
    },
    { p99Ms: limitMs, errorPercent: 0.1 },
  ).findings;
const p99 = (ms: number, limitMs: number) => () => load(ms, limitMs).filter(({ unit }) => unit === 'ms');
const errors = (failed: number, requests: number) => () => load(1, 300, [failed, requests]).filter(({ unit }) => unit === '%');
const dropped = (count: number) => () => load(1, 300, [0, 3_000], count).filter(({ unit }) => unit === 'iterations');
const rolledBack = (seconds: number, limitS: number) => () =>
  judgeRollback(
    'shop/go-api',
    { outcome: 'complete', detail: '', podsReady: 3, podsWanted: 3, seconds, conditionAt: NOW, evidence: [] },
    null,
    { rollbackMs: 1_000 * limitS, healthMs: 60_000, startedAfterMs: null },
  );
const freeSpace = (freeBytes: number, freeFiles: number | null) => (): Finding[] =>
  judgePreflight([
    {
      title: 'evidence space',
      needs: 'evidence',
      trouble: null,
      facts: { refusal: null, freeBytes, totalBytes: 100 * 1_024 ** 3, freeFiles, totalFiles: 100_000 },
    } as unknown as PreflightAnswer,
  ]);

describe('a measured value beside its limit is the same text on CLI, page and report, and in the message', () => {
  it.each<[string, () => Finding[]]>([
    ['734 ms > 300 ms', p99(734.4, 300)],
    ['301 ms > 300 ms', p99(301.2, 300)],
    ['300.3 ms > 300 ms', p99(300.3, 300)],
    ['1,235 ms > 300 ms', p99(1_234.6, 300)],
    ['38.4 ms > 20 ms', p99(38.44, 20)],
    ['0.417 ms > 0.3 ms', p99(0.4171, 0.3)],
    ['1.03 % > 0.1 %', errors(93, 9_012)],
    ['40 % > 0.1 %', errors(1_200, 3_000)],
    ['0.15 % > 0.1 %', errors(150, 100_000)],
    ['33.33 % > 0.1 %', errors(1_000, 3_000)],
    ['1 m 35 s > 1 m 30 s', rolledBack(95.4, 90)],
    ['3 m 10 s > 2 m', rolledBack(190, 120)],
    ['300.4 s > 300 s', rolledBack(300.4, 300)],
    ['1 h 7 m > 1 h', rolledBack(4_000, 3_600)],
    ['400 MiB < 1 GiB', freeSpace(400 * 1_024 ** 2, null)],
    ['999 KiB < 1 GiB', freeSpace(999 * 1_024, null)],
    ['1,073,741,823 bytes < 1,073,741,824 bytes', freeSpace(1_024 ** 3 - 1, null)],
    ['999 inodes < 1,000 inodes', freeSpace(2 * 1_024 ** 3, 999)],
    ['9,012 iterations, limit 0 iterations', dropped(9_012)],
    ['30,000 iterations, limit 0 iterations', dropped(30_000)],
  ])('%s', async (text, judged) => {
    const [finding] = judged();
    if (finding === undefined) throw new Error('nothing was judged');
    const { cli, page, report, message } = await surfacesOf(statusWith({ message: finding.message }, [finding]));
    const cell = /<td role="cell" class="number">([^<]*)<\/td>/;
    expect({
      cli: find(cli, new RegExp(`${finding.code} ${finding.subject.replaceAll('/', '\\/')}: (.*)$`, 'm')),
      page: unescaped(find(page, cell)),
      report: unescaped(find(report, cell)),
    }).toEqual({ cli: text, page: text, report: text });
    // A sentence names what it counts by itself: `9,012 iterations were dropped, limit 0`.
    const said = text.replaceAll(/ (?:iterations|inodes)\b/g, '').split(/ [<>] |, limit /);
    expect(said).toHaveLength(2);
    for (const value of said) expect(message).toMatch(new RegExp(`(?:^|\\s)${value}(?![\\d.,]*\\d)`, 'm'));
  });
});
