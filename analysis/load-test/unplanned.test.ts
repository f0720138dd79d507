import { bytesOf, inPieces, droppedLine, header, requestLines, startLine, type FixtureRequest } from '../testing/points.ts';
import { summarizeLoad } from './summary.ts';
import { judgeUnplanned } from './unplanned.ts';

const limits = { p99Ms: 300, errorPercent: 1 };
const many = (n: number, request: FixtureRequest): FixtureRequest[] => Array.from({ length: n }, () => request);
const judge = async (requests: FixtureRequest[], ...more: string[]) =>
  judgeUnplanned(
    await summarizeLoad(inPieces(bytesOf(`${[header, ...more, ...requests.map(requestLines)].join('\n')}\n`)), {
      ...limits,
      deliveredPercent: 0,
      endpoints: {},
    }),
    limits,
  );

test('a run that nobody planned here never passes, however quick it was', async () => {
  expect((await judge(many(3_000, { ms: 20 }))).map(({ code, outcome, message }) => `${code} ${outcome}: ${message}`)).toEqual([
    'LatencyUndecided inconclusive: p99 of GET /a is 20 ms, limit 300 ms, but the points do not show whether the load model was open, so it cannot pass',
    'ErrorRateUndecided inconclusive: error rate of GET /a is 0 %, limit 1 % (0 of 3,000 requests ' +
      'failed), but the points do not show whether the load model was open, so it cannot pass',
  ]);
});

test('it fails all the same by what it shows', async () => {
  const findings = await judge([...many(3_000, { ms: 400 }), ...many(300, { ms: 400, status: 500 })], droppedLine(7));
  expect(findings.map(({ code, outcome }) => `${code} ${outcome}`)).toEqual([
    'IterationsDropped inconclusive',
    'LatencyAboveLimit fail',
    'ErrorRateAboveLimit fail',
  ]);
  expect(findings[0]?.message).toBe('7 iterations were dropped, limit 0');
});

test('a run that began here and has no end is still incomplete', async () => {
  expect((await judge(many(3_000, { ms: 20 }), startLine))[0]?.message).toContain('the record of the run has no end');
});
