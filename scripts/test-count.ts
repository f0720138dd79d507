// Counts of one part of the gate, read from its runner's output. A part without counts has failed.

export interface Count {
  passed: number;
  failed: number;
  /** Each with its reason. */
  skipped: string[];
}

interface JestResults {
  numPassedTests: number;
  numFailedTests: number;
  numRuntimeErrorTestSuites: number;
  testResults: { name: string; assertionResults: { fullName: string; status: string }[] }[];
}

/** `jest --json`: a suite that could not run is a failure; skipped and todo tests are listed by name. */
export function countJest(json: string): Count {
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, testResults } = JSON.parse(json) as JestResults;
  const skipped = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'pending' || status === 'todo').map(({ fullName }) => fullName),
  );
  return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites, skipped };
}

interface GoEvent {
  Action: string;
  Test?: string;
  Package?: string;
  Output?: string;
}

/** `go test -json`: tests without subtests, by their last event; a package that fails without a failing test (it does not build) counts as one. */
export function countGo(lines: string): Count {
  const events = lines
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as GoEvent);
  const ended = new Map<string, GoEvent>();
  const outputs = new Map<string, string>();
  for (const event of events) {
    const id = `${event.Package}.${event.Test ?? ''}`;
    if (event.Action === 'output' && event.Output && !/^(=== |--- )/.test(event.Output.trim())) outputs.set(id, event.Output.trim());
    if (event.Action === 'pass' || event.Action === 'skip' || event.Action === 'fail') ended.set(id, event);
  }
  const all = [...ended.values()];
  const leaves = all.filter(
    ({ Test, Package }) => Test && !all.some((other) => other.Package === Package && other.Test?.startsWith(`${Test}/`)),
  );
  const failing = new Set(leaves.filter(({ Action }) => Action === 'fail').map(({ Package }) => Package));
  const broken = all.filter(({ Action, Test, Package }) => Action === 'fail' && !Test && !failing.has(Package));
  return {
    passed: leaves.filter(({ Action }) => Action === 'pass').length,
    failed: leaves.filter(({ Action }) => Action === 'fail').length + broken.length,
    skipped: leaves
      .filter(({ Action }) => Action === 'skip')
      .map(({ Package, Test }) => `${Test}: ${outputs.get(`${Package}.${Test}`) ?? 'it gives no reason'}`),
  };
}

/** The last line of the gate. */
export function lastLine(counts: readonly Count[]): string {
  const sum = (of: (count: Count) => number): number => counts.reduce((total, count) => total + of(count), 0);
  const skipped = sum((count) => count.skipped.length);
  return `${sum(({ passed }) => passed)} passed, ${sum(({ failed }) => failed)} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
