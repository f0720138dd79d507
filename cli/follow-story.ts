// Prints the changes of a countdown as they come, until the caller is satisfied.
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Api } from './api.ts';
import { printLine } from './output.ts';
import { changed, readStatus, type ShownStatus } from './read-status.ts';
import { harmless } from './render/harmless.ts';
import { storyLines } from './render/story.ts';

/** Times are printed in seconds. */
const POLL_EVERY_MS = 300;

/** `each` gets every status, changed or not, before it is printed; the exit code that it answers ends the following. */
export async function followStory(
  command: Command,
  api: Api,
  name: string,
  each: (status: ShownStatus) => Promise<number | null>,
): Promise<number> {
  let previous: ShownStatus | null = null;
  for (;;) {
    const status: ShownStatus = await readStatus(api, name);
    // First, for it may refuse this countdown.
    const code = await each(status);
    const before: ShownStatus | null = previous;
    if (before === null || changed(before, status)) {
      printLine(command, status, (shown, style) => storyLines(before && harmless(before), shown, style).join('\n'));
      previous = status;
    }
    if (code !== null) return code;
    await pause(POLL_EVERY_MS);
  }
}
