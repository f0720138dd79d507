// The real k6, for tests.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Its path: that of TMINUS_TOOL_K6, or the one on PATH. Throws when there is none: the tests fail then, and never skip. */
export function findK6(): string {
  const named = process.env['TMINUS_TOOL_K6'];
  const candidates = named ? [named] : (process.env['PATH'] ?? '').split(delimiter).map((each) => join(each, 'k6'));
  for (const path of candidates) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === undefined) throw cause;
    }
  }
  throw new Error('k6 is needed for these tests and was not found: set TMINUS_TOOL_K6 to its path, or let scripts/lab build it');
}
