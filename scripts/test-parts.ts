// The parts of the gate as data: what runs, where, for how long at most, and how its results are counted.
import { join } from 'node:path';
import { countGo, countJest, type Count } from './test-count.ts';

export interface Part {
  name: string;
  argv: string[];
  cwd?: string;
  env?: Record<string, string>;
  /** After this the part is ended and has failed, so that a hang does not block CI. */
  timeoutMs: number;
  /** File with the runner's results; without one they are in the log. */
  results?: string;
  /** Reads counts from results or log. A part without `count` is one check, by its exit code. */
  count?: (text: string) => Count;
}

/** Where the parts work: the checkout, the folder of logs, and the Node that runs them. */
export interface Place {
  root: string;
  logs: string;
  node: string;
}

const MINUTE_MS = 60_000;
/** The slowest check (types) takes 8 s on two idle cores; a busy machine is ten times slower. */
const CHECK_MS = 5 * MINUTE_MS;
/** Unit tests take about a minute; Go compiles its tests for another when nothing is cached. */
const UNIT_MS = 15 * MINUTE_MS;
/** Kubernetes takes 376 s on two idle cores; here it runs beside checks with a higher priority. */
const TOOL_MS = 40 * MINUTE_MS;
/** Countdowns under load, with kills: about a minute each. */
const LAB_MS = 45 * MINUTE_MS;

/** Suffixes of test files that need more than the checkout, and what they need. */
export const kinds = {
  tool: 'programs that the lab builds',
  k6: 'k6',
  browser: 'Chromium',
  lab: 'the lab',
} as const;

/** Parts that need neither tools nor lab: the first minutes of the gate, and all of scripts/check. */
export function checkParts(place: Place): Part[] {
  const bin = (name: string): string => join(place.root, 'node_modules/.bin', name);
  const check = (name: string, ...argv: string[]): Part => ({ name, argv, timeoutMs: CHECK_MS });
  return [
    check('types', bin('tsc'), '--noEmit'),
    check('lint', bin('oxlint'), '--type-aware', '--deny-warnings'),
    check('format', bin('oxfmt'), '--check'),
    check('unused', bin('knip')),
    check('generated', place.node, join(place.root, 'scripts/generate-schema.ts'), '--check'),
    { ...check('go-vet', 'go', 'vet', './...'), ...goModule(place) },
    jestPart(place, 'unit', UNIT_MS, [`--testPathIgnorePatterns=/node_modules/`, `--testPathIgnorePatterns=${endsIn(Object.keys(kinds))}`]),
  ];
}

/** Builds one tool unless it is cached. Low priority, because it runs beside the checks and takes longer. */
export function toolPart({ root }: Place, tool: string): Part {
  return { name: `tool ${tool}`, argv: ['nice', '-n', '19', join(root, 'scripts/lab'), 'tool', tool], timeoutMs: TOOL_MS };
}

/** Tests that need built programs, but no lab. */
export const programPart = (place: Place): Part => jestPart(place, 'programs', UNIT_MS, [matches('{tool,k6}')]);
export const browserPart = (place: Place): Part => jestPart(place, 'browser', UNIT_MS, ['--runInBand', matches('browser')]);

export const labUp = ({ root }: Place): Part => ({ name: 'lab up', argv: [join(root, 'scripts/lab'), 'up'], timeoutMs: UNIT_MS });
export const labDown = ({ root }: Place): Part => ({ name: 'lab down', argv: [join(root, 'scripts/lab'), 'down'], timeoutMs: CHECK_MS });

/** Tests against the lab. Those with their own namespaces run two at once; countdowns would disturb each other's load tests. */
export function labParts(place: Place): Part[] {
  const endToEnd = '--testPathIgnorePatterns=/test/e2e/';
  return [
    jestPart(place, 'lab', LAB_MS, ['--testPathIgnorePatterns=/node_modules/', endToEnd, matches('lab')]),
    jestPart(place, 'end to end', LAB_MS, ['--runInBand', '--testMatch=**/test/e2e/**/*.test.ts']),
  ];
}

/** The target's tests. Without the addresses of real servers some are skipped. */
export function goTestPart(place: Place, servers: Record<string, string> = {}): Part {
  const { cwd, env } = goModule(place);
  return {
    name: 'go-test',
    argv: ['go', 'test', '-count=1', '-json', './...'],
    cwd,
    env: { ...env, ...servers },
    timeoutMs: UNIT_MS,
    count: countGo,
  };
}

function goModule({ root }: Place): { cwd: string; env: Record<string, string> } {
  return { cwd: join(root, 'lab/target'), env: { GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly' } };
}

function jestPart({ root, logs, node }: Place, name: string, timeoutMs: number, argv: string[]): Part {
  const results = join(logs, `${fileName(name)}.json`);
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  return {
    name,
    argv: [node, '--experimental-vm-modules', '--no-warnings', jest, '--ci', '--json', `--outputFile=${results}`, ...argv],
    timeoutMs,
    results,
    count: countJest,
  };
}

const matches = (kind: string): string => `--testMatch=**/*.${kind}.test.ts`;
const endsIn = (ends: readonly string[]): string => String.raw`\.(${ends.join('|')})\.test\.ts$`;
export const fileName = (part: string): string => part.replaceAll(' ', '-');
