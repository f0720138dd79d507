// Counts of one part of the gate, read from what its runner wrote. A part that says nothing has failed.

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

/** `jest --json`: a suite that could not run is a failure, a skipped or todo test is told by name. */
export function countJest(json: string): Count {
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, testResults } = JSON.parse(json) as JestResults;
  const skipped = testResults.flatMap(({ assertionResults }) => assertionResults.filter(({ status }) => status === 'pending' || status === 'todo').map(({ fullName }) => fullName));
  return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites, skipped };
}

interface GoEvent {
  Action: string;
  Test?: string;
  Package: string;
  Output?: string;
}

/** `go test -json`: leaf tests by their last event; a package that fails without a failing test (it does not build) counts as one. */
export function countGo(lines: string): Count {
  const count: Count = { passed: 0, failed: 0, skipped: [] };
  const reasons = new Map<string, string>();
  const failing = new Set<string>();
  for (const line of lines.split('\n')) {
    if (!line.startsWith('{')) continue;
    const { Action, Test, Package, Output } = JSON.parse(line) as GoEvent;
    const id = `${Package}.${Test ?? ''}`;
    if (Action === 'output' && Test && Output && !/^(=== |--- )/.test(Output.trim())) reasons.set(id, Output.trim());
    if (Action === 'pass' && Test) count.passed += 1;
    if (Action === 'skip' && Test) count.skipped.push(`${Test}: ${reasons.get(id) ?? 'no reason given'}`);
    if (Action === 'fail' && Test) {
      count.failed += 1;
      failing.add(Package);
    }
    if (Action === 'fail' && !Test && !failing.has(Package)) count.failed += 1;
  }
  return count;
}

/** The last line of the gate. */
export function lastLine(counts: readonly Count[]): string {
  const sum = (of: (count: Count) => number): number => counts.reduce((total, count) => total + of(count), 0);
  const skipped = sum((count) => count.skipped.length);
  return `${sum(({ passed }) => passed)} passed, ${sum(({ failed }) => failed)} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
