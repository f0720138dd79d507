// Runs some test files of a copy of the repository, until the first one fails.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

export type Result = 'passed' | 'failed' | 'timed out';

/** jest of the copy, in a process group of its own so that a test that hangs ends with all that it started. */
export function runTests(copy: string, tests: readonly string[], timeoutMs: number): Promise<Result> {
  const jest = join(copy, 'node_modules/jest/bin/jest.js');
  const child = spawn(
    process.execPath,
    ['--experimental-vm-modules', '--no-warnings', jest, '--ci', '--bail', '--silent', '--runTestsByPath', ...tests],
    {
      cwd: copy,
      stdio: 'ignore',
      detached: true,
    },
  );
  return new Promise((done, fail) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, timeoutMs);
    child.once('error', fail);
    child.once('exit', (code) => {
      clearTimeout(timer);
      done(late ? 'timed out' : code === 0 ? 'passed' : 'failed');
    });
  });
}
